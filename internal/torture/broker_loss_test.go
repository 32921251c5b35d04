package torture

import (
	"context"
	"os"
	"path/filepath"

	"github.com/trueup/trueup/internal/broker"
)

// losesTail sets streams back to a copy of before, as a restored backup does or
// a disk that lost its last writes. New events get the lost numbers; then the
// source sends again what was lost. The claims hold also if the worker was
// stopped meanwhile.
func (o *beset) losesTail(to int, streams ...string) {
	from := o.fed
	kept, lost := from+(to-from)/3, from+2*(to-from)/3
	o.feed(kept, 7, never)
	backup := o.backup()
	seqs := map[string]uint64{}
	for _, name := range streams {
		seqs[name] = o.stream(name).CachedInfo().State.LastSeq
	}
	o.feed(lost, 7, never)
	input := seqs[broker.DefaultNames.In]
	o.eventually("the worker takes what will be lost", func(ctx context.Context) (bool, any) {
		st, err := o.status(ctx)
		return err == nil && (input == 0 || st.Position.Sequence > input), st
	})
	if o.r.IntN(2) == 0 {
		o.worker.Settled()
	}
	stopped := o.r.IntN(3) == 0
	if stopped {
		o.worker.Stop()
	}
	o.setBack(backup, streams)
	o.publish(o.company.msgs[lost:to])
	if input > 0 {
		o.publish(o.company.msgs[kept:lost])
	}
	o.fed = to
	if stopped {
		o.worker.Start()
	}
	if input > 0 {
		o.alarmed("reading again from")
	}
}

// streamDir is where a server keeps the streams of its only account.
func (o *beset) streamDir() string {
	return filepath.Join(o.broker.Dir(), "jetstream", "$G", "streams")
}

// backup copies the broker's data while it is down.
func (o *beset) backup() string {
	o.t.Helper()
	dir := o.t.TempDir()
	o.broker.Kill()
	if err := os.CopyFS(dir, os.DirFS(o.streamDir())); err != nil {
		o.t.Fatal(err)
	}
	o.broker.Restart()
	return dir
}

// setBack puts the copies of some streams in the place of what is there.
func (o *beset) setBack(backup string, streams []string) {
	o.t.Helper()
	o.broker.Kill()
	for _, name := range streams {
		now := filepath.Join(o.streamDir(), name)
		if err := os.RemoveAll(now); err != nil {
			o.t.Fatal(err)
		}
		if err := os.CopyFS(now, os.DirFS(filepath.Join(backup, name))); err != nil {
			o.t.Fatal(err)
		}
	}
	o.broker.Restart()
}

// inputAnew deletes the input stream and makes another: all events are sent
// again.
func (o *beset) inputAnew(to int) {
	o.feed(o.fed+(to-o.fed)/2, 7, never)
	o.eventually("the worker has read of the stream", func(ctx context.Context) (bool, any) {
		st, err := o.status(ctx)
		return err == nil && st.Position.Sequence > 0, st
	})
	if o.r.IntN(2) == 0 {
		o.worker.Settled()
	}
	o.anew(broker.DefaultNames.In)
	o.fed = 0
	o.feed(to, 40, never)
	o.alarmed("reading again from 1")
}

// outputAnew deletes the output stream and makes another while events come.
func (o *beset) outputAnew(to int) {
	o.feed(o.fed+(to-o.fed)/3, 7, never)
	o.eventually("something was published", func(ctx context.Context) (bool, any) { return o.cursor(ctx) > 0, nil })
	l := o.load(to)
	o.anew(broker.DefaultNames.Out)
	l.end(to)
	o.alarmed("made anew")
}

// anew deletes a stream and makes it again as the worker would.
func (o *beset) anew(name string) {
	o.t.Helper()
	if err := o.conn.JetStream().DeleteStream(o.t.Context(), name); err != nil {
		o.t.Fatal(err)
	}
	if err := o.conn.EnsureStreams(o.t.Context(), broker.DefaultNames, tenantName); err != nil {
		o.t.Fatal(err)
	}
}
