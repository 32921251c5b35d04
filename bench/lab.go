package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/planfile"
)

// lab is a server and a folder of a study's own.
type lab struct {
	script *script
	w      *workload
	bin    string
	server *process
	conn   *broker.Conn
}

// openLab starts a lab on a folder that nothing has used, with events in the
// stream.
func (b *bench) openLab(ctx context.Context, s *script, events []told) (l *lab, err error) {
	w := *s.w
	l = &lab{script: s, w: &w, bin: b.worker}
	if w.Dir, err = os.MkdirTemp(b.w.Dir, "lab"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	for i, p := range w.company().Plans() {
		if err := os.WriteFile(w.planFiles()[i], planfile.Canonical(p), 0o600); err != nil {
			return nil, err
		}
	}
	if l.server, w.URL, err = startServer(b.w.path("nats-server"), w.Dir); err != nil {
		return nil, err
	}
	if l.conn, err = broker.Connect(ctx, w.URL, zerolog.Nop()); err != nil {
		return nil, err
	}
	if err := l.conn.EnsureStreams(ctx, broker.DefaultNames, tenantName); err != nil {
		return nil, err
	}
	return l, l.publish(ctx, events)
}

func (l *lab) close() error {
	var errs []error
	if l.conn != nil {
		l.conn.Close()
	}
	if l.server != nil {
		errs = append(errs, l.server.stop())
	}
	return errors.Join(append(errs, os.RemoveAll(l.w.Dir))...)
}

// publish tells events as fast as the server takes them.
func (l *lab) publish(ctx context.Context, events []told) error {
	_, err := l.conn.PublishAll(ctx, func(yield func(broker.Msg, error) bool) {
		for _, t := range events {
			if !yield(t.msg, nil) {
				return
			}
		}
	}, nil)
	return err
}

// last is the sequence of the newest message of the input stream.
func (l *lab) last(ctx context.Context) (uint64, error) {
	s, err := l.conn.JetStream().Stream(ctx, broker.DefaultNames.In)
	if err != nil {
		return 0, err
	}
	return s.CachedInfo().State.LastSeq, nil
}

// with runs f beside a worker, the real program, that has applied the setup, and
// checks its ledger and outputs after it. By the end f has to have published all
// that is measured. Whether the worker is given a quiet moment before, in which
// it settles what waits for one, has to be as in the script.
func (l *lab) with(ctx context.Context, quiet bool, f func(worker *process) error) error {
	setup, err := l.last(ctx)
	if err != nil {
		return err
	}
	worker, answers, err := startWorker(l.bin, l.w, l.w.path("us"))
	if err != nil {
		return err
	}
	if _, err = await(ctx, worker, l.conn, setup); err == nil && quiet {
		err = settled(ctx, answers)
	}
	if err == nil {
		err = f(worker)
	}
	if err == nil {
		err = l.drained(ctx, worker)
	}
	if err == nil {
		err = settled(ctx, answers)
	}
	if err := errors.Join(err, worker.stop()); err != nil {
		return err
	}
	return checkOurs(ctx, l.w, l.conn, l.script.want)
}

// drained waits until the worker has applied all of the stream and its outputs
// are published.
func (l *lab) drained(ctx context.Context, worker *process) error {
	seq, err := l.last(ctx)
	if err != nil {
		return err
	}
	if _, err := await(ctx, worker, l.conn, seq); err != nil {
		return err
	}
	_, err = awaitCursor(ctx, worker, l.conn, uint64(l.w.SetupOuts+l.w.Outs)) //nolint:gosec // a count
	return err
}

// heard is an output as a subscriber of the output stream got it.
type heard struct {
	at     time.Time
	stored time.Time // by the server, of whose clock it is
	body   []byte
}

// listener is a subscriber of the output stream, by an ordered consumer: it gets
// what is stored. (Core NATS would show an output of an atomic batch before the
// batch is committed.)
type listener struct {
	consuming jetstream.ConsumeContext

	mu   sync.Mutex
	outs []heard
	more chan struct{}
}

func (l *lab) listen(ctx context.Context) (*listener, error) {
	c, err := l.conn.JetStream().OrderedConsumer(ctx, broker.DefaultNames.Out, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return nil, err
	}
	h := &listener{more: make(chan struct{}, 1)}
	h.consuming, err = c.Consume(func(m jetstream.Msg) {
		now := time.Now()
		if m.Subject() == broker.CursorSubject(tenantName) {
			return
		}
		var stored time.Time
		if meta, err := m.Metadata(); err == nil {
			stored = meta.Timestamp
		}
		h.mu.Lock()
		h.outs = append(h.outs, heard{now, stored, m.Data()})
		h.mu.Unlock()
		select {
		case h.more <- struct{}{}:
		default:
		}
	})
	return h, err
}

// hearWait bounds the wait for one output.
const hearWait = 30 * time.Second

// upto waits until n outputs were heard and gives them; they are in the order
// of the stream.
func (h *listener) upto(ctx context.Context, n int) ([]heard, error) {
	bound := time.NewTimer(hearWait)
	defer bound.Stop()
	for {
		h.mu.Lock()
		outs := h.outs
		h.mu.Unlock()
		if len(outs) >= n {
			return outs[:n], nil
		}
		select {
		case <-h.more:
			bound.Reset(hearWait)
		case <-bound.C:
			return nil, fmt.Errorf("%d outputs were heard, want %d", len(outs), n)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
