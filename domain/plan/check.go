package plan

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/money"
)

// Problem is one thing wrong with a plan: where (a path such as
// components[1].floor, empty for the whole) and what.
type Problem struct{ Path, Text string }

func (p Problem) String() string {
	if p.Path == "" {
		return p.Text
	}
	return p.Path + ": " + p.Text
}

// Check lists every contradiction within one plan whose fields are each
// well-formed.
func (p *Plan) Check() []Problem {
	var out []Problem
	say := func(path, format string, args ...any) { out = append(out, Problem{path, fmt.Sprintf(format, args...)}) }
	if p.Name == "" {
		say("plan", "is missing")
	}
	if p.Version < 1 {
		say("version", "%d is below 1", p.Version)
	}
	if len(p.Components) == 0 {
		say("components", "is empty: the plan pays nothing")
	}
	if p.Variable.Minor < 0 {
		say("variable_annual", "%s is below zero", p.Variable.Decimal())
	}
	seen := map[string]bool{}
	for i := range p.Components {
		c := &p.Components[i]
		path := fmt.Sprintf("components[%d]", i)
		if seen[c.ID] {
			say(path+".id", "%q is used twice", c.ID)
		}
		seen[c.ID] = true
		c.check(path, say)
	}
	p.checkWeights(say)
	p.Crediting.check(say)
	if p.Gates.HealthMin.Num < 0 || p.Gates.HealthMin.Cmp(money.Ratio{Num: 100, Den: 1}) > 0 {
		say("gates.health_at_close.min", "%s is not between 0 and 100", p.Gates.HealthMin)
	}
	if p.SLA.Risk.Hours <= p.SLA.Risk.Warn {
		say("sla.risk.warn_hours", "%d is not before the deadline of %d hours", p.SLA.Risk.Warn, p.SLA.Risk.Hours)
	}
	if p.SLA.Dispute.Hours <= p.SLA.Dispute.Warn {
		say("sla.dispute.warn_hours", "%d is not before the deadline of %d hours", p.SLA.Dispute.Warn, p.SLA.Dispute.Hours)
	}
	if cap := p.Clawback.RecoveryCap; cap.Num < 0 || cap.Cmp(money.One) > 0 {
		say("clawback.recovery_cap", "%s is not between 0%% and 100%%", cap.Percent())
	}
	return out
}

type sayer = func(path, format string, args ...any)

// checkWeights holds the weights to exactly the whole, in any components that
// have one.
func (p *Plan) checkWeights(say sayer) {
	total, any := new(big.Rat), false
	for i, c := range p.Components {
		if c.Weight == nil {
			continue
		}
		any = true
		if c.Weight.Num < 0 {
			say(fmt.Sprintf("components[%d].weight", i), "%s is below zero", c.Weight.Percent())
		}
		total.Add(total, c.Weight.Rat())
	}
	if any && total.Cmp(whole) != 0 {
		say("components", "weights sum to %s, not 100%%", money.Percent(total))
	}
}

var whole = big.NewRat(1, 1)

func (c *Component) check(path string, say sayer) {
	switch c.Kind {
	case Retention, NetRetention:
		c.needWeight(path, say)
		if c.Floor.Cmp(c.Target) >= 0 {
			say(path+".floor", "%s is not below the target %s", c.Floor.Percent(), c.Target.Percent())
		}
		if c.Target.Cmp(c.Stretch) >= 0 {
			say(path+".stretch", "%s is not above the target %s", c.Stretch.Percent(), c.Target.Percent())
		}
		if c.Floor.Num < 0 {
			say(path+".floor", "%s is below zero", c.Floor.Percent())
		}
	case Expansion:
		c.checkExpansion(path, say)
	case Sourcing:
		if c.Rate.Num <= 0 {
			say(path+".rate", "%s is not above zero", c.Rate.Percent())
		}
	case Objectives:
		c.needWeight(path, say)
		total := new(big.Rat)
		for _, o := range c.Objectives {
			total.Add(total, o.Weight.Rat())
		}
		if total.Cmp(whole) != 0 {
			say(path+".objectives", "weights sum to %s, not 100%%", money.Percent(total))
		}
	case Health:
		c.needWeight(path, say)
	case Spif:
		c.checkTable(path, say)
	}
}

func (c *Component) needWeight(path string, say sayer) {
	if c.Weight == nil {
		say(path+".weight", "is missing: kind %s is paid from a share of the variable", c.Kind)
	}
}

func (c *Component) checkExpansion(path string, say sayer) {
	switch c.Basis {
	case "pool":
		c.needWeight(path, say)
		switch {
		case c.AnnualARR != nil && c.AnnualARR.Minor <= 0:
			say(path+".target.annual_arr", "%s is not above zero", c.AnnualARR.Decimal())
		case c.PercentOfBook != nil && c.PercentOfBook.Num <= 0:
			say(path+".target.percent_of_book", "%s is not above zero", c.PercentOfBook.Percent())
		}
	case "mrr":
		c.noWeight(path, say)
		if c.Rate.Num <= 0 {
			say(path+".rate", "%s is not above zero", c.Rate.Percent())
		}
	case "fixed":
		c.noWeight(path, say)
		c.checkTable(path, say)
	}
	for i, t := range c.Tiers {
		if i == 0 && t.From.Num != 0 {
			say(path+".tiers[0].from", "%s: the first tier starts at 0%%", t.From.Percent())
		}
		if i > 0 && c.Tiers[i-1].From.Cmp(t.From) >= 0 {
			say(fmt.Sprintf("%s.tiers[%d].from", path, i), "%s is not above the tier before", t.From.Percent())
		}
		if t.Rate.Num < 0 {
			say(fmt.Sprintf("%s.tiers[%d].rate", path, i), "%s is below zero", t.Rate)
		}
	}
}

