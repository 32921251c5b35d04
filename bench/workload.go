package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"
	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
)

const tenantName = "default"

// importEnds is when the company's import is over, from the midnight its year
// begins: what is recorded before is the setup.
const importEnds = time.Hour

// workload is what all contenders are measured on. Processes of one run share
// it as a file.
type workload struct {
	Dir      string
	URL      string
	Seed     uint64
	Accounts int
	Setup    int // messages of the stream before those measured
	Events   int // messages measured
	Usual    int // of them, for the usual way
	AsOf     time.Time
	BodySize int64 // bytes of the measured events

	SetupOuts int            // outputs of the setup
	Outs      int            // outputs of the measured events
	UsualOuts int            // outputs of the first Usual of them
	Entries   int            // ledger entries in all, the end's included
	Facts     int            // facts in all
	Timers    int            // that fired for the measured events
	Puts      map[string]int // for the measured events, by bucket
	Mean      map[string]int // bytes of a value, by bucket, in our file

	Postgres     string         // how to connect, without the database
	Databases    int            // messages measured for the workers on Postgres
	DatabaseOuts int            // outputs of them
	DatabaseIDs  int            // different events, the setup's included
	Rows         map[string]int // after them, by bucket
}

func (w *workload) path(name string) string { return filepath.Join(w.Dir, name) }
func (w *workload) last() uint64            { return uint64(w.Setup + w.Events) }

func (w *workload) save() error {
	b, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return os.WriteFile(w.path("workload.json"), b, 0o600)
}

func loadWorkload(dir string) (*workload, error) {
	b, err := os.ReadFile(filepath.Join(dir, "workload.json"))
	if err != nil {
		return nil, err
	}
	w := new(workload)
	return w, json.Unmarshal(b, w)
}

func (w *workload) company() demo.Company {
	c := demo.Default()
	c.Seed, c.CSMs, c.AEs, c.Accounts = w.Seed, max(c.CSMs*w.Accounts/c.Accounts, 1), max(c.AEs*w.Accounts/c.Accounts, 1), w.Accounts
	return c
}

func (w *workload) planFiles() []string {
	return []string{w.path("plan-0.yaml"), w.path("plan-1.yaml")}
}

// prepare makes up the company, publishes its events, folds them in memory for
// the oracle, writes down what puts each of them makes, and makes the file the
// usual way starts from.
func prepare(ctx context.Context, w *workload, conn *broker.Conn, say func(string, ...any)) (map[event.PayeeID]standing, error) {
	company := w.company()
	plans := company.Plans()
	for i, p := range plans {
		if err := os.WriteFile(w.planFiles()[i], planfile.Canonical(p), 0o600); err != nil {
			return nil, err
		}
	}
	f, err := newFold(plans)
	if err != nil {
		return nil, err
	}
	tape, err := newTapeWriter(w.path("tape"))
	if err != nil {
		return nil, err
	}
	base, err := newUsualBase(w.path("usual.base"))
	if err != nil {
		return nil, err
	}
	begins := company.From.Start(plans[0].Zone).Add(importEnds)
	total, seen, ids := w.Events, 0, map[string]struct{}{}
	w.Events, w.Puts = 0, map[string]int{}
	messages := func(yield func(broker.Msg, error) bool) {
		for a := range company.Events() {
			setup := a.Recorded.Before(begins)
			body, ops, err := f.take(a)
			if err == nil {
				err = tape.write(ops)
			}
			switch {
			case err != nil:
			case setup:
				w.Setup++
				w.SetupOuts += ops.outs
				err = base.add(a.Event, body)
			default:
				if w.Events++; w.Events == 1 {
					f.timers = 0
				}
				w.note(ops, len(body))
			}
			if w.Events <= w.Databases {
				ids[a.Event.Head().ID] = struct{}{}
			}
			m := broker.Msg{
				Subject: wire.Subject(tenantName, a.Event.Head().Type), Body: body,
				Header: nats.Header{"Content-Type": []string{"application/cloudevents+json"}},
			}
			w.AsOf = a.Recorded
			if seen++; !yield(m, err) || err != nil || w.Events == total {
				return
			}
		}
	}
	if _, err := conn.PublishAll(ctx, messages, func(n int) {
		if n%50_000 == 0 {
			say("published %d events", n)
		}
	}); err != nil {
		return nil, err
	}
	if w.Events < total {
		return nil, fmt.Errorf("the company's year has %d events after its import, not %d", w.Events, total)
	}
	w.Timers, w.DatabaseIDs = f.timers, len(ids)
	if err := tape.close(); err != nil {
		return nil, err
	}
	if err := base.close(); err != nil {
		return nil, err
	}
	balances, err := f.finish(w.AsOf)
	w.Entries, w.Facts = f.entries, int(f.facts) //nolint:gosec // a count
	return balances, err
}

// note counts what a measured event does.
func (w *workload) note(ops operations, body int) {
	w.BodySize += int64(body)
	w.Outs += ops.outs
	if w.Events <= w.Usual {
		w.UsualOuts += ops.outs
	}
	if w.Events <= w.Databases {
		w.DatabaseOuts += ops.outs
	}
	w.Puts["out"] += ops.outs
	for _, op := range ops.ops {
		if op.del {
			w.Puts["(deletes)"]++
			continue
		}
		w.Puts[bucketNames[op.bucket]]++
	}
}

// usualBase is the file the usual way starts from: each event of the setup by
// its id, and how many each account has.
type usualBase struct {
	db     *bbolt.DB
	counts map[string]uint64
	buffer []usualEvent
}

type usualEvent struct {
	id   string
	body []byte
}

func newUsualBase(path string) (*usualBase, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	return &usualBase{db: db, counts: map[string]uint64{}}, err
}

func (b *usualBase) add(ev event.Event, body []byte) error {
	b.buffer = append(b.buffer, usualEvent{ev.Head().ID, body})
	b.counts[cmp.Or(string(ev.Scope().Account), noAccount)]++
	if len(b.buffer) < 4096 {
		return nil
	}
	return b.flush()
}

func (b *usualBase) flush() error {
	err := b.db.Update(func(tx *bbolt.Tx) error {
		events, err := tx.CreateBucketIfNotExists([]byte("events"))
		if err != nil {
			return err
		}
		for _, e := range b.buffer {
			if err := events.Put([]byte(e.id), e.body); err != nil {
				return err
			}
		}
		return nil
	})
	b.buffer = b.buffer[:0]
	return err
}

func (b *usualBase) close() error {
	if err := b.flush(); err != nil {
		return err
	}
	err := b.db.Update(func(tx *bbolt.Tx) error {
		counters, err := tx.CreateBucketIfNotExists([]byte("counters"))
		if err != nil {
			return err
		}
		for account, n := range b.counts {
			if err := counters.Put([]byte(account), big(n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := b.db.Sync(); err != nil {
		return err
	}
	return b.db.Close()
}

// output is a message that leaves, as our worker made it.
type output struct{ Subject, ID, Body string }

// saveOutputs keeps our worker's outputs of the measured events, for the others
// to publish as many of the same size.
func saveOutputs(path string, outs []tenant.Output) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	enc := json.NewEncoder(b)
	for _, o := range outs {
		if err := enc.Encode(output{o.Subject, o.ID, string(o.Body)}); err != nil {
			return err
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func loadOutputs(path string) ([]output, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []output
	dec := json.NewDecoder(bufio.NewReader(f))
	for dec.More() {
		var o output
		if err := dec.Decode(&o); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}
