package planfile

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Canonical is p as YAML with every field written out, in one order and one
// spelling. Decode of it gives an equal plan, and plans that mean the same have
// the same bytes; their SHA-256 is the version's id. So these bytes must never
// change: a new field is written only where it is not at its default.
func Canonical(p *plan.Plan) []byte {
	var w writer
	w.linef("plan: %s", str(string(p.Name)))
	w.linef("version: %d", p.Version)
	w.linef("effective_from: %s", p.EffectiveFrom)
	w.linef("timezone: %s", str(p.Zone.String()))
	w.linef("currency: %s", p.Currency)
	w.linef("ownership: %s", p.Ownership)
	w.linef("applies_to: {roles: %s, segments: %s}", strs(sorted(p.AppliesTo.Roles)), strs(sorted(p.AppliesTo.Segments)))
	w.linef("variable_annual: %s", p.Variable.Decimal())
	w.linef("periods: {kind: %s, year_starts: %02d-%02d, lock_after_days: %d}", p.Periods.Kind,
		max(p.Periods.Calendar.StartMonth, time.January), max(p.Periods.Calendar.StartDay, 1), p.Periods.LockAfterDays)
	if p.LedgerStarts != nil {
		w.linef("ledger_starts_on: %s", *p.LedgerStarts)
	}
	w.linef("proration: %s", p.Proration)
	w.linef("components:")
	for i := range p.Components {
		w.component(&p.Components[i])
	}
	w.crediting(&p.Crediting)
	w.linef("gates:")
	w.linef("  health_at_close: {min: %s, missing: %s}", dec(p.Gates.HealthMin), p.Gates.HealthMissing)
	w.linef("  review_completion: {min: %s}", pct(p.Gates.ReviewsAtLeast))
	w.payability(&p.Payability)
	w.clawback(&p.Clawback)
	w.sla(&p.SLA)
	w.linef("evidence: {renewal: %s, churn: %s, expansion: %s}", p.Evidence.Renewal, p.Evidence.Churn, p.Evidence.Expansion)
	w.linef("exceptions: {approved_by: %s}", strs(sorted(p.Exceptions.ApprovedBy)))
	w.linef("flags: {portfolio_large: %d, portfolio_too_large: %d, handoff_broken: %s}",
		p.Flags.PortfolioLarge, p.Flags.PortfolioTooLarge, pct(p.Flags.HandoffBroken))
	return w.Bytes()
}

type writer struct{ bytes.Buffer }

