package book

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// deal is a booking of an account of its own, in cents of ARR.
type deal struct {
	on  string
	arr int64
}

// terms are those of everybody: the plan, from first to last.
type terms struct{ *plan.Plan }

func (t terms) Terms(_ event.PayeeID, on civil.Date) (account.Terms, error) {
	return account.Terms{Role: event.CSM, Plan: t.Plan, Variable: t.Variable, Until: civil.Never}, nil
}

func (terms) Book(event.PayeeID, event.Role, civil.Quarter) (int64, error) { return 0, nil }

// credited books deals of csm-1's, each on an account of its own that has a
// term of three years, renews when it ends unless it has churned, and gives
// back what is asked for. Deals are opp-0, opp-1 and so on.
func credited(t rapid.TB, change func(*plan.Plan), churns map[int]string, deals ...deal) []*account.Credited {
	t.Helper()
	p := &plan.Plan{
		Name: "deals", Version: 1, EffectiveFrom: day("2020-01-01"), Zone: time.UTC, Currency: "USD", Variable: usd(13500_00),
		Crediting:  plan.Crediting{Mode: "split", Bands: []plan.Band{{CSM: money.One, AE: money.Ratio{Num: 0, Den: 1}}}},
		Gates:      plan.Gates{HealthMissing: "pass"},
		Payability: plan.Payability{Renewal: "off", Release: "all", GraceDays: 30, Cash: "off", Termination: "keep"},
		Clawback:   plan.Clawback{WindowDays: 90, ChurnDate: "effective", Contraction: "proportional_lifo", Basis: "recompute", RecoveryCap: money.One},
		Evidence:   plan.Evidence{Renewal: "any", Churn: "any", Expansion: "any"},
	}
	if change != nil {
		change(p)
	}
	set, problems := plan.NewSet(p)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var out []*account.Credited
	for i, d := range deals {
		id := event.AccountID(fmt.Sprint("acct-", i))
		told := func(kind string) event.Header { return head(fmt.Sprint(kind, " ", i), 1) }
		s := account.New(id, &account.Setting{Plans: set, Zone: time.UTC, Payees: terms{p}})
		facts := []event.Event{
			event.AccountAssigned{Header: told("assigned"), Account: id, Payee: "csm-1", Role: event.CSM, Effective: day("2020-01-01")},
			event.SubscriptionStarted{Header: told("started"), Account: id, Term: event.Term{Start: day("2026-01-01"), End: day("2029-01-01"), ARR: usd(100_000_00)}},
			event.ExpansionBooked{Header: told("booked"), Deal: event.Deal{
				Opportunity: event.OpportunityID(fmt.Sprint("opp-", i)), Account: id, ARR: usd(d.arr), ClosedAt: day(d.on).Start(time.UTC).Add(time.Hour),
			}},
		}
		if on, ok := churns[i]; ok {
			facts = append(facts, event.ChurnEffective{Header: told("churned"), Account: id, Effective: day(on)})
		}
		for _, e := range facts {
			if _, err := s.Add(e); err != nil {
				t.Fatalf("Add(%+v): %v", e, err)
			}
		}
		if _, err := s.Settling(day("2030-01-01")); err != nil {
			t.Fatalf("Settling: %v", err)
		}
		out = s.CreditedTo("csm-1", out)
	}
	return out
}
