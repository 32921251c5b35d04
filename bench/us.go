package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/store"
)

const (
	lookEvery   = 20 * time.Millisecond // between looks at the broker while we are measured
	settleWait  = 5 * time.Minute       // without any progress
	settleEvery = 200 * time.Millisecond
	durable     = "trueup-" + tenantName
)

// usResult is what a round came to for our worker.
type usResult struct {
	childResult
	ServerCPU     time.Duration
	ServerWritten int64
	Peak          string
	Setup         time.Duration // from the start to the end of the setup
	Database      databaseUse
}

// ours measures our worker, the real program, and checks what it did.
func ours(ctx context.Context, w *workload, bin string, conn *broker.Conn, server *process, want map[event.PayeeID]standing) (r usResult, err error) {
	data := w.path("us")
	started := time.Now()
	worker, answers, err := startWorker(bin, w, data)
	if err != nil {
		return r, err
	}
	defer func() {
		if worker != nil {
			_ = worker.stop()
		}
	}()
	from, err := await(ctx, worker, conn, uint64(w.Setup)) //nolint:gosec // a count
	if err != nil {
		return r, err
	}
	r.Setup = from.at.Sub(started)
	before, serverBefore := usageOf(worker.pid()), usageOf(server.pid())
	to, err := await(ctx, worker, conn, w.last())
	if err != nil {
		return r, err
	}
	after, serverAfter := usageOf(worker.pid()), usageOf(server.pid())
	published, err := awaitCursor(ctx, worker, conn, uint64(w.SetupOuts+w.Outs)) //nolint:gosec // a count
	if err != nil {
		return r, err
	}
	end := to.at
	if published.After(end) {
		end = published
	}
	r.Events, r.Elapsed = int(w.last()-from.seq), end.Sub(from.at) //nolint:gosec // a count
	r.CPU, r.Written = after.cpu-before.cpu, after.written-before.written
	r.ServerCPU, r.ServerWritten = serverAfter.cpu-serverBefore.cpu, serverAfter.written-serverBefore.written
	if err := settled(ctx, answers); err != nil {
		return r, err
	}
	r.Peak = usageOf(worker.pid()).peak
	err = worker.stop()
	worker = nil
	if err != nil {
		return r, err
	}
	return r, checkOurs(ctx, w, conn, want)
}

// reached is how far the worker has acknowledged, and when that was seen.
type reached struct {
	seq uint64
	at  time.Time
}

// await waits until the worker has committed, and so acknowledged, a message.
func await(ctx context.Context, p *process, conn *broker.Conn, seq uint64) (reached, error) {
	var last uint64
	moved := time.Now()
	for time.Since(moved) < settleWait {
		consumer, err := conn.JetStream().Consumer(ctx, broker.DefaultNames.In, durable)
		now := time.Now()
		switch {
		case errors.Is(err, jetstream.ErrConsumerNotFound):
		case err != nil:
			return reached{}, err
		default:
			floor := consumer.CachedInfo().AckFloor.Stream
			if floor >= seq {
				return reached{floor, now}, nil
			}
			if floor != last {
				last, moved = floor, now
			}
		}
		if err := alive(ctx, p); err != nil {
			return reached{}, err
		}
	}
	return reached{}, fmt.Errorf("the worker stays at message %d of %d: %s", last, seq, p.stderr)
}

