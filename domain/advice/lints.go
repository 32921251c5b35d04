// Package advice says what is worth a look and never changes pay: of a plan by
// itself, of a company's size, of its targets.
package advice

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Lint is one thing about a plan that is allowed and seldom meant.
type Lint struct {
	Name      string // no_variable and so on
	Path      string // of the field it is about
	Figure    string // what the plan has
	Threshold string // what it should have
	Text      string // one sentence
}

// Lints is everything worth a look in one plan version, in a fixed order.
// What needs a date is ReviewDue.
func Lints(p *plan.Plan) []Lint {
	var out []Lint
	for _, lint := range []func(*plan.Plan) (Lint, bool){noVariable, grrWeightLow, noBands, noRiskSLA, leadersDecideSplits} {
		if l, found := lint(p); found {
			out = append(out, l)
		}
	}
	return out
}

// ownsRevenue are the ways of ownership in which the CSM answers for renewals.
var ownsRevenue = []string{"full", "split", "banded", "pod"}

// forCSMs reports whether the plan is for CSMs or their managers who own revenue.
func forCSMs(p *plan.Plan) bool {
	roles := p.AppliesTo.Roles
	return slices.Contains(ownsRevenue, p.Ownership) &&
		(len(roles) == 0 || slices.Contains(roles, event.CSM) || slices.Contains(roles, event.Manager))
}

// noVariable finds a plan for people who own revenue in which nothing they do
// changes their pay: no variable, and no component that pays per deal.
//
// Source: rules §12 "no_variable".
// Units: money a year.
// Rounding: none.
func noVariable(p *plan.Plan) (Lint, bool) {
	perDeal := slices.ContainsFunc(p.Components, func(c plan.Component) bool {
		return c.Kind == plan.Sourcing || c.Kind == plan.Spif || c.Kind == plan.Expansion && c.Basis != "pool"
	})
	if p.Variable.Minor > 0 || perDeal || !slices.Contains(ownsRevenue, p.Ownership) {
		return Lint{}, false
	}
	return Lint{
		Name: "no_variable", Path: "variable_annual", Figure: p.Variable.Decimal(), Threshold: "above 0",
		Text: fmt.Sprintf("ownership %s makes them answer for revenue, and none of their pay depends on it", p.Ownership),
	}, true
}

// leastGRR is the weight GRR has at least outside product-led growth.
var leastGRR = money.Ratio{Num: 30, Den: 100}

// grrWeightLow finds a plan for CSMs who own renewals in which little depends
// on keeping what there is. A plan whose name starts with plg is for
// product-led growth; one without weights has no pools to weigh.
//
// Source: rules §12 "grr_weight_low".
// Units: a share of the variable, of all components of kind retention.
// Rounding: none.
func grrWeightLow(p *plan.Plan) (Lint, bool) {
	weight, pools := new(big.Rat), false
	for _, c := range p.Components {
		if c.Weight == nil {
			continue
		}
		pools = true
		if c.Kind == plan.Retention {
			weight.Add(weight, c.Weight.Rat())
		}
	}
	if !pools || !forCSMs(p) || strings.HasPrefix(strings.ToLower(string(p.Name)), "plg") || weight.Cmp(leastGRR.Rat()) >= 0 {
		return Lint{}, false
	}
	return Lint{
		Name: "grr_weight_low", Path: "components", Figure: money.Percent(weight), Threshold: "at least " + leastGRR.Percent(),
		Text: "so small a part of the variable on GRR is for product-led growth alone",
	}, true
}

