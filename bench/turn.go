package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
)

// turn measures one contender on files and streams of its own.
func (b *bench) turn(ctx context.Context, name string) (usResult, error) {
	if err := b.fresh(ctx); err != nil {
		return usResult{}, err
	}
	if name == nameUs {
		got, err := ours(ctx, b.w, b.worker, b.conn, b.server, b.want)
		return got, errors.Join(err, b.noTicks(ctx))
	}
	if _, ok := peersOf[name]; ok {
		return b.onPostgres(ctx, name)
	}
	as := map[string]string{nameUsual: "usual", nameFloor: "floor"}[name]
	if err := copyFile(b.w.path(as+".base"), b.w.path(as+".db")); err != nil {
		return usResult{}, err
	}
	before := usageOf(b.server.pid())
	got, err := startChild(ctx, b.w, as)
	if err == nil {
		err = b.counted(ctx, name)
	}
	after := usageOf(b.server.pid())
	return usResult{childResult: got, ServerCPU: after.cpu - before.cpu, ServerWritten: after.written - before.written}, err
}

// fresh removes what earlier turns left and makes the output streams anew.
func (b *bench) fresh(ctx context.Context) error {
	for _, name := range []string{"us", "usual.db", "floor.db"} {
		if err := os.RemoveAll(b.w.path(name)); err != nil {
			return err
		}
	}
	js := b.conn.JetStream()
	for _, name := range []string{broker.DefaultNames.Out, usualStream} {
		if err := js.DeleteStream(ctx, name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
	}
	if err := js.DeleteConsumer(ctx, broker.DefaultNames.In, durable); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return err
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: usualStream, Subjects: []string{usualStream}}); err != nil {
		return err
	}
	return b.conn.EnsureStreams(ctx, broker.DefaultNames, tenantName)
}

// noTicks takes what our worker's clock said off the input stream.
func (b *bench) noTicks(ctx context.Context) error {
	stream, err := b.conn.JetStream().Stream(ctx, broker.DefaultNames.In)
	if err != nil {
		return err
	}
	return stream.Purge(ctx, jetstream.WithPurgeSubject(broker.ClockSubject(tenantName)))
}

// counted is the oracle for the outputs of the others.
func (b *bench) counted(ctx context.Context, name string) error {
	if want, ok := map[string]int{nameFloor: b.w.Outs, namePgx: b.w.DatabaseOuts, nameSets: b.w.DatabaseOuts}[name]; ok {
		n, err := published(ctx, b.conn, nil)
		if err == nil && n != want {
			err = fmt.Errorf("%d outputs in the stream, want %d", n, want)
		}
		return err
	}
	stream, err := b.conn.JetStream().Stream(ctx, usualStream)
	if err != nil {
		return err
	}
	if n := stream.CachedInfo().State.Msgs; n != uint64(b.w.UsualOuts) { //nolint:gosec // a count
		return fmt.Errorf("%d outputs in the stream, want %d", n, b.w.UsualOuts)
	}
	return nil
}