// alive waits a moment and reports whether there is still something to wait for.
func alive(ctx context.Context, p *process) error {
	select {
	case <-time.After(lookEvery):
		return nil
	case <-p.exited:
		return fmt.Errorf("the worker ended: %s", p.stderr)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitCursor waits until outputs up to a number are published, and gives when
// the server stored the last of them.
func awaitCursor(ctx context.Context, p *process, conn *broker.Conn, n uint64) (time.Time, error) {
	if n == 0 {
		return time.Time{}, nil
	}
	stream, err := conn.JetStream().Stream(ctx, broker.DefaultNames.Out)
	if err != nil {
		return time.Time{}, err
	}
	var at struct{ N uint64 }
	for start := time.Now(); time.Since(start) < settleWait; {
		m, err := stream.GetLastMsgForSubject(ctx, broker.CursorSubject(tenantName))
		if err == nil {
			if err := json.Unmarshal(m.Data, &at); err != nil {
				return time.Time{}, err
			}
			if at.N >= n {
				return m.Time, nil
			}
		} else if !errors.Is(err, jetstream.ErrMsgNotFound) {
			return time.Time{}, err
		}
		if err := alive(ctx, p); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, fmt.Errorf("the worker published %d outputs of %d: %s", at.N, n, p.stderr)
}

// settled waits until the worker says that everything is applied and out, the
// tick of its clock included.
func settled(ctx context.Context, answers string) error {
	reader := web.NewClient(answers, nil)
	for start := time.Now(); time.Since(start) < settleWait; {
		st, err := reader.Status(ctx)
		if err != nil {
			return err
		}
		if st.Pending == 0 && st.Outbox == 0 && st.Broker == "connected" {
			if len(st.Alarms) > 0 {
				return fmt.Errorf("the worker raised an alarm: %s", st.Alarms[0])
			}
			return nil
		}
		time.Sleep(settleEvery)
	}
	return errors.New("the worker does not settle")
}

// checkOurs is the oracle: the ledgers stand where the same events leave them
// in memory, and every output is in the stream once.
func checkOurs(ctx context.Context, w *workload, conn *broker.Conn, want map[event.PayeeID]standing) error {
	s, err := store.Open(filepath.Join(w.path("us"), tenantName+".db"), store.Options{ReadOnly: true, Plan: readPlan, Codec: codec{}})
	if err != nil {
		return err
	}
	defer s.Close()
	var got map[event.PayeeID]standing
	ids := map[string]int{}
	err = s.View(func(v *store.View) error {
		if got, err = standings(v); err != nil {
			return err
		}
		for id := range got {
			err := v.EntriesOf(id, func(e *ledger.Entry) error {
				ids[e.ID.String()] = 0
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !maps.Equal(got, want) {
		return fmt.Errorf("balances differ from those in memory (%d payees, want %d)", len(got), len(want))
	}
	if len(ids) != w.Entries {
		return fmt.Errorf("%d entries, want %d", len(ids), w.Entries)
	}
	n, err := s.LastOutput()
	if err != nil {
		return err
	}
	outs, err := published(ctx, conn, ids)
	if err != nil {
		return err
	}
	if uint64(outs) != n { //nolint:gosec // a count
		return fmt.Errorf("%d outputs in the stream, want %d", outs, n)
	}
	for id, times := range ids {
		if times != 1 {
			return fmt.Errorf("adjustment %s is in the stream %d times", id, times)
		}
	}
	return nil
}

// published reads the output stream: how many outputs it holds, and how often
// each adjustment of those given.
func published(ctx context.Context, conn *broker.Conn, adjustments map[string]int) (int, error) {
	stream, err := conn.JetStream().Stream(ctx, broker.DefaultNames.Out)
	if err != nil {
		return 0, err
	}
	left := stream.CachedInfo().State.Msgs
	consumer, err := conn.JetStream().OrderedConsumer(ctx, broker.DefaultNames.Out, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return 0, err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return 0, err
	}
	defer messages.Stop()
	outs := 0
	for ; left > 0; left-- {
		m, err := messages.Next(jetstream.NextMaxWait(settleWait))
		if err != nil {
			return 0, err
		}
		if m.Subject() == broker.CursorSubject(tenantName) {
			continue
		}
		outs++
		var e struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		}
		if err := json.Unmarshal(m.Data(), &e); err != nil {
			return 0, err
		}
		if adjustments != nil && strings.HasPrefix(e.Type, "payout.adjustment.") {
			if _, ok := adjustments[e.ID]; !ok {
				return 0, fmt.Errorf("adjustment %s is in the stream and in no ledger", e.ID)
			}
			adjustments[e.ID]++
		}
	}
	return outs, nil
}

// learn takes from our worker's file, after its first round, what the others
// need to do as much: the sizes of values, and the outputs.
func learn(w *workload) error {
	path := filepath.Join(w.path("us"), tenantName+".db")
	var err error
	if w.Mean, err = meanSizes(path); err != nil {
		return err
	}
	s, err := store.Open(path, store.Options{ReadOnly: true, Plan: readPlan, Codec: codec{}})
	if err != nil {
		return err
	}
	defer s.Close()
	var outs []tenant.Output
	if w.Outs > 0 {
		if outs, err = s.Outputs(uint64(w.SetupOuts), w.Outs); err != nil { //nolint:gosec // a count
			return err
		}
	}
	if len(outs) != w.Outs {
		return fmt.Errorf("our log has %d outputs of the measured events, want %d", len(outs), w.Outs)
	}
	return errors.Join(saveOutputs(w.path("outputs"), outs), w.save())
}
