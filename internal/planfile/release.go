package planfile

import (
	"fmt"
	"strings"

	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// What this release reads but does not compute. Delete a row when its rule is
// written; when both tables are empty, delete this file.

// A gap is one such thing: where it is in a plan, and what to say of it. Of
// component gaps the path is below each component. has answers with the value
// as it is in the plan, empty where the plan does without.
type gap[T any] struct {
	path, text string
	has        func(T) string
}

// planNotices and componentNotices leave out pay or advice; the lines that are
// computed are right.
var (
	planNotices = []gap[*plan.Plan]{
		{"gates.review_completion", "the minimum of %s is not applied in this release: there are no accelerators for it to stop", func(p *plan.Plan) string {
			return unless(p.Gates.ReviewsAtLeast.Num == 0, p.Gates.ReviewsAtLeast.Percent())
		}},
		{"clawback.contraction", "%s is not applied in this release: a contraction takes nothing back from deals", func(p *plan.Plan) string {
			return unless(p.Clawback.Contraction == "ignore", p.Clawback.Contraction)
		}},
		{"clawback.recovery_cap", "%s is not applied in this release: a debt takes all of what is payable", func(p *plan.Plan) string {
			return unless(p.Clawback.RecoveryCap.Cmp(money.One) == 0, p.Clawback.RecoveryCap.Percent())
		}},
	}
	componentNotices = []gap[*plan.Component]{
		{"kind", "%s pays nothing in this release", func(c *plan.Component) string {
			return unless(c.Kind == plan.Retention || c.Kind == plan.Expansion, c.Kind)
		}},
		{"tiers", "the accelerator (%s) is not paid in this release: every deal earns 1.0", uplift},
		{"window", "%s changes nothing in this release, which pays no accelerators", func(c *plan.Component) string {
			return unless(c.Kind != plan.Expansion || c.Window != "ytd", c.Window)
		}},
	}
)

// planRefusals and componentRefusals would make computed lines wrong.
var (
	planRefusals = []gap[*plan.Plan]{
		{"crediting.mode", "%s is not computed in this release; only split is", func(p *plan.Plan) string {
			return unless(p.Crediting.Mode == "split", p.Crediting.Mode)
		}},
		{"payability.release", "%s is not computed in this release; only all is", func(p *plan.Plan) string {
			return unless(p.Payability.Release == "all", p.Payability.Release)
		}},
		{"payability.cash", "%s is not computed in this release; only off is", func(p *plan.Plan) string {
			return unless(p.Payability.Cash == "off", p.Payability.Cash)
		}},
		{"payability.termination", "%s is not computed in this release; only keep is", func(p *plan.Plan) string {
			return unless(p.Payability.Termination == "keep", p.Payability.Termination)
		}},
		{"clawback.churn_date", "%s is not computed in this release; only effective is", func(p *plan.Plan) string {
			return unless(p.Clawback.ChurnDate == "effective", p.Clawback.ChurnDate)
		}},
		{"clawback.basis", "%s is not computed in this release; only recompute is", func(p *plan.Plan) string {
			return unless(p.Clawback.Basis == "recompute", p.Clawback.Basis)
		}},
		{"sla.risk.clock", "%s is not computed in this release; only elapsed is", func(p *plan.Plan) string {
			return unless(p.SLA.Risk.Clock == "elapsed", p.SLA.Risk.Clock)
		}},
	}
	componentRefusals = []gap[*plan.Component]{
		{"basis", "%s is not computed in this release; only pool is", func(c *plan.Component) string {
			return unless(c.Kind != plan.Expansion || c.Basis == "pool", c.Basis)
		}},
		{"target.percent_of_book", "%s: a target from the book is not computed in this release; only annual_arr is", func(c *plan.Component) string {
			if c.PercentOfBook == nil {
				return ""
			}
			return c.PercentOfBook.Percent()
		}},
	}
)

// Notices says what this release reads in p but does not compute, a sentence
// each, with its path.
func Notices(p *plan.Plan) []string {
	var out []string
	for _, n := range gaps(p, planNotices, componentNotices) {
		out = append(out, n.String())
	}
	return out
}

// Refuse says which choices of p this release would compute wrong lines for.
// A plan with any must not be used to pay.
func Refuse(p *plan.Plan) []plan.Problem {
	return gaps(p, planRefusals, componentRefusals)
}

func gaps(p *plan.Plan, ofPlan []gap[*plan.Plan], ofComponent []gap[*plan.Component]) []plan.Problem {
	var out []plan.Problem
	for i := range p.Components {
		out = append(out, found(index("components", i)+".", &p.Components[i], ofComponent)...)
	}
	return append(out, found("", p, ofPlan)...)
}

func found[T any](prefix string, in T, list []gap[T]) []plan.Problem {
	var out []plan.Problem
	for _, g := range list {
		if value := g.has(in); value != "" {
			out = append(out, plan.Problem{Path: prefix + g.path, Text: fmt.Sprintf(g.text, value)})
		}
	}
	return out
}

func unless(fine bool, value string) string {
	if fine {
		return ""
	}
	return value
}

// uplift is the tiers that pay more or less than 1.0.
func uplift(c *plan.Component) string {
	var tiers []string
	for _, t := range c.Tiers {
		if t.Rate.Cmp(money.One) != 0 {
			tiers = append(tiers, fmt.Sprintf("%s from %s", t.Rate, t.From.Percent()))
		}
	}
	return strings.Join(tiers, ", ")
}
