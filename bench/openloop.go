package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The open loop: events come when they come, whether or not those before are
// through.
const (
	openAccounts = 6000
	openEvents   = 80_000                // of the mix, in a round
	openMax      = 15_000                // of them, to learn how many a second are the most
	openLasts    = 5 * time.Second       // at one load
	openLeast    = 50 * time.Microsecond // shorter pauses are no use
	openBatch    = 500                   // events in one atomic batch of the publisher, as PublishAll
)

// openLoads are shares of our own maximum, in percent.
var openLoads = []int{10, 50, 80}

// lasts is how long to stay at one load, for a script's events to be enough for
// all of them.
func (o *openLoop) lasts(most float64) time.Duration {
	all := 0
	for _, load := range openLoads {
		all += load
	}
	enough := float64(len(o.left)) / (most * float64(all) / 100)
	return min(openLasts, time.Duration(enough*float64(time.Second)))
}

// openRun is what was measured at one load: samples in order of size.
type openRun struct {
	offered float64         // events a second by the schedule
	reached float64         // and as they were published
	stored  []time.Duration // scheduled → acknowledged by the server, of every event
	wire    []time.Duration // scheduled → heard, of every event with outputs: its last output
}

// openRound is one round: the maximum, and then each load.
type openRound struct {
	most float64
	at   map[int]openRun
}

// findOpen measures latency under loads that do not wait for the answers.
func findOpen(ctx context.Context, b *bench) (f finding, err error) {
	s, err := b.script(false, b.sized(openAccounts), b.sized(openEvents), mix)
	if err != nil {
		return f, err
	}
	var rounds []openRound
	for n := range b.studyRounds() {
		r, err := b.openRound(ctx, s, n)
		if err != nil {
			return f, err
		}
		rounds = append(rounds, r)
		b.say("round %d: at most %.0f events/s", n+1, r.most)
		for _, load := range openLoads {
			at := r.at[load]
			b.say("round %d: %d %%: %.0f events/s offered, %.0f published; heard: p50 %v, p99 %v of %d", n+1, load, at.offered, at.reached,
				percentile(at.wire, 50), percentile(at.wire, 99), len(at.wire))
		}
	}
	return openFinding(s, rounds), nil
}

// openRound measures on a server and a ledger of its own, the loads in another
// order each time. What is left of the events is told at the end, so that the
// ledger can be held against what all of them come to.
func (b *bench) openRound(ctx context.Context, s *script, n int) (r openRound, err error) {
	r = openRound{at: map[int]openRun{}}
	l, err := b.openLab(ctx, s, s.setup)
	if err != nil {
		return r, err
	}
	defer func() { err = cmp.Or(err, l.close()) }()
	err = l.with(ctx, false, func(*process) error {
		heard, err := l.listen(ctx)
		if err != nil {
			return err
		}
		defer heard.consuming.Stop()
		o := openLoop{lab: l, heard: heard, outs: l.w.SetupOuts, left: s.measured, dice: rand.New(rand.NewPCG(l.w.Seed, uint64(n)))} //nolint:gosec // a schedule
		if r.most, err = o.most(ctx, b.sized(openMax)); err != nil {
			return err
		}
		lasts := o.lasts(r.most)
		for i := range openLoads {
			load := openLoads[(i+n)%len(openLoads)]
			if r.at[load], err = o.run(ctx, r.most*float64(load)/100, lasts); err != nil {
				return err
			}
		}
		return l.publish(ctx, o.left)
	})
	return r, err
}

// openLoop tells a worker a script's events, one part after another.
type openLoop struct {
	lab   *lab
	heard *listener
	outs  int // of what was told so far
	left  []told
	dice  *rand.Rand
}

// take is the next part.
func (o *openLoop) take(n int) []told {
	n = min(n, len(o.left))
	part := o.left[:n]
	o.left = o.left[n:]
	return part
}

// most is how many events a second go through when the publisher never waits
// for anything but the server.
func (o *openLoop) most(ctx context.Context, n int) (float64, error) {
	n = min(n, len(o.left))
	for n > 0 && o.left[n-1].outs == 0 { // so that the end of it is heard
		n--
	}
	part := o.take(n)
	start := time.Now()
	if err := o.lab.publish(ctx, part); err != nil {
		return 0, err
	}
	for _, t := range part {
		o.outs += t.outs
	}
	got, err := o.heard.upto(ctx, o.outs)
	if err != nil {
		return 0, err
	}
	return float64(len(part)) / got[o.outs-1].at.Sub(start).Seconds(), nil
}

