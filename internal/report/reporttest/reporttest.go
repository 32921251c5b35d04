// Package reporttest answers as a ledger would, from a worked case played in
// memory.
package reporttest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/wire"
)

// Reader answers from a played case. It implements report.Reader.
type Reader struct{ *scenario.Played }

// Play plays the named case of a directory up to its date.
func Play(t testing.TB, dir, name string) Reader {
	t.Helper()
	cases := scenariotest.All(t, dir)
	i := slices.IndexFunc(cases, func(c scenariotest.Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no case %s in %s", name, dir)
	}
	return PlayCase(t, cases[i])
}

// Given is a case's plan, and its events in the order they are played in.
func Given(t testing.TB, c scenariotest.Case) (*plan.Plan, []scenario.Arrival) {
	t.Helper()
	p, err := planfile.Decode("plan.yaml", c.Plan)
	if err != nil {
		t.Fatal(err)
	}
	arrivals, err := scenario.Read(bytes.NewReader(c.Events), "default")
	if err != nil {
		t.Fatal(err)
	}
	scenario.Sort(arrivals)
	return p, arrivals
}

// PlayCase plays a case up to its date.
func PlayCase(t testing.TB, c scenariotest.Case) Reader {
	t.Helper()
	p, arrivals := Given(t, c)
	day, err := civil.ParseDate(c.Want.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	played, err := scenario.Play("default", plan.Set{p}, arrivals, day.End(p.Zone))
	if err != nil {
		t.Fatal(err)
	}
	return Reader{played}
}

// Statement implements report.Reader.
func (r Reader) Statement(_ context.Context, f report.Filter) (*report.Document, error) {
	return report.Build(r.Setting, r.Played, f)
}

// entries goes through every payee's ledger.
func (r Reader) entries(yield func(*ledger.Entry) error) error {
	ids, err := r.Played.Payees()
	for _, id := range ids {
		if err == nil {
			err = r.EntriesOf(id, yield)
		}
	}
	return err
}

// Entry implements report.Reader.
func (r Reader) Entry(_ context.Context, id string) (out *report.Entry, err error) {
	err = r.entries(func(e *ledger.Entry) error {
		if e.ID.String() != id {
			return nil
		}
		if out, err = report.EntryOf(e); err != nil {
			return err
		}
		return r.Facts(e.Scope, func(ev event.Event, _ tenant.Sum) error {
			if !slices.Contains(e.CausedBy, ev.Head().Identity) {
				return nil
			}
			canonical, err := wire.Encode(ev)
			out.Facts = append(out.Facts, report.Fact{ArrivedAt: ev.Head().Time, Event: canonical})
			return err
		})
	})
	if err == nil && out == nil {
		err = report.NotFound{What: "entry", ID: id}
	}
	return out, err
}

// Journal implements report.Reader.
func (r Reader) Journal(_ context.Context, f report.Filter, yield func(*report.Posted) error) error {
	return report.Journal(r.Played, f, yield)
}

// Deal implements report.Reader.
func (r Reader) Deal(_ context.Context, opportunity event.OpportunityID, account event.AccountID) (*report.Deal, error) {
	return report.BuildDeal(r.Setting, r.Played, opportunity, account)
}

// Book implements report.Reader.
func (r Reader) Book(_ context.Context, f report.Filter) (*report.Book, error) {
	return report.BuildBook(r.Setting, r.Played, f)
}

// Raised implements report.Reader.
func (r Reader) Raised(_ context.Context, f report.Filter) ([]report.Flag, error) {
	return report.Flags(r.Played, f)
}

// SLA implements report.Reader.
func (r Reader) SLA(_ context.Context, f report.Filter) ([]report.Episode, error) {
	var all []report.Episode
	err := r.AllEpisodes(func(e tenant.Episode) error {
		all = append(all, report.EpisodeOf(e))
		return nil
	})
	return report.Soonest(all, f), err
}

// Parked implements report.Reader: what was rejected, all of it waiting.
func (r Reader) Parked(_ context.Context, state string) ([]report.Parked, error) {
	out := []report.Parked{}
	if cmp.Or(state, "parked") != "parked" {
		return out, nil
	}
	err := r.Rejections(func(x report.Rejected) error {
		out = append(out, report.Parked{
			ParkedID: fmt.Sprintf("p-%016x", len(out)+1), State: "parked", Code: x.Code, Reason: x.Reason, Source: x.Source, ID: x.ID,
			Subject: "crm.default.some.event", At: x.At, Tries: 1, Bytes: len(body),
		})
		return nil
	})
	return out, err
}

const body = `{"specversion":"1.0","data":{"amount":"<1&2>"}}`

// ParkedByID implements report.Reader.
func (r Reader) ParkedByID(ctx context.Context, id string) (*report.Parked, error) {
	list, err := r.Parked(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.ParkedID == id {
			p.Header, p.Body = map[string][]string{"Content-Type": {"application/cloudevents+json"}}, []byte(body)
			return &p, nil
		}
	}
	return nil, report.NotFound{What: "parked input", ID: id}
}

// Status implements report.Reader.
func (r Reader) Status(context.Context) (*report.Status, error) {
	st := &report.Status{Tenant: r.Setting.Tenant, Version: "(test)", AsOf: r.Setting.State.AsOf, PlanVersions: []string{}, Alarms: []string{}}
	for _, p := range r.Setting.Plans {
		st.PlanVersions = append(st.PlanVersions, p.ID())
	}
	err := r.entries(func(*ledger.Entry) error {
		st.Entries++
		return nil
	})
	return st, err
}

// Verify implements report.Reader: it finds nothing wrong.
func (r Reader) Verify(ctx context.Context, progress func(string, int)) (*report.Verification, error) {
	st, err := r.Status(ctx)
	if err != nil {
		return nil, err
	}
	if progress != nil {
		progress("entries", int(st.Entries))
	}
	return &report.Verification{OK: true, Entries: st.Entries, Problems: []string{}}, nil
}
