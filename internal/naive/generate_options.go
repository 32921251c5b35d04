package naive

import (
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// tenantOptions are what features choose for all plans.
func (g *generator) tenantOptions(p *plan.Plan) {
	if g.on(LedgerStart) {
		from := pick(g.rand(LedgerStart), []civil.Date{
			civil.On(2026, time.April, 1), civil.On(2026, time.July, 1), civil.On(2026, time.August, 20), civil.On(2027, time.January, 1),
		})
		p.LedgerStarts = &from
	}
	if g.on(Business) {
		r := g.rand(Business)
		p.SLA.Risk.Clock = pick(r, []string{"business", "business", "elapsed"})
		p.SLA.Risk.Hours = pick(r, []int{40, 16, 168})
		p.SLA.Risk.Warn = 8
		p.SLA.Dispute.Clock = pick(r, []string{"business", "elapsed"})
		p.SLA.Dispute.Hours = pick(r, []int{16, 48})
		p.SLA.Business.From = pick(r, []string{"09:00", "08:30"})
		p.SLA.Business.Holidays = []civil.Date{civil.On(2026, time.July, 3), civil.On(2026, time.December, 25), civil.On(2027, time.January, 1)}
		if r.IntN(3) == 0 {
			p.SLA.Business.Days = []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday}
		}
	}
	if g.on(Exceptions) {
		p.Exceptions.ApprovedBy = pick(g.rand(Exceptions), [][]string{{"cfo", "director_revops", "vp_cs"}, {"cfo", "director_revops", "vp_cs"}, {"cfo", "vp_cs"}})
	}
	if g.on(Disputes) && g.rand(Disputes).IntN(6) == 0 {
		p.SLA.Dispute.DecidedBy = "vp_cs"
	}
}

// options are what features choose for one plan.
func (g *generator) options(p *plan.Plan) {
	if g.on(Modes) {
		p.Crediting.Mode = pick(g.rand(Modes), []string{"dual", "pipeline", "pod", "spif", "split"})
	}
	if g.on(Handoff) {
		r := g.rand(Handoff)
		p.Ownership = pick(r, []string{"split", "three_way", "split", "banded"})
		p.Crediting.HandoffAbove = money.Money{Minor: pick(r, []int64{15_000_00, 24_000_00, 24_999_99, 100_000_00}), Currency: p.Currency}
	}
	if g.on(Pods) {
		p.Ownership = pick(g.rand(Pods), []string{"pod", "pod", "pod", p.Ownership})
	}
	g.gateOptions(p)
	g.lossOptions(p)
}

func (g *generator) gateOptions(p *plan.Plan) {
	if g.on(Accelerators) {
		r := g.rand(Accelerators)
		p.Gates.ReviewsAtLeast = pick(r, []money.Ratio{percent(80), percent(50), percent(0), percent(0), percent(0)})
		// One for all versions: what a year's quarters of one basis make of another's
		// shares is no rule but the engine's own choice.
		p.Clawback.Basis = []string{"recompute", "as_paid"}[g.seed>>5&1]
	}
	if g.on(Surviving) {
		p.Payability.Release = pick(g.rand(Surviving), []string{"surviving_arr", "surviving_arr", "surviving_arr", "all"})
	}
	if g.on(Cash) {
		p.Payability.Cash = pick(g.rand(Cash), []string{"invoice_paid", "invoice_paid", "off"})
	}
	if g.on(Forfeit) {
		p.Payability.Termination = pick(g.rand(Forfeit), []string{"forfeit", "forfeit", "keep"})
	}
}

func (g *generator) lossOptions(p *plan.Plan) {
	if g.on(Notices) {
		p.Clawback.ChurnDate = pick(g.rand(Notices), []string{"notice", "earlier_of", "effective"})
	}
	if g.on(Contractions) {
		p.Clawback.Contraction = pick(g.rand(Contractions), []string{"proportional_lifo", "proportional_lifo", "full", "ignore"})
	}
}
