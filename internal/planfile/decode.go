package planfile

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// plan reads the whole tree; what is wrong is in d.errs.
func (d *decoder) plan(root *yaml.Node) *plan.Plan {
	return d.planAt(value{d, root, "", nil})
}

func (d *decoder) planAt(v value) *plan.Plan {
	f := v.mapping()
	if !f.ok {
		return &plan.Plan{}
	}
	d.currency = defaultCurrency
	f.readCurrency()
	p := defaults(d.unit())
	word(f.need("plan"), &p.Name)
	f.need("version").whole(&p.Version, 1, 1_000_000)
	f.need("effective_from").date(&p.EffectiveFrom)
	p.Zone = mustZone(defaultZone)
	f.at("timezone").zone(&p.Zone)
	f.at("currency").note(currencyShape) // read first: every amount needs it
	choice(f.at("ownership"), &p.Ownership, "full", "split", "three_way", "non_commercial", "overlay", "pod", "banded")
	readAppliesTo(f.at("applies_to"), &p.AppliesTo)
	f.at("variable_annual").amount(&p.Variable)
	readPeriods(f.at("periods"), &p.Periods)
	if f.has("ledger_starts_on") {
		p.LedgerStarts = new(civil.Date)
	}
	if v := f.at("ledger_starts_on"); v.node != nil || v.shape != nil {
		v.date(p.LedgerStarts)
	}
	choice(f.at("proration"), &p.Proration, "days", "none")
	readComponents(f.need("components"), &p.Components)
	readCrediting(f.at("crediting"), &p.Crediting)
	readGates(f.at("gates"), &p.Gates)
	readPayability(f.at("payability"), &p.Payability)
	readClawback(f.at("clawback"), &p.Clawback)
	readSLA(f.at("sla"), &p.SLA)
	readEvidence(f.at("evidence"), &p.Evidence)
	readExceptions(f.at("exceptions"), &p.Exceptions)
	readFlags(f.at("flags"), &p.Flags)
	f.close(nil)
	return &p
}

// mustZone loads a zone that is compiled into the binary.
func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// readCurrency sets d.currency: the plan's, or none where it is wrong.
func (f *fields) readCurrency() {
	v := value{f.d, f.nodes["currency"], join(f.path, "currency"), nil}
	s, ok := v.text("a currency code such as USD")
	if ok {
		c, err := money.ParseCurrency(s)
		if err == nil {
			f.d.currency = c
			return
		}
		v.d.rejectf(v.path, "%q is not an ISO 4217 code such as USD", s)
	}
	if v.node != nil {
		f.d.currency = ""
	}
}

func readAppliesTo(v value, a *plan.AppliesTo) {
	f := v.mapping()
	oneRole := func(v value, into *event.Role) { choice(v, into, roles...) }
	set(f.at("roles"), &a.Roles, oneRole, cmp.Compare)
	set(f.at("segments"), &a.Segments, label, cmp.Compare)
	f.close(nil)
}

func readPeriods(v value, p *plan.Periods) {
	f := v.mapping()
	choice(f.at("kind"), &p.Kind, "quarter")
	readYearStart(f.at("year_starts"), &p.Calendar)
	f.at("lock_after_days").whole(&p.LockAfterDays, 0, 366)
	f.close(nil)
}

// readYearStart reads MM-DD. Later days than the 28th are not in every month,
// and quarters start on one day of their months.
func readYearStart(v value, c *civil.Calendar) {
	v.note(yearStartShape)
	s, ok := v.text("a day such as 01-01")
	if !ok {
		return
	}
	d, err := civil.ParseDate("2027-" + s)
	switch {
	case err != nil:
		v.d.rejectf(v.path, "%q is not a day of the year, written MM-DD, such as 01-01", s)
	case d.Day() > 28:
		v.d.rejectf(v.path, "%s is after the 28th, which not every month has", s)
	default:
		*c = civil.Calendar{StartMonth: d.Month(), StartDay: d.Day()}
	}
}

func readGates(v value, g *plan.Gates) {
	f := v.mapping()
	health := f.at("health_at_close").mapping()
	health.at("min").decimal(&g.HealthMin)
	choice(health.at("missing"), &g.HealthMissing, "hold", "pass", "fail")
	health.close(nil)
	reviews := f.at("review_completion").mapping()
	reviews.at("min").share(&g.ReviewsAtLeast)
	reviews.close(nil)
	f.close(nil)
}