// run offers events at a rate, at random instants, and waits for their outputs.
// The schedule does not know how the worker does: an event that has to wait for
// those before it counts from when it was to be sent.
func (o *openLoop) run(ctx context.Context, rate float64, lasts time.Duration) (r openRun, err error) {
	part := o.take(int(rate * lasts.Seconds()))
	at := make([]time.Duration, len(part))
	for i, after := 0, 0.0; i < len(part); i++ {
		after += o.dice.ExpFloat64() / rate
		at[i] = time.Duration(after * float64(time.Second))
	}
	start := time.Now()
	r.offered = float64(len(part)) / at[len(at)-1].Seconds()
	r.stored = make([]time.Duration, len(part))
	for i := 0; i < len(part); {
		now := time.Since(start)
		if wait := at[i] - now; wait > 0 {
			time.Sleep(max(wait, openLeast))
			continue
		}
		due := i
		for due < len(part) && at[due] <= now && due-i < openBatch {
			due++
		}
		if err := o.lab.publish(ctx, part[i:due]); err != nil {
			return r, err
		}
		for acked := time.Since(start); i < due; i++ {
			r.stored[i] = acked - at[i]
		}
	}
	r.reached = float64(len(part)) / time.Since(start).Seconds()
	if err := o.hear(ctx, part, at, start, &r); err != nil {
		return r, err
	}
	slices.Sort(r.stored)
	slices.Sort(r.wire)
	return r, nil
}

// hear gives each event that brings outputs the instant its last one was heard.
// Outputs are in the order of the events, which those that name their cause have
// to bear out: nothing settles in between, since the worker is never quiet for
// long.
func (o *openLoop) hear(ctx context.Context, part []told, at []time.Duration, start time.Time, r *openRun) error {
	first := o.outs
	for _, t := range part {
		o.outs += t.outs
	}
	got, err := o.heard.upto(ctx, o.outs)
	if err != nil {
		return err
	}
	for i, t := range part {
		if t.outs == 0 {
			continue
		}
		first += t.outs
		r.wire = append(r.wire, got[first-1].at.Sub(start)-at[i])
		if !t.adjusts {
			continue
		}
		if _, err := adjustedBy(got[first-t.outs:first], t.id); err != nil {
			return err
		}
	}
	if len(r.wire) == 0 {
		return fmt.Errorf("none of %d events brings an output", len(part))
	}
	return nil
}

func openFinding(s *script, rounds []openRound) finding {
	over := func(of func(openRound) float64) []float64 {
		var out []float64
		for _, r := range rounds {
			out = append(out, of(r))
		}
		return out
	}
	f := finding{Figures: []figure{figureOf("maximum, publisher and worker on this machine", "events/s", over(func(r openRound) float64 { return r.most }))}}
	for _, load := range openLoads {
		var wire, stored []time.Duration
		for _, r := range rounds {
			wire, stored = append(wire, r.at[load].wire...), append(stored, r.at[load].stored...)
		}
		slices.Sort(wire)
		slices.Sort(stored)
		at := fmt.Sprintf("at %d %%", load)
		f.Figures = append(f.Figures, figureOf(at+": published", "events/s", over(func(r openRound) float64 { return r.at[load].reached })))
		for _, p := range []float64{50, 90, 99, 99.9, 100} {
			name := fmt.Sprintf("%s: scheduled → heard, p%g", at, p)
			f.Figures = append(f.Figures, figureOf(name, "ms", over(func(r openRound) float64 { return inMillis(percentile(r.at[load].wire, p)) })))
		}
		f.Figures = append(f.Figures, figureOf(at+": of that, scheduled → stored, p50", "ms", over(func(r openRound) float64 { return inMillis(percentile(r.at[load].stored, 50)) })))
		f.Figures = append(f.Figures, figureOf(at+": of that, scheduled → stored, p99", "ms", over(func(r openRound) float64 { return inMillis(percentile(r.at[load].stored, 99)) })))
		f.Curves = append(f.Curves, tailOf("open-loop", at+" of the maximum", wire))
		f.Notes = append(f.Notes, fmt.Sprintf("%s: %d events with outputs in all rounds; a p99.9 of fewer than 1,000 in a round is its maximum.", at, len(wire)))
	}
	earn := 0
	for _, t := range s.measured {
		if t.outs > 0 {
			earn++
		}
	}
	f.Notes = append(f.Notes,
		fmt.Sprintf("A made-up company's mix: %d of %d events bring outputs (%d), timers that they let fire included. An event that brings no output is never on the\nwire and has no latency here; it is offered, stored and applied all the same.", earn, len(s.measured), s.w.Outs),
		"Arrivals are a Poisson process. An event counts from its scheduled instant, also where the publisher could not send it yet. The publisher\nsends what is due in one atomic batch and waits for its acknowledgement: stored says how much of the latency is that.",
		"The maximum is of a publisher that is never idle, worker and server on the same cores, before each round's loads.")
	return f
}