// noBands finds a plan in which deals are to be shared by their size and are
// not: ownership banded or overlay with fewer than two bands that credit by.
//
// Source: rules §12 "no_bands".
// Units: bands.
// Rounding: none.
func noBands(p *plan.Plan) (Lint, bool) {
	bands := 0
	if p.Crediting.Mode == "split" {
		bands = len(p.Crediting.Bands)
	}
	if p.Ownership != "banded" && p.Ownership != "overlay" || bands >= 2 {
		return Lint{}, false
	}
	return Lint{
		Name: "no_bands", Path: "crediting.bands", Figure: strconv.Itoa(bands), Threshold: "at least 2",
		Text: fmt.Sprintf("ownership %s shares deals by their size, and every deal is shared alike", p.Ownership),
	}, true
}

// riskHours is how long an answer to a risk may take.
const riskHours = 7 * 24

// noRiskSLA finds a risk clock that gives more than seven days, which is as
// good as none; under a business clock, more than a week's working hours.
//
// Source: rules §12 "no_risk_sla", §10.
// Units: hours.
// Rounding: working hours of a week are rounded down.
func noRiskSLA(p *plan.Plan) (Lint, bool) {
	most, of := riskHours, "hours"
	if p.SLA.Risk.Clock == "business" {
		most, of = weekHours(p.SLA.Business), "business hours"
	}
	if p.SLA.Risk.Hours <= most {
		return Lint{}, false
	}
	return Lint{
		Name: "no_risk_sla", Path: "sla.risk.hours", Figure: strconv.Itoa(p.SLA.Risk.Hours), Threshold: "at most " + strconv.Itoa(most),
		Text: fmt.Sprintf("a risk that nobody answers for more than a week (%d %s) is answered by nobody", most, of),
	}, true
}

// weekHours is a week's working time in whole hours.
func weekHours(b plan.Business) int { return len(b.Days) * (minutes(b.To) - minutes(b.From)) / 60 }

// minutes is HH:MM as minutes of the day.
func minutes(clock string) int {
	h, m, _ := strings.Cut(clock, ":")
	hours, _ := strconv.Atoi(h) // the plan was checked
	mins, _ := strconv.Atoi(m)
	return hours*60 + mins
}

// neutral are roles that gain nothing by how a deal is split.
var neutral = []string{"director_revops", "revops", "deal_desk", "finance", "cfo"}

// leadersDecideSplits finds disputes decided by somebody whose own numbers the
// decision changes: any role but revenue operations and finance.
//
// Source: rules §12 "leaders_decide_splits", §4 "Arbitration".
// Units: none.
// Rounding: none.
func leadersDecideSplits(p *plan.Plan) (Lint, bool) {
	role := p.SLA.Dispute.DecidedBy
	if slices.Contains(neutral, role) {
		return Lint{}, false
	}
	return Lint{
		Name: "leaders_decide_splits", Path: "sla.dispute.decided_by", Figure: role, Threshold: "one of " + strings.Join(neutral, ", "),
		Text: "whoever leads one side of a split should not decide it",
	}, true
}

// reviewMonths is how long a plan version is in force before it is looked at
// again.
const reviewMonths = 12

// ReviewDue finds the versions of a set that have been in force for a year on
// a date: the one in force of each plan, not those it has replaced.
//
// Source: rules §12 "plan_review_due".
// Units: whole months from effective_from; the same day a year later is due.
// Rounding: months are rounded down.
func ReviewDue(set plan.Set, p *plan.Plan, on civil.Date) (Lint, bool) {
	due := p.EffectiveFrom.AddYears(1)
	if set.InForce(p.Name, on) != p || on < due {
		return Lint{}, false
	}
	return Lint{
		Name: "plan_review_due", Path: "effective_from", Figure: fmt.Sprintf("%d months", max(monthsBetween(p.EffectiveFrom, on), reviewMonths)),
		Threshold: fmt.Sprintf("below %d months", reviewMonths),
		Text:      fmt.Sprintf("in force since %s and due for a review since %s", p.EffectiveFrom, due),
	}, true
}

// monthsBetween counts whole months.
func monthsBetween(from, to civil.Date) int {
	n := (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
	if to.Day() < from.Day() {
		n--
	}
	return n
}