func (w *writer) linef(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

func (w *writer) component(c *plan.Component) {
	w.linef("  - id: %s", str(c.ID))
	w.linef("    kind: %s", c.Kind)
	if c.Weight != nil {
		w.linef("    weight: %s", pct(*c.Weight))
	}
	switch c.Kind {
	case plan.Retention, plan.NetRetention:
		w.linef("    window: %s", c.Window)
		w.linef("    floor: %s", pct(c.Floor))
		w.linef("    target: %s", pct(c.Target))
		w.linef("    stretch: %s", pct(c.Stretch))
		w.linef("    multiplier: {below_floor: %s, at_target: %s, at_stretch: %s}",
			dec(c.Multiplier.BelowFloor), dec(c.Multiplier.AtTarget), dec(c.Multiplier.AtStretch))
		w.linef("    curve: %s", c.Curve)
	case plan.Expansion:
		w.expansion(c)
	case plan.Sourcing:
		w.linef("    rate: %s", pct(c.Rate))
	case plan.Objectives:
		w.linef("    objectives:")
		for _, o := range c.Objectives {
			target := dec(o.Target)
			if o.Percent {
				target = pct(o.Target)
			}
			w.linef("      - {id: %s, weight: %s, target: %s}", str(o.ID), pct(o.Weight), target)
		}
	case plan.Health:
		w.linef("    target: %s", pct(c.Target))
	case plan.Spif:
		w.table(c.Table)
	}
}

func (w *writer) expansion(c *plan.Component) {
	switch {
	case c.AnnualARR != nil:
		w.linef("    target: {annual_arr: %s}", c.AnnualARR.Decimal())
	case c.PercentOfBook != nil:
		w.linef("    target: {percent_of_book: %s}", pct(*c.PercentOfBook))
	}
	w.linef("    basis: %s", c.Basis)
	switch c.Basis {
	case "mrr":
		w.linef("    rate: %s", pct(c.Rate))
	case "fixed":
		w.table(c.Table)
	}
	w.linef("    tiers:")
	for _, t := range c.Tiers {
		w.linef("      - {from: %s, rate: %s}", pct(t.From), dec(t.Rate))
	}
	w.linef("    tier_mode: %s", c.TierMode)
	w.linef("    window: %s", c.Window)
}

func (w *writer) table(rows []plan.Amount) {
	w.linef("    table:")
	for _, r := range rows {
		w.linef("      - {from: %s, amount: %s}", r.From.Decimal(), r.Amount.Decimal())
	}
}

func (w *writer) crediting(c *plan.Crediting) {
	w.linef("crediting:")
	w.linef("  mode: %s", c.Mode)
	w.bands(c)
	w.linef("  slicing_days: %d", c.SlicingDays)
	w.linef("  handoff_above: %s", c.HandoffAbove.Decimal())
}

func (w *writer) bands(c *plan.Crediting) {
	if len(c.Bands) == 0 {
		w.linef("  bands: []")
		return
	}
	w.linef("  bands:")
	open := money.Money{Currency: c.HandoffAbove.Currency}
	for _, b := range c.Bands {
		edge := "above: " + open.Decimal()
		switch {
		case b.Edge == nil:
		case b.Inclusive:
			edge, open = "up_to: "+b.Edge.Decimal(), *b.Edge
		default:
			edge, open = "below: "+b.Edge.Decimal(), *b.Edge
		}
		w.linef("    - {%s, csm: %s, ae: %s}", edge, pct(b.CSM), pct(b.AE))
	}
}

func (w *writer) payability(x *plan.Payability) {
	w.linef("payability:")
	w.linef("  renewal: %s", x.Renewal)
	w.linef("  release: %s", x.Release)
	w.linef("  renewal_grace_days: %d", x.GraceDays)
	w.linef("  cash: %s", x.Cash)
	w.linef("  termination: %s", x.Termination)
}

func (w *writer) clawback(c *plan.Clawback) {
	w.linef("clawback:")
	w.linef("  window_days: %d", c.WindowDays)
	w.linef("  churn_date: %s", c.ChurnDate)
	w.linef("  contraction: %s", c.Contraction)
	w.linef("  basis: %s", c.Basis)
	w.linef("  recovery_cap: %s", pct(c.RecoveryCap))
}

func (w *writer) sla(s *plan.SLA) {
	w.linef("sla:")
	w.linef("  risk: {below: %s, hours: %d, warn_hours: %d, clock: %s}", dec(s.Risk.Below), s.Risk.Hours, s.Risk.Warn, s.Risk.Clock)
	w.linef("  dispute: {hours: %d, warn_hours: %d, clock: %s, decided_by: %s}",
		s.Dispute.Hours, s.Dispute.Warn, s.Dispute.Clock, str(s.Dispute.DecidedBy))
	w.linef("  renewal_window_days: %d", s.RenewalWindowDays)
	var days, holidays, reviews []string
	for _, d := range slices.SortedFunc(slices.Values(s.Business.Days), mondayFirst) {
		days = append(days, weekdays[d])
	}
	for _, d := range sorted(s.Business.Holidays) {
		holidays = append(holidays, d.String())
	}
	for _, d := range sorted(s.ExpansionReviewDays) {
		reviews = append(reviews, strconv.Itoa(d))
	}
	w.linef("  expansion_review_days: %s", flow(reviews))
	w.linef("  business: {days: %s, from: %q, to: %q, holidays: %s}", flow(days), s.Business.From, s.Business.To, flow(holidays))
}

func sorted[T cmp.Ordered](list []T) []T { return slices.Sorted(slices.Values(list)) }

func flow(items []string) string { return "[" + strings.Join(items, ", ") + "]" }

func strs[T ~string](list []T) string {
	items := make([]string, len(list))
	for i, s := range list {
		items[i] = str(string(s))
	}
	return flow(items)
}

// bare are the strings that every YAML reader takes for strings; reserved are
// those among them that some take for something else.
var (
	bare     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_/+.-]*$`)
	reserved = regexp.MustCompile(`^(?i:y|yes|n|no|on|off|true|false|null)$`)
)

// str is a string as a YAML scalar.
func str(s string) string {
	if bare.MatchString(s) && !reserved.MatchString(s) {
		return s
	}
	return strconv.Quote(s)
}

// pct is r in per cent, exactly, with only the decimals it needs.
func pct(r money.Ratio) string { return exact(r, 100) + "%" }

// dec is r as an exact decimal.
func dec(r money.Ratio) string { return exact(r, 1) }

// exact is r × times. Ratios read from a file are decimals of at most 15 places.
func exact(r money.Ratio, times int64) string {
	x := new(big.Rat).SetFrac(big.NewInt(r.Num), big.NewInt(max(r.Den, 1)))
	s := x.Mul(x, new(big.Rat).SetInt64(times)).FloatString(15)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
