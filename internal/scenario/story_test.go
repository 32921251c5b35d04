package scenario_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

// told is an opportunity on an account.
type told struct {
	account     event.AccountID
	opportunity event.OpportunityID
}

// storiesAgree holds the stories of every opportunity against what was
// recorded and posted of it.
func storiesAgree(t *testing.T, p *scenario.Played) {
	t.Helper()
	e, err := tenant.New("default", p.Setting.Plans, planfile.Parse, p.Setting.State, 0)
	if err != nil {
		t.Fatal(err)
	}
	look, err := e.LookAt(p)
	if err != nil {
		t.Fatal(err)
	}
	day := civil.In(p.Setting.State.AsOf, p.Setting.Plans[0].Zone)
	starts := slices.ContainsFunc(look.Plans(), func(pl *plan.Plan) bool { return pl.LedgerStarts != nil })
	held := map[told]map[event.PayeeID]int64{}
	total := map[told]int64{}
	credits := map[told][]account.Credit{}
	ids, _ := p.Payees()
	for _, id := range ids {
		_ = p.EntriesOf(id, func(e *ledger.Entry) error {
			at := told{e.Account, e.Opportunity}
			if e.From == ledger.Expense {
				total[at] += e.Minor
			}
			if held[at] == nil {
				held[at] = map[event.PayeeID]int64{}
			}
			switch ledger.Held {
			case e.From:
				held[at][id] -= e.Minor
			case e.To:
				held[at][id] += e.Minor
			}
			return nil
		})
		list, _ := p.Credits(id)
		for _, c := range list {
			at := told{c.Account, c.Opportunity}
			credits[at] = append(credits[at], c)
			if held[at] == nil {
				held[at] = map[event.PayeeID]int64{}
			}
		}
	}
	for at, holds := range held {
		if at.opportunity == "" {
			continue
		}
		state, err := look.Account(at.account)
		if err != nil {
			t.Fatal(err)
		}
		story, err := state.Story(at.opportunity, day)
		if !story.Known && err == nil && len(credits[at]) == 0 && total[at] == 0 {
			continue // every fact about it was retracted
		}
		if err != nil || !story.Known || len(story.Deals) == 0 && (story.Text == "" || len(credits[at]) > 0) {
			t.Errorf("Story(%s on %s) = %+v, %v", at.opportunity, at.account, story, err)
		}
		gates, certain := map[event.PayeeID][]account.StoryGate{}, map[event.PayeeID]bool{}
		var told []account.Credit
		for _, d := range story.Deals {
			for _, part := range d.Parts {
				wellTold(t, d, part)
				if d.Booked > day {
					continue
				}
				gates[part.Payee] = append(gates[part.Payee], part.Gates...)
				certain[part.Payee] = certain[part.Payee] || len(part.Lines) > 0
				for _, c := range credits[at] {
					if c.Payee == part.Payee && c.Part == d.Part && part.Part != account.ForSource && (c.ARR != part.Credit || c.Why != part.Why || c.Counted() != part.Counted) {
						t.Errorf("Story(%s on %s) credits %s with %v (%v, %q), recorded is %+v", at.opportunity, at.account, c.Payee, part.Credit, part.Counted, part.Why, c)
					}
				}
				if part.Counted {
					told = append(told, account.Credit{Payee: part.Payee, Part: d.Part})
				}
			}
		}
		for _, c := range told {
			if !slices.ContainsFunc(credits[at], func(r account.Credit) bool { return r.Payee == c.Payee && r.Part == c.Part }) {
				t.Errorf("Story(%s on %s) credits %+v, which nothing recorded does", at.opportunity, at.account, c)
			}
		}
		for payee, minor := range holds {
			if !starts && certain[payee] && (minor != 0) != (len(gates[payee]) > 0) {
				t.Errorf("Story(%s on %s): %s holds %d, and the gates closed are %+v", at.opportunity, at.account, payee, minor, gates[payee])
			}
		}
	}
}

// wellTold reports what is missing of a part's story.
func wellTold(t *testing.T, d account.DealStory, p account.PartStory) {
	t.Helper()
	all := fmt.Sprintf("%+v %+v %+v %+v", p.Text, p.Gates, p.Lost, p.AtRisk)
	if len(p.Text) == 0 || d.Text == "" || strings.Contains(all, "%!") || strings.Contains(all, "  ") {
		t.Errorf("the story of %s for %s is %q: %s", d.Opportunity, p.Payee, d.Text, all)
	}
	if p.Payee != "" && !p.Counted && p.Why == "" && len(p.Lines) == 0 && len(strings.Join(p.Text, "")) < 30 {
		t.Errorf("the story of %s does not say why %s has nothing: %q", d.Opportunity, p.Payee, p.Text)
	}
}

func TestStoriesOfScenarios(t *testing.T) {
	for _, c := range scenariotest.All(t, cases) {
		t.Run(c.Name, func(t *testing.T) { storiesAgree(t, playCase(t, c)) })
	}
}

func TestStoriesOfHistories(t *testing.T) {
	for i := range some() {
		seed := *firstSeed + i
		plans, _, arrivals, asOf := history(t, seed)
		r := rand.New(rand.NewPCG(seed, 19))
		arrivals = arriving(r, shuffled(r, arrivals), asOf)
		played, err := scenario.Play("default", plans, arrivals, asOf)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if storiesAgree(t, played); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
