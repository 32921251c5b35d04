package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/naive"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
)

const tenantName = "acme"

// codec is a small Codec over the real wire. An outcome's body is the outcome
// as JSON, so that two ledgers with equal out logs published equal things.
type codec struct {
	fail    error // what Outcome answers, if set
	decoder wire.Decoder
}

func (*codec) Fact(canonical []byte) (event.Event, error) { return wire.DecodeCanonical(canonical) }

func (*codec) Sum(canonical []byte) (tenant.Sum, error) {
	in, err := wire.DecodeLine(canonical, "")
	return in.Sum, err
}

func (c *codec) Again(p Parked) (tenant.Input, error) {
	in, err := c.decoder.Decode(wire.Raw{Subject: p.Subject, Header: p.Header, Body: p.Body})
	return tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum}, err
}

func (*codec) PlanText(p *plan.Plan) string { return string(planfile.Canonical(p)) }

func (*codec) Rejected(p Parked) (tenant.Message, error) {
	return tenant.Message{Subject: "ops.acme.event.rejected", ID: "rejected/" + p.ID, Body: []byte(p.Code)}, nil
}

func (c *codec) Outcome(o tenant.Outcome) (tenant.Message, error) {
	body, err := json.Marshal(o)
	if c.fail != nil {
		err = c.fail
	}
	return tenant.Message{Subject: fmt.Sprintf("out.acme.%T", o), ID: fmt.Sprint(len(body)), Body: body}, err
}

// options are for a ledger of the tests' tenant that keeps to some plans.
func options(plans plan.Set) Options {
	return Options{Tenant: tenantName, Plans: plans, Plan: planOf, Codec: &codec{decoder: wire.Decoder{Tenant: tenantName}}}
}

func planOf(text string) (*plan.Plan, error) { return planfile.Decode("ledger", []byte(text)) }

// opened opens a ledger file for a test. It does not wait for the disk.
func opened(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatalf("Open(%s) = %v", path, err)
	}
	s.db.NoSync, s.db.NoGrowSync = true, true
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// fresh is an empty ledger.
func fresh(t testing.TB, plans plan.Set) *Store {
	t.Helper()
	return opened(t, filepath.Join(t.TempDir(), "l.db"), options(plans))
}

// clean fails the test where a verification finds anything.
func clean(t testing.TB, s *Store) Verified {
	t.Helper()
	v, err := s.Verify(nil)
	if err != nil || len(v.Problems) > 0 {
		t.Fatalf("Verify() = %v, problems %q, want none", err, v.Problems)
	}
	return v
}

var created = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// arrivals are events on their way into a ledger, numbered as by a stream.
type arrivals struct{ list []tenant.Arrival }

func (a *arrivals) add(at time.Time, subject string, body []byte) *tenant.Arrival {
	arr := tenant.Arrival{
		Position: tenant.Position{Created: created, Seq: uint64(len(a.list) + 1), Time: at}, Arrived: at,
		Subject: subject, Header: map[string][]string{"Content-Type": {"application/cloudevents+json"}}, Body: body,
	}
	raw := wire.Raw{Subject: subject, Header: arr.Header, Body: body}
	in, err := wire.Decoder{Tenant: tenantName}.Decode(raw)
	if err != nil {
		arr.Event, _ = wire.Identify(raw)
		arr.Code, arr.Reason = string(wire.ReasonOf(err)), err.Error()
	} else {
		arr.Event = in.Event.Head().Identity
		arr.Input = tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum}
	}
	a.list = append(a.list, arr)
	return &a.list[len(a.list)-1]
}

func (a *arrivals) event(t testing.TB, at time.Time, ev event.Event) *tenant.Arrival {
	t.Helper()
	body, err := wire.Encode(ev)
	if err != nil {
		t.Fatalf("Encode(%+v) = %v", ev, err)
	}
	arr := a.add(at, wire.Subject(tenantName, ev.Head().Type), body)
	if arr.Code != "" {
		t.Fatalf("%s: %s", body, arr.Reason)
	}
	return arr
}

func (a *arrivals) tick(t testing.TB, at time.Time) {
	t.Helper()
	a.event(t, at, event.Ticked{Header: event.Header{
		Identity: event.Identity{Source: "trueup/clock", ID: "tick-" + at.UTC().Format(time.RFC3339Nano)}, Type: wire.Tick, Time: at.UTC(),
	}})
}

