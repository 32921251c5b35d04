package naive

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// pipelineCredits are the credits of mode pipeline (§4, R34): when an
// opportunity is qualified, its first claimant is credited with it on that
// day, payable at once, and nothing takes it away. The rules are those of the
// account's CSM on that day.
func (w *world) pipelineCredits() []credit {
	found := map[event.OpportunityID]bool{}
	for _, e := range of[event.LeadSourced](w.told) {
		found[e.Opportunity] = true
	}
	var out []credit
	for _, o := range sorted(found) {
		lead := w.qualified(o)
		if lead == nil {
			continue
		}
		on := w.date(lead.At)
		d := &deal{opportunity: o, account: lead.Account, booked: on, left: civil.Never}
		d.csm = w.owner(d.account, event.CSM, on)
		rules := w.rulesOf(d.csm, on)
		if rules == nil || rules.Crediting.Mode != "pipeline" {
			continue
		}
		arr, known := w.pipelineARR(o, on)
		p := w.claims(o)[0]
		in, terminated := w.employed(p, on)
		if !known || terminated {
			continue
		}
		d.arr = arr
		c := credit{payee: p, deal: d, arr: arr, quota: true, in: in, pays: w.planOf(in, on), judged: rules, fate: &fate{deal: d}, opens: on, forfeits: civil.Never}
		if c.pays != nil {
			c.judged = c.pays
		}
		out = append(out, c)
	}
	return out
}

// pipelineARR is what a qualified opportunity is worth: its won statement's,
// else that of the latest stage that tells one, else the estimate of the
// latest hand-off, else nothing. false: there is no rate for it.
func (w *world) pipelineARR(o event.OpportunityID, on civil.Date) (int64, bool) {
	switch e := w.wonStatement(o).(type) {
	case event.ExpansionBooked:
		return w.converted(e.ARR, on)
	case event.ExpansionStage:
		return w.converted(e.ARR, on)
	}
	var stage *event.ExpansionStage
	for _, e := range of[event.ExpansionStage](w.told) {
		if e.Opportunity == o && e.ARR.Currency != "" && counts(w.tenant.Evidence.Expansion, e) {
			stage = &e
		}
	}
	if stage != nil {
		return w.converted(stage.ARR, on)
	}
	var handoff *event.HandoffLogged
	for _, e := range of[event.HandoffLogged](w.told) {
		if e.Opportunity == o && e.EstimatedARR != nil {
			handoff = &e
		}
	}
	if handoff != nil {
		return w.converted(*handoff.EstimatedARR, on)
	}
	return 0, true
}
