package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

// A comparison is what plan diff says of the same events.
func TestWhatIfIsPlanDiff(t *testing.T) {
	differs := 0
	for _, c := range scenariotest.All(t, "../../domain/testdata/scenario") {
		t.Run(c.Name, func(t *testing.T) {
			p, arrivals := reporttest.Given(t, c)
			h := scenariotest.Heard{Plans: plan.Set{p}}
			for _, a := range arrivals {
				if a.Rejected == nil {
					h.Inputs, h.AsOf = append(h.Inputs, a.Input), a.Arrived
				}
			}
			richer := *p
			richer.Variable.Minor *= 2
			document := planfile.Canonical(&richer)
			other, err := planfile.Decode("plan", document)
			if err != nil {
				t.Fatal(err)
			}
			var sides [2]report.Side
			for i, set := range []plan.Set{{p}, {other}} {
				played, err := scenario.Play("default", set, arrivals, h.AsOf)
				if err != nil {
					t.Fatal(err)
				}
				sides[i] = report.Side{Setting: played.Setting, Source: played}
			}
			want, err := report.Diff(sides[0], sides[1])
			if err != nil {
				t.Fatal(err)
			}
			want.OldRejected, want.NewRejected = want.OldRejected-rejected(arrivals), want.NewRejected-rejected(arrivals)
			got := compared(t, h, document)
			if a, b := fmt.Sprintf("%+v", got.Diff), fmt.Sprintf("%+v", want); a != b || got.State != "done" || got.Done != got.Of {
				t.Errorf("compared: %s of %d %d %s\n%s\nplan diff says\n%s", got.State, got.Done, got.Of, got.Error, a, b)
			}
			if got.Diff != nil && got.Diff.Total.Difference.Earned != "0.00" {
				differs++
			}
		})
	}
	if differs < 3 {
		t.Errorf("%d cases earn otherwise under another plan: too few to show anything", differs)
	}
}

// rejected counts the lines that could not be read, which no ledger has.
func rejected(arrivals []scenario.Arrival) (n int) {
	for _, a := range arrivals {
		if a.Rejected != nil {
			n++
		}
	}
	return n
}

// compared is a comparison that has ended. While it runs another is refused.
func compared(t *testing.T, h scenariotest.Heard, document []byte) (last *report.WhatIf) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := scenario.NewWhatIfs("default", h.Plans, h)
		begun, err := w.Begin(document)
		if err != nil || begun.State != "running" {
			t.Fatalf("Begin: %+v, %v", begun, err)
		}
		if again, err := w.Begin(document); err != nil || again.ID != begun.ID {
			t.Errorf("the same question again: %+v, %v; want %s", again, err, begun.ID)
		}
		other := *h.Plans[0]
		other.Variable.Minor += 7
		if _, err := w.Begin(planfile.Canonical(&other)); !errors.As(err, new(report.Busy)) {
			t.Errorf("another question meanwhile: %v, want Busy", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.Run(ctx) }()
		synctest.Wait()
		if last, err = w.ByID(begun.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.ByID("w-0"); !errors.As(err, new(report.NotFound)) {
			t.Errorf("a comparison nobody began: %v, want NotFound", err)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return last
}

// What cannot be compared is refused at once.
func TestWhatIfRefuses(t *testing.T) {
	c := scenariotest.All(t, "../../domain/testdata/scenario")[0]
	p, err := planfile.Decode("plan.yaml", c.Plan)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	moved, later := *p, *p
	moved.Zone, moved.Version = elsewhere, p.Version+1
	later.Version++ // takes effect on the same day
	for name, x := range map[string]struct {
		h        scenariotest.Heard
		document []byte
	}{
		"no plan":      {scenariotest.Heard{Plans: plan.Set{p}, Inputs: make([]tenant.Input, 1)}, []byte("plan: [")},
		"another zone": {scenariotest.Heard{Plans: plan.Set{p}, Inputs: make([]tenant.Input, 1)}, planfile.Canonical(&moved)},
		"twice a day":  {scenariotest.Heard{Plans: plan.Set{p}, Inputs: make([]tenant.Input, 1)}, planfile.Canonical(&later)},
		"nothing came": {scenariotest.Heard{Plans: plan.Set{p}}, planfile.Canonical(p)},
	} {
		if _, err := scenario.NewWhatIfs("default", x.h.Plans, x.h).Begin(x.document); !errors.As(err, new(report.Mistake)) {
			t.Errorf("%s: %v, want a Mistake", name, err)
		}
	}
}