func readPayability(v value, p *plan.Payability) {
	f := v.mapping()
	choice(f.at("renewal"), &p.Renewal, "hold", "advance", "off")
	choice(f.at("release"), &p.Release, "all", "surviving_arr")
	f.at("renewal_grace_days").whole(&p.GraceDays, 0, maxDays)
	choice(f.at("cash"), &p.Cash, "off", "invoice_paid")
	choice(f.at("termination"), &p.Termination, "keep", "forfeit")
	f.close(nil)
}

func readClawback(v value, c *plan.Clawback) {
	f := v.mapping()
	f.at("window_days").whole(&c.WindowDays, 0, maxDays)
	choice(f.at("churn_date"), &c.ChurnDate, "effective", "notice", "earlier_of")
	choice(f.at("contraction"), &c.Contraction, "proportional_lifo", "ignore", "full")
	choice(f.at("basis"), &c.Basis, "recompute", "as_paid")
	f.at("recovery_cap").share(&c.RecoveryCap)
	f.close(nil)
}

const (
	maxDays  = 3660     // ten years
	maxHours = 24 * 366 // a year
)

func readSLA(v value, s *plan.SLA) {
	f := v.mapping()
	risk := f.at("risk").mapping()
	risk.at("below").decimal(&s.Risk.Below)
	risk.at("hours").whole(&s.Risk.Hours, 1, maxHours)
	risk.at("warn_hours").whole(&s.Risk.Warn, 0, maxHours)
	choice(risk.at("clock"), &s.Risk.Clock, "elapsed", "business")
	risk.close(nil)
	dispute := f.at("dispute").mapping()
	dispute.at("hours").whole(&s.Dispute.Hours, 1, maxHours)
	dispute.at("warn_hours").whole(&s.Dispute.Warn, 0, maxHours)
	choice(dispute.at("clock"), &s.Dispute.Clock, "elapsed", "business")
	word(dispute.at("decided_by"), &s.Dispute.DecidedBy)
	dispute.close(nil)
	f.at("renewal_window_days").whole(&s.RenewalWindowDays, 0, maxDays)
	oneDay := func(v value, into *int) { v.whole(into, 1, maxDays) }
	set(f.at("expansion_review_days"), &s.ExpansionReviewDays, oneDay, cmp.Compare)
	readBusiness(f.at("business"), &s.Business)
	f.close(nil)
}

var weekdays = [...]string{
	time.Sunday: "sun", time.Monday: "mon", time.Tuesday: "tue", time.Wednesday: "wed",
	time.Thursday: "thu", time.Friday: "fri", time.Saturday: "sat",
}

func readBusiness(v value, b *plan.Business) {
	f := v.mapping()
	oneDay := func(v value, into *time.Weekday) {
		var name string
		choice(v, &name, append(slices.Clone(weekdays[1:]), weekdays[0])...)
		for day, n := range weekdays {
			if n == name {
				*into = time.Weekday(day)
			}
		}
	}
	f.at("days").note(filled)
	set(f.at("days"), &b.Days, oneDay, mondayFirst)
	f.at("from").clock(&b.From)
	f.at("to").clock(&b.To)
	set(f.at("holidays"), &b.Holidays, value.date, cmp.Compare)
	f.close(nil)
}

func mondayFirst(a, b time.Weekday) int { return cmp.Compare((a+6)%7, (b+6)%7) }

func readEvidence(v value, e *plan.Evidence) {
	f := v.mapping()
	for _, one := range []struct {
		key  string
		into *string
	}{{"renewal", &e.Renewal}, {"churn", &e.Churn}, {"expansion", &e.Expansion}} {
		choice(f.at(one.key), one.into, "crm", "billing", "any")
	}
	f.close(nil)
}

func readExceptions(v value, e *plan.Exceptions) {
	f := v.mapping()
	set(f.at("approved_by"), &e.ApprovedBy, word, cmp.Compare)
	f.close(nil)
}

func readFlags(v value, x *plan.Flags) {
	f := v.mapping()
	f.at("portfolio_large").whole(&x.PortfolioLarge, 1, 1_000_000)
	f.at("portfolio_too_large").whole(&x.PortfolioTooLarge, 1, 1_000_000)
	f.at("handoff_broken").share(&x.HandoffBroken)
	f.close(nil)
}

// index is a path's step into a list.
func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
