package account

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// fact is an event without its header, which whoever lists the facts gives it.
type fact func(event.Header) event.Event

func day(text string) civil.Date {
	d, err := civil.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func instant(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

func usd(minor int64) money.Money { return money.Money{Minor: minor, Currency: "USD"} }

func percent(n int64) money.Ratio { return money.Ratio{Num: n, Den: 100} }

func termOf(start, end string, arr int64) event.Term {
	return event.Term{Start: day(start), End: day(end), ARR: usd(arr)}
}

func starts(sub event.SubscriptionID, start, end string, arr int64) fact {
	return func(h event.Header) event.Event {
		return event.SubscriptionStarted{Header: h, Account: "acct-1", Subscription: sub, Term: termOf(start, end, arr)}
	}
}

func changes(sub event.SubscriptionID, on string, arr int64) fact {
	return func(h event.Header) event.Event {
		return event.SubscriptionChanged{Header: h, Account: "acct-1", Subscription: sub, Effective: day(on), ARR: usd(arr)}
	}
}

func cancels(sub event.SubscriptionID, on string) fact {
	return func(h event.Header) event.Event {
		return event.SubscriptionCancelled{Header: h, Account: "acct-1", Subscription: sub, Effective: day(on)}
	}
}

// renews is a renewal of the account, or of the subscription it names.
func renews(sub event.SubscriptionID, start, end string, arr int64) fact {
	return func(h event.Header) event.Event {
		return event.RenewalBooked{Header: h, Account: "acct-1", Subscription: sub, Term: termOf(start, end, arr)}
	}
}

func renewalStage(stage event.Stage, start, end string, arr int64) fact {
	return func(h event.Header) event.Event {
		return event.RenewalStage{Header: h, Account: "acct-1", Opportunity: "renewal", Stage: stage, Term: termOf(start, end, arr)}
	}
}

func churns(on string) fact {
	return func(h event.Header) event.Event {
		return event.ChurnEffective{Header: h, Account: "acct-1", Effective: day(on)}
	}
}

func stays(on string) fact {
	return func(h event.Header) event.Event {
		return event.ChurnCancelled{Header: h, Account: "acct-1", Effective: day(on)}
	}
}

func returns(on string, arr int64) fact {
	return func(h event.Header) event.Event {
		return event.AccountReactivated{Header: h, Account: "acct-1", Effective: day(on), ARR: usd(arr)}
	}
}

func shrinks(id, on string, by int64) fact {
	return func(h event.Header) event.Event {
		return event.ContractionBooked{Header: h, Account: "acct-1", Contraction: id, Effective: day(on), Decrease: usd(by)}
	}
}

func noon(on string) time.Time { return day(on).Start(time.UTC).Add(12 * time.Hour) }

func wins(opp event.OpportunityID, on string, arr int64) fact {
	return func(h event.Header) event.Event {
		return event.ExpansionBooked{Header: h, Deal: event.Deal{Opportunity: opp, Account: "acct-1", ARR: usd(arr), ClosedAt: noon(on)}}
	}
}

func loses(opp event.OpportunityID, on string) fact {
	return func(h event.Header) event.Event {
		return event.ExpansionCancelled{Header: h, Opportunity: opp, Account: "acct-1", On: day(on)}
	}
}

func assigned(role event.Role, payee event.PayeeID, on string) fact {
	return func(h event.Header) event.Event {
		return event.AccountAssigned{Header: h, Account: "acct-1", Payee: payee, Role: role, Effective: day(on)}
	}
}

func measured(at string, score int64) fact {
	return func(h event.Header) event.Event {
		return event.HealthScored{
			Header: h, Account: "acct-1", Score: money.Ratio{Num: score, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: instant(at),
		}
	}
}

func intervenes(id, at string) fact {
	return func(h event.Header) event.Event {
		return event.InterventionLogged{Header: h, Account: "acct-1", Intervention: id, LoggedAt: instant(at)}
	}
}

// stated gives facts their headers: each was stated an hour after the one before.
func stated(facts ...fact) []event.Event {
	var out []event.Event
	for i, f := range facts {
		out = append(out, f(event.Header{
			Identity: event.Identity{Source: "crm", ID: fmt.Sprintf("e%02d", i)}, Type: "crm.test.v1",
			Time: time.Date(2027, time.January, 1, i, 0, 0, 0, time.UTC),
		}))
	}
	return out
}

// staff are payees by the first plan: csm-… in role csm, others without a plan.
type staff struct{ plans plan.Set }

func (s staff) Terms(payee event.PayeeID, on civil.Date) (Terms, error) {
	if !strings.HasPrefix(string(payee), "csm") {
		return Terms{Role: event.AE, Until: civil.Never}, nil
	}
	p := s.plans.First(on)
	if p == nil {
		return Terms{Role: event.CSM, Until: civil.Never}, nil
	}
	return Terms{Role: event.CSM, Plan: p, Variable: p.Variable, Until: civil.Never}, nil
}

// Book of everybody is 1,000,000.
func (staff) Book(event.PayeeID, event.Role, civil.Quarter) (int64, error) { return 1_000_000_00, nil }

// setting has one plan from 2026 on: expansion pool 12,000, target 600,000,
// so 24,000 earn 480. A missing health score passes.
func setting(change func(*plan.Plan)) *Setting {
	target, weight := usd(600000_00), percent(40)
	low, high := usd(25000_00), usd(100000_00)
	p := &plan.Plan{
		Name: "test", Version: 1, EffectiveFrom: day("2026-01-01"), Zone: time.UTC, Currency: "USD", Variable: usd(30000_00),
		Components: []plan.Component{{ID: "expansion", Kind: plan.Expansion, Weight: &weight, AnnualARR: &target, Basis: "pool"}},
		Crediting: plan.Crediting{Mode: "split", Bands: []plan.Band{
			{Edge: &low, CSM: percent(100), AE: percent(0)},
			{Edge: &high, Inclusive: true, CSM: percent(70), AE: percent(30)},
			{CSM: percent(30), AE: percent(70)},
		}},
		Gates:      plan.Gates{HealthMin: money.Ratio{Num: 65, Den: 1}, HealthMissing: "pass"},
		Payability: plan.Payability{Renewal: "hold", Release: "all", GraceDays: 30, Cash: "off", Termination: "keep"},
		Clawback:   plan.Clawback{WindowDays: 90, ChurnDate: "effective", Contraction: "proportional_lifo", Basis: "recompute", RecoveryCap: money.One},
		SLA:        plan.SLA{Risk: plan.RiskClock{Below: money.Ratio{Num: 65, Den: 1}, Hours: 168, Warn: 24}},
		Evidence:   plan.Evidence{Renewal: "any", Churn: "any", Expansion: "any"},
	}
	if change != nil {
		change(p)
	}
	set, problems := plan.NewSet(p)
	if len(problems) > 0 {
		panic(problems)
	}
	invoiced := slices.ContainsFunc(set, func(p *plan.Plan) bool { return p.Payability.Cash == "invoice_paid" })
	return &Setting{Plans: set, Zone: time.UTC, Payees: staff{set}, Invoiced: invoiced}
}

func state(t rapid.TB, set *Setting, events ...event.Event) *State {
	t.Helper()
	s := New("acct-1", set)
	for _, e := range events {
		if _, err := s.Add(e); err != nil {
			t.Fatalf("Add(%+v): %v", e, err)
		}
	}
	return s
}

func reversed(events []event.Event) []event.Event {
	out := slices.Clone(events)
	slices.Reverse(out)
	return out
}

// lines are the steps of every deal due at the end of a day.
func lines(t *testing.T, s *State, on string) []string {
	t.Helper()
	if _, err := s.Settling(day(on)); err != nil {
		t.Fatalf("Settling(%s): %v", on, err)
	}
	var out []string
	for _, d := range s.Deals() {
		for _, st := range d.Due(day(on)) {
			amount := money.Money{Minor: st.Minor, Currency: st.Currency}
			out = append(out, fmt.Sprintf("%s %s %s %s %s>%s %s", st.Effective, st.Payee, st.Kind, amount.Decimal(), st.From, st.To, st.Reason))
			if x := st.Explain(); x.Text == "" || x.Rule == "" || len(x.Figures) == 0 || len(st.Causes) == 0 {
				t.Errorf("%s has explanation %+v, causes %v, want some of both", out[len(out)-1], x, st.Causes)
			}
		}
	}
	return out
}

// allLines are the lines of facts told in both orders, which must agree.
func allLines(t *testing.T, set *Setting, on string, facts ...fact) []string {
	t.Helper()
	events := stated(facts...)
	got := lines(t, state(t, set, events...), on)
	if back := lines(t, state(t, set, reversed(events)...), on); !slices.Equal(got, back) {
		t.Errorf("due %q, or %q in the reverse order", got, back)
	}
	return got
}

// creditsOn are a deal's credits of a day.
func creditsOn(t rapid.TB, d *Deal, on string) []Credit {
	t.Helper()
	credits, err := d.CreditsOn(day(on))
	if err != nil {
		t.Fatalf("CreditsOn(%s): %v", on, err)
	}
	return credits
}
