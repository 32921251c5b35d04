package store

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/scenario"
)

// How arrivals were batched, when the file was opened again and what was at
// hand leave no trace in the file; and it says what the rules say in memory.
func TestBatchesDoNotShow(t *testing.T) {
	sources := map[string]func() (plan.Set, []tenant.Arrival){
		"company": func() (plan.Set, []tenant.Arrival) { return company(t, 12, civil.On(2027, 7, 31)) },
	}
	sources["with parked inputs"] = func() (plan.Set, []tenant.Arrival) { return muddled(t) }
	for _, seed := range []uint64{1, 2, 3, 5, 8, 13} {
		sources[fmt.Sprintf("history %d", seed)] = func() (plan.Set, []tenant.Arrival) { return told(t, seed) }
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			plans, list := source()
			whole := fresh(t, plans)
			recordAll(t, whole, list, 1024)
			want := dump(t, whole)
			clean(t, whole)
			if name != "with parked inputs" { // which a play does not keep
				asPlayed(t, whole, plans, list)
			}
			for _, tt := range []struct {
				what  string
				size  int
				cache int
				again bool
			}{
				{"one by one", 1, 0, false},
				{"by seven", 7, 0, false},
				{"by seven, nothing at hand", 7, 1, false},
				{"by seven, little at hand", 7, 200, false},
				{"by five, opened again between", 5, 0, true},
			} {
				o := options(plans)
				o.Cache = tt.cache
				path := filepath.Join(t.TempDir(), "l.db")
				s := opened(t, path, o)
				if tt.again {
					s = recordReopening(t, s, path, o, list, max(tt.size, len(list)/20))
				} else {
					recordAll(t, s, list, tt.size)
				}
				sameDump(t, tt.what, dump(t, s), want)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// muddled is a history among bytes that cannot be read, repeats, and decisions
// about what is parked, each soon after it.
func muddled(t *testing.T) (plan.Set, []tenant.Arrival) {
	t.Helper()
	plans, list := told(t, 5)
	var a arrivals
	for i, arr := range list {
		a.event(t, arr.Arrived, arr.Input.Event)
		head := func(typ event.Type) event.Header {
			return event.Header{Identity: event.Identity{Source: "admin", ID: fmt.Sprint("decision-", i)}, Type: typ, Time: created}
		}
		by := event.By{By: "ops-1", ByRole: "ops"}
		bad := a.add(arr.Arrived, "crm.acme.expansion.booked", fmt.Appendf(nil, "no event %d", i/3))
		id := ParkedID(bad.Subject, bad.Header, bad.Body)
		switch i % 3 {
		case 0:
			a.event(t, arr.Arrived, event.ParkedRetried{Header: head("admin.event.retried.v1"), By: by, Parked: id, Reason: "again"})
		case 1:
			a.event(t, arr.Arrived, event.ParkedDiscarded{Header: head("admin.event.discarded.v1"), By: by, Parked: id, Reason: "enough"})
		case 2:
			a.event(t, arr.Arrived.Add(-time.Hour), list[i/2].Input.Event)
		}
	}
	return plans, a.list
}

func recordAll(t *testing.T, s *Store, list []tenant.Arrival, size int) {
	t.Helper()
	for batch := range slices.Chunk(slices.Clone(list), size) {
		if r := record(t, s, batch); len(r.Fates) != len(batch) {
			t.Fatalf("Record(%d arrivals) gives %d fates", len(batch), len(r.Fates))
		}
	}
}

func recordReopening(t *testing.T, s *Store, path string, o Options, list []tenant.Arrival, size int) *Store {
	t.Helper()
	for batch := range slices.Chunk(slices.Clone(list), size) {
		record(t, s, batch)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		o.Plans = nil // those the file has
		s = opened(t, path, o)
	}
	return s
}

// asPlayed holds a ledger against the same arrivals played in memory.
func asPlayed(t *testing.T, s *Store, plans plan.Set, list []tenant.Arrival) {
	t.Helper()
	p, err := scenario.Start(tenantName, plans, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		a.Input.Arrived = a.Arrived
		if err := p.Arrive(scenario.Arrival{Input: a.Input}); err != nil {
			t.Fatal(err)
		}
	}
	err = s.View(func(v *View) error {
		mine, err := v.Payees()
		if err != nil {
			return err
		}
		theirs, _ := p.Payees()
		if !slices.Equal(mine, theirs) {
			t.Errorf("payees %v, want %v as played", mine, theirs)
		}
		for _, id := range theirs {
			got, want := entriesOf(t, v.EntriesOf, id), entriesOf(t, p.EntriesOf, id)
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || !reflect.DeepEqual(got[i], want[i]) {
					t.Fatalf("entries of %s from %d on: %+v, want %+v", id, i+1, got[min(i, len(got)):], want[min(i, len(want)):])
				}
			}
			gotCredits, err := v.Credits(id)
			if err != nil {
				return err
			}
			if want, _ := p.Credits(id); !reflect.DeepEqual(gotCredits, want) {
				t.Errorf("credits of %s: %+v, want %+v", id, gotCredits, want)
			}
		}
		gotLocks, err := v.Locks()
		if want, _ := p.Locks(); !reflect.DeepEqual(gotLocks, want) {
			t.Errorf("locks: %+v, want %+v", gotLocks, want)
		}
		var got, want []tenant.Episode
		if err := v.AllEpisodes(func(e tenant.Episode) error { got = append(got, e); return nil }); err != nil {
			return err
		}
		_ = p.AllEpisodes(func(e tenant.Episode) error { want = append(want, e); return nil })
		if !reflect.DeepEqual(got, want) {
			t.Errorf("episodes: %+v, want %+v", got, want)
		}
		if got, want := v.State(), p.Engine.State(); !reflect.DeepEqual(got, want) {
			t.Errorf("state: %+v, want %+v", got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func entriesOf[ID any](t *testing.T, of func(ID, func(*ledger.Entry) error) error, id ID) []ledger.Entry {
	t.Helper()
	var out []ledger.Entry
	if err := of(id, func(e *ledger.Entry) error { out = append(out, *e); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}