// told is a generated history as arrivals, with a tick at its end.
func told(t testing.TB, seed uint64) (plan.Set, []tenant.Arrival) {
	t.Helper()
	plans, told, asOf := naive.Generate(rand.New(rand.NewPCG(seed, 7)))
	for _, p := range plans {
		p.Hash = sha256.Sum256(planfile.Canonical(p))
	}
	a := &arrivals{}
	for _, e := range told {
		a.event(t, e.Arrived, e.Event)
	}
	a.tick(t, asOf)
	return plans, a.list
}

// company is a made-up company as arrivals, with a tick after its last day.
func company(t testing.TB, accounts int, until civil.Date) (plan.Set, []tenant.Arrival) {
	t.Helper()
	c := demo.Default()
	c.CSMs, c.AEs, c.Accounts, c.Until = 2, 1, accounts, until
	a := &arrivals{}
	for e := range c.Events() {
		a.event(t, e.Recorded, e.Event)
	}
	plans := c.Plans()
	a.tick(t, until.Add(30).Start(plans[0].Zone))
	return plans, a.list
}

func record(t testing.TB, s *Store, batch []tenant.Arrival) tenant.Recorded {
	t.Helper()
	r, err := s.Record(batch)
	if err != nil {
		t.Fatalf("Record(%d arrivals) = %v", len(batch), err)
	}
	return r
}

// dump is everything in a ledger but the checkpoints, which are of batches.
func dump(t testing.TB, s *Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			if bytes.Equal(name, bCheckpoints) {
				return nil
			}
			out[string(name)] = fmt.Sprint(b.Sequence())
			return b.ForEach(func(k, v []byte) error {
				out[string(name)+"/"+string(k)] = string(v)
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sameDump says in which keys two ledgers differ.
func sameDump(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	n := 0
	for k, v := range want {
		if g, ok := got[k]; !ok || g != v {
			if n++; n <= 3 {
				t.Errorf("%s: %q is %.400q, want %.400q", what, k, g, v)
			}
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			if n++; n <= 3 {
				t.Errorf("%s: %q is there, want nothing", what, k)
			}
		}
	}
	if n > 3 {
		t.Errorf("%s: and %d more differences", what, n-3)
	}
}

// edit changes a ledger behind the store's back.
func edit(t testing.TB, s *Store, change func(*bbolt.Tx) error) {
	t.Helper()
	if err := s.db.Update(change); err != nil {
		t.Fatal(err)
	}
}

// unseal takes the seals off every record, as it was before layout 3.
func unseal(t testing.TB, tx *bbolt.Tx) {
	t.Helper()
	for _, name := range buckets {
		b := tx.Bucket(name)
		if b == nil {
			continue
		}
		plain := map[string][]byte{}
		err := b.ForEach(func(k, v []byte) error {
			plain[string(k)] = bytes.Clone(v[:len(v)-sealSize])
			return nil
		})
		for k, v := range plain {
			err = errors.Join(err, b.Put([]byte(k), v))
		}
		if err := errors.Join(err, b.SetSequence(0)); err != nil {
			t.Fatal(err)
		}
	}
}

// apart gives every fact a record of its own in the index, without a seal, as it
// was before layout 4.
func apart(t testing.TB, tx *bbolt.Tx) {
	t.Helper()
	b := tx.Bucket(bFactsOf)
	var keys [][]byte
	err := b.ForEach(func(k, v []byte) error {
		return eachOfRun(k, v[:len(v)-sealSize], func(n uint64) error {
			keys = append(keys, key(k[:len(k)-8], n))
			return nil
		})
	})
	for _, k := range keys {
		err = errors.Join(err, b.Put(k, make([]byte, sealSize)))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// behind changes a file that no store has open.
func behind(t testing.TB, path string, change func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// compacted copies a ledger into a file that is as small as it can be.
func compacted(t testing.TB, s *Store, path string) {
	t.Helper()
	dst, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: 4096, NoFreelistSync: true, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := bbolt.Compact(dst, s.db, 0); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
}

// copyOf copies a file into a new folder.
func copyOf(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}
