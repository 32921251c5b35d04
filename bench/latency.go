package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/wire"
)

// The idle worker is told one booking at a time.
const (
	idleAccounts = 1000
	idleSamples  = 300 // a round
	idleGoal     = 20  // times one fdatasync
)

// studyRounds is how many rounds a study takes: two fewer than the contenders, as
// there are many studies, but three for there to be a median; one where it is
// only to be seen that it works.
func (b *bench) studyRounds() int {
	if b.o.quick {
		return 1
	}
	return max(b.o.rounds-2, 3)
}

// sized is a number for a full run, or a tenth of it for a quick one.
func (b *bench) sized(n int) int {
	if b.o.quick {
		return max(n/10, 1)
	}
	return n
}

// findIdle measures from the publishing of one event that earns something to
// its adjustment at a subscriber of the output stream, while nothing else goes
// on.
func findIdle(ctx context.Context, b *bench) (f finding, err error) {
	samples, rounds := b.sized(idleSamples), b.studyRounds()
	s, err := b.script(true, b.sized(idleAccounts), samples*rounds, bookings)
	if err != nil {
		return f, err
	}
	l, err := b.openLab(ctx, s, s.setup)
	if err != nil {
		return f, err
	}
	defer func() { err = cmp.Or(err, l.close()) }()
	var all []idleRound
	err = l.with(ctx, true, func(*process) error {
		heard, err := l.listen(ctx)
		if err != nil {
			return err
		}
		defer heard.consuming.Stop()
		outs := l.w.SetupOuts
		for n := range rounds {
			r, err := l.idleRound(ctx, heard, s.measured[n*samples:(n+1)*samples], &outs)
			if err != nil {
				return err
			}
			b.say("round %d: p50 %v, p99 %v; fdatasync %v", n+1, percentile(r.wire, 50), percentile(r.wire, 99), r.fsync)
			all = append(all, r)
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	return idleFinding(all), nil
}

// idleRound are the samples of one round, each sorted.
type idleRound struct {
	fsync time.Duration
	ack   []time.Duration // until the server has acknowledged the event
	kept  []time.Duration // until the server had stored the adjustment, by its timestamp
	wire  []time.Duration // until the adjustment was heard
}

func (l *lab) idleRound(ctx context.Context, heard *listener, events []told, outs *int) (r idleRound, err error) {
	if r.fsync, err = calibrate(l.w.Dir); err != nil {
		return r, err
	}
	dice := rand.New(rand.NewPCG(l.w.Seed, 0)) //nolint:gosec // a pause
	for _, t := range events {
		if !t.adjusts {
			return r, fmt.Errorf("event %s earns nothing", t.id.ID)
		}
		time.Sleep(10*time.Millisecond + time.Duration(dice.IntN(20_000))*time.Microsecond) // in step with no timer
		m := nats.NewMsg(t.msg.Subject)
		m.Data, m.Header = t.msg.Body, t.msg.Header
		start := time.Now()
		if _, err := l.conn.JetStream().PublishMsg(ctx, m); err != nil {
			return r, err
		}
		r.ack = append(r.ack, time.Since(start))
		*outs += t.outs
		got, err := heard.upto(ctx, *outs)
		if err != nil {
			return r, err
		}
		adjusted, err := adjustedBy(got[*outs-t.outs:], t.id)
		if err != nil {
			return r, err
		}
		r.wire = append(r.wire, adjusted.at.Sub(start))
		r.kept = append(r.kept, adjusted.stored.Sub(start.Round(0)))
	}
	slices.Sort(r.ack)
	slices.Sort(r.kept)
	slices.Sort(r.wire)
	return r, nil
}

// adjustedBy is the first adjustment of some outputs that an event caused.
func adjustedBy(outs []heard, id event.Identity) (heard, error) {
	for _, o := range outs {
		var e struct {
			Data wire.AdjustmentIssued `json:"data"`
		}
		if err := json.Unmarshal(o.body, &e); err == nil && slices.Contains(e.Data.CausedBy, wire.Cause{Source: id.Source, ID: id.ID}) {
			return o, nil
		}
	}
	return heard{}, fmt.Errorf("none of the %d outputs of event %s is an adjustment that it caused", len(outs), id.ID)
}

func idleFinding(all []idleRound) finding {
	over := func(of func(idleRound) time.Duration) []float64 {
		var out []float64
		for _, r := range all {
			out = append(out, inMillis(of(r)))
		}
		return out
	}
	var pooled, acks []time.Duration
	var ratio []float64
	for _, r := range all {
		pooled, acks = append(pooled, r.wire...), append(acks, r.ack...)
		ratio = append(ratio, float64(percentile(r.wire, 99))/float64(r.fsync))
	}
	slices.Sort(pooled)
	slices.Sort(acks)
	return finding{
		Figures: []figure{
			figureOf("publish → adjustment heard, p50", "ms", over(func(r idleRound) time.Duration { return percentile(r.wire, 50) })),
			figureOf("publish → adjustment heard, p99", "ms", over(func(r idleRound) time.Duration { return percentile(r.wire, 99) })),
			figureOf("publish → adjustment heard, max", "ms", over(func(r idleRound) time.Duration { return percentile(r.wire, 100) })),
			figureOf("of that, publish → acknowledged by the server, p50", "ms", over(func(r idleRound) time.Duration { return percentile(r.ack, 50) })),
			figureOf("of that, publish → adjustment stored by the server, p50", "ms", over(func(r idleRound) time.Duration { return percentile(r.kept, 50) })),
			figureOf("one fdatasync, calibrated in the round", "ms", over(func(r idleRound) time.Duration { return r.fsync })),
			figureOf("p99 in fdatasyncs", "×", ratio).under(idleGoal),
		},
		Curves: []curve{tailOf("idle-latency", "adjustment heard", pooled), tailOf("idle-latency", "event acknowledged", acks)},
		Notes: []string{
			fmt.Sprintf("%d bookings a round, each of which earns, 10 to 30 ms apart; the clock starts before the publish and stops when an ordered consumer\nof the output stream hands over the adjustment that names the event as its cause. The server syncs every write.", len(all[0].wire)),
		},
	}
}

func inMillis(d time.Duration) float64 { return float64(d) / 1e6 }

// percentile is the smallest of sorted samples that so many in a hundred do not
// exceed.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	n := int(p/100*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(n, 0), len(sorted)-1)]
}

// tailOf is the distribution of sorted samples as it is drawn for latencies:
// how slow the slowest one in so many is, as far as there are samples for it.
func tailOf(plot, name string, sorted []time.Duration) curve {
	c := curve{Plot: plot, Name: name, X: "one event in … is slower", Y: "latency (ms)", LogX: true, LogY: true}
	for _, n := range []float64{2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000} {
		if n <= float64(len(sorted)) {
			c.Points = append(c.Points, [2]float64{n, inMillis(percentile(sorted, 100-100/n))})
		}
	}
	return c
}