func (c *Component) noWeight(path string, say sayer) {
	if c.Weight != nil {
		say(path+".weight", "does not go with basis %s", c.Basis)
	}
}

func (c *Component) checkTable(path string, say sayer) {
	if len(c.Table) == 0 {
		say(path+".table", "is missing")
	}
	for i, row := range c.Table {
		if i > 0 && c.Table[i-1].From.Minor >= row.From.Minor {
			say(fmt.Sprintf("%s.table[%d].from", path, i), "%s is not above the row before", row.From.Decimal())
		}
	}
}

func (c *Crediting) check(say sayer) {
	for i, b := range c.Bands {
		path := fmt.Sprintf("crediting.bands[%d]", i)
		last := i == len(c.Bands)-1
		switch {
		case b.Edge == nil && !last:
			say(path, "only the last band has no upper edge")
		case b.Edge != nil && last:
			say(path, "the last band must be open above, with the edge %s of the band before it (above: …)", b.Edge.Decimal())
		case i > 0 && b.Edge != nil && c.Bands[i-1].Edge != nil && b.Edge.Minor <= c.Bands[i-1].Edge.Minor:
			say(path, "%s is not above the band before", b.Edge.Decimal())
		}
		if sum := new(big.Rat).Add(b.CSM.Rat(), b.AE.Rat()); sum.Cmp(whole) != 0 && c.Mode != "dual" {
			say(path, "csm %s and ae %s sum to %s, not 100%%", b.CSM.Percent(), b.AE.Percent(), money.Percent(sum))
		}
		if b.CSM.Num < 0 || b.AE.Num < 0 {
			say(path, "a share is below zero")
		}
	}
	if len(c.Bands) == 0 && c.Mode == "split" {
		say("crediting.bands", "is empty")
	}
}

// check finds what versions contradict each other about.
func (s Set) check() []Problem {
	var out []Problem
	for i, p := range s {
		for _, q := range s[i+1:] {
			switch {
			case p.Name == q.Name && p.Version == q.Version:
				out = append(out, Problem{"version", fmt.Sprintf("%s is given twice", p.ID())})
			case p.Name == q.Name && (p.EffectiveFrom == q.EffectiveFrom || q.Version < p.Version):
				out = append(out, Problem{"effective_from", fmt.Sprintf("%s does not take effect after %s", q.ID(), p.ID())})
			case s.overlap(p, q):
				if d := differences(p, q); len(d) > 0 {
					out = append(out, Problem{"", fmt.Sprintf("%s and %s are in force on one day and differ in %s, which is the tenant's",
						p.ID(), q.ID(), strings.Join(d, ", "))})
				}
			}
		}
	}
	return out
}

// overlap reports whether two versions of different plans share a day.
func (s Set) overlap(p, q *Plan) bool {
	if p.Name == q.Name {
		return false
	}
	later := max(p.EffectiveFrom, q.EffectiveFrom)
	return s.InForce(p.Name, later) == p && s.InForce(q.Name, later) == q
}

func differences(p, q *Plan) []string {
	var d []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"timezone", p.Zone.String() == q.Zone.String()},
		{"currency", p.Currency == q.Currency},
		{"periods", p.Periods == q.Periods},
		{"ledger_starts_on", p.LedgerStarts == q.LedgerStarts || p.LedgerStarts != nil && q.LedgerStarts != nil && *p.LedgerStarts == *q.LedgerStarts},
		{"sla", p.SLA.equal(q.SLA)},
		{"evidence", p.Evidence == q.Evidence},
		{"exceptions", slices.Equal(p.Exceptions.ApprovedBy, q.Exceptions.ApprovedBy)},
	} {
		if !f.same {
			d = append(d, f.name)
		}
	}
	return d
}

func (s SLA) equal(t SLA) bool {
	return s.Risk.Below.Cmp(t.Risk.Below) == 0 && s.Risk.Hours == t.Risk.Hours && s.Risk.Warn == t.Risk.Warn && s.Risk.Clock == t.Risk.Clock &&
		s.Dispute == t.Dispute && s.RenewalWindowDays == t.RenewalWindowDays && slices.Equal(s.ExpansionReviewDays, t.ExpansionReviewDays) &&
		alike(s.Business.Days, t.Business.Days) && s.Business.From == t.Business.From && s.Business.To == t.Business.To &&
		alike(s.Business.Holidays, t.Business.Holidays)
}

// alike reports whether two lists hold the same, in whatever order they were
// written.
func alike[T cmp.Ordered](a, b []T) bool {
	return slices.Equal(a, b) || slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
