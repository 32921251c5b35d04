package planfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// contradictions reports what well-formed fields say against each other: what
// plan.Check finds, and what this package adds to it. Nothing is said about a
// field that depends on one already reported.
func (d *decoder) contradictions(p *plan.Plan) {
	for _, problem := range append(p.Check(), nonsense(p)...) {
		if !d.clouded(problem.Path) {
			d.addf(d.line(problem.Path), problem.Path, "%s", problem.Text)
		}
	}
}

// nonsense is what plan.Check lets pass and no plan can mean: divisions by
// zero, thresholds out of order, names used twice.
func nonsense(p *plan.Plan) []plan.Problem {
	var out []plan.Problem
	say := func(path, format string, args ...any) {
		out = append(out, plan.Problem{Path: path, Text: fmt.Sprintf(format, args...)})
	}
	for i := range p.Components {
		c := &p.Components[i]
		path := index("components", i)
		if owner := ownLines[c.ID]; owner != "" && owner != c.Kind {
			say(path+".id", "%q is what the lines of %s are called", c.ID, owner)
		}
		unreachable(path, c, say)
		checkObjectives(path+".objectives", c.Objectives, say)
	}
	if p.SLA.Risk.Below.Num == 0 || p.SLA.Risk.Below.Cmp(money.Ratio{Num: 100, Den: 1}) > 0 {
		say("sla.risk.below", "%s is not above 0 and at most 100", p.SLA.Risk.Below)
	}
	if b := p.SLA.Business; len(b.Days) == 0 {
		say("sla.business.days", "is empty: no working time would ever pass")
	}
	if b := p.SLA.Business; b.From >= b.To {
		say("sla.business.to", "%s is not after %s, where the day starts", b.To, b.From)
	}
	if f := p.Flags; f.PortfolioTooLarge <= f.PortfolioLarge {
		say("flags.portfolio_too_large", "%d is not above portfolio_large, %d", f.PortfolioTooLarge, f.PortfolioLarge)
	}
	return out
}

// ownLines are components that lines have which no component of a plan pays,
// and what pays them. A spif component may share its name with awarded SPIFs.
var ownLines = map[string]string{
	"accelerator": "accelerators", "manual": "adjustments", "opening": "opening balances", "payout": "payouts", "spif": plan.Spif,
}

// unreachable finds targets nothing can meet, and multipliers that pay less for more.
func unreachable(path string, c *plan.Component, say func(path, format string, args ...any)) {
	m := c.Multiplier
	switch {
	case c.Kind == plan.Health && c.Target.Num == 0:
		say(path+".target", "0%% is not above zero")
	case c.Kind == plan.Health && c.Target.Cmp(money.One) > 0:
		say(path+".target", "%s is above 100%%: it is a share of the book", c.Target.Percent())
	case c.Kind == plan.Retention && c.Target.Cmp(money.One) > 0:
		say(path+".target", "%s is above 100%%, which gross retention never is", c.Target.Percent())
	}
	if c.Kind != plan.Retention && c.Kind != plan.NetRetention {
		return
	}
	if m.AtTarget.Cmp(m.BelowFloor) < 0 {
		say(path+".multiplier.at_target", "%s is below below_floor, %s", m.AtTarget, m.BelowFloor)
	}
	if m.AtStretch.Cmp(m.AtTarget) < 0 {
		say(path+".multiplier.at_stretch", "%s is below at_target, %s", m.AtStretch, m.AtTarget)
	}
}

// shares are the objectives whose figure is a share, never above 100%.
var shares = []string{"health_updates", "reviews", "risk_response"}

// checkObjectives looks at the objectives of one component. An id that is not
// known is fine: its figure is attested.
func checkObjectives(path string, objectives []plan.Objective, say func(path, format string, args ...any)) {
	seen := map[string]bool{}
	for i, o := range objectives {
		at := index(path, i)
		if seen[o.ID] {
			say(at+".id", "%q is used twice", o.ID)
		}
		seen[o.ID] = true
		switch {
		case o.Target.Num == 0:
			say(at+".target", "0 is not above zero")
		case slices.Contains(shares, o.ID) && o.Target.Cmp(money.One) > 0:
			say(at+".target", "%s is above 100%%, which %s never is", o.Target.Percent(), o.ID)
		}
	}
}

// siblings are the other fields a problem with a field depends on, as
// replacements of the end of its path.
var siblings = []struct {
	path *regexp.Regexp
	on   []string
}{
	{regexp.MustCompile(`^components\[\d+\]\.(floor|stretch)$`), []string{"target"}},
	{regexp.MustCompile(`^components\[\d+\]\.(weight|rate|table)$`), []string{"kind", "basis"}},
	{regexp.MustCompile(`\.multiplier\.at_target$`), []string{"below_floor"}},
	{regexp.MustCompile(`\.multiplier\.at_stretch$`), []string{"at_target"}},
	{regexp.MustCompile(`^components\[\d+\]\.id$`), []string{"kind"}},
	{regexp.MustCompile(`\.warn_hours$`), []string{"hours"}},
	{regexp.MustCompile(`^sla\.business\.to$`), []string{"from"}},
	{regexp.MustCompile(`^flags\.portfolio_too_large$`), []string{"portfolio_large"}},
}

// weighty are the parts of a list of weighted things that its sum depends on.
var weighty = regexp.MustCompile(`^\[\d+\](\.(weight|kind|basis))?$`)

// clouded reports whether a problem at path may come from a field that is
// already known to be wrong: one at, above or below it, or one it is compared
// with.
func (d *decoder) clouded(path string) bool {
	for up := path; up != ""; up = parent(up) {
		if d.bad[up] {
			return true
		}
	}
	switch {
	case path == "components" || strings.HasSuffix(path, ".objectives"):
		return d.unsummable(path)
	case d.above[path], d.afterBad(path):
		return true
	case strings.HasPrefix(path, "crediting.bands"):
		return d.bad["crediting.mode"]
	}
	for _, s := range siblings {
		for _, key := range s.on {
			if s.path.MatchString(path) && d.bad[join(parent(path), key)] {
				return true
			}
		}
	}
	return false
}

// unsummable reports whether a weight in the list at path is not known.
func (d *decoder) unsummable(path string) bool {
	for bad := range d.bad {
		if rest, ok := strings.CutPrefix(bad, path); ok && weighty.MatchString(rest) {
			return true
		}
	}
	return false
}

var itemOf = regexp.MustCompile(`^(.*\.(?:tiers|table|bands))\[(\d+)\](.*)$`)

// afterBad reports whether path is in an ascending list and the item before it
// is wrong, so that the comparison of the two means nothing.
func (d *decoder) afterBad(path string) bool {
	m := itemOf.FindStringSubmatch(path)
	if m == nil {
		return false
	}
	var i int
	if _, err := fmt.Sscan(m[2], &i); err != nil || i == 0 {
		return false
	}
	before := index(m[1], i-1)
	return d.bad[before] || m[3] != "" && d.bad[before+m[3]]
}
