package wire

import "github.com/trueup/trueup/domain/event"

var (
	expansionKinds = []string{"seats", "module", "uplift", "consumption", "price"}
	dealFlags      = []string{"new_module", "procurement", "legal", "multi_year", "executive"}
)

func expansionBooked(f *form, e *event.ExpansionBooked) {
	f.header(&e.Header)
	id(f, "opportunity_id", &e.Opportunity, must)
	id(f, "account_id", &e.Account, must)
	f.amount("incremental_arr", &e.ARR, must, aboveZero)
	f.instant("closed_at", &e.ClosedAt, must)
	oneOf(f, "expansion_kind", &e.Kind, must, expansionKinds)
	dealPeople(f, &e.Deal)
}

func dealPeople(f *form, d *event.Deal) {
	id(f, "csm_id", &d.CSM, may)
	id(f, "ae_id", &d.AE, may)
	id(f, "sourced_by", &d.SourcedBy, may)
	f.set("flags", &d.Flags, dealFlags)
}

func expansionCancelled(f *form, e *event.ExpansionCancelled) {
	f.header(&e.Header)
	id(f, "opportunity_id", &e.Opportunity, must)
	id(f, "account_id", &e.Account, must)
	f.date("cancelled_on", &e.On, must)
	f.text("reason", &e.Reason, must)
}

func upliftScheduled(f *form, e *event.UpliftScheduled) {
	f.header(&e.Header)
	id(f, "opportunity_id", &e.Opportunity, must)
	id(f, "account_id", &e.Account, must)
	f.instant("signed_at", &e.SignedAt, must)
	var last event.UpliftStep
	list(f, "steps", &e.Steps, must, func(f *form, s *event.UpliftStep) {
		f.date("effective_on", &s.Effective, must)
		f.amount("incremental_arr", &s.ARR, must, aboveZero)
		if s.Effective <= last.Effective {
			f.fail(BadDate, "effective_on", "%v is not after that of the step before, %v", s.Effective, last.Effective)
		}
		last = *s
	})
	if len(e.Steps) == 0 {
		f.fail(MissingField, "steps", "has no step; at least one is needed")
	}
}

func handoffLogged(f *form, e *event.HandoffLogged) {
	f.header(&e.Header)
	id(f, "opportunity_id", &e.Opportunity, must)
	id(f, "account_id", &e.Account, must)
	f.instant("logged_at", &e.LoggedAt, must)
	f.text("business_objective", &e.BusinessObjective, may)
	f.text("sku", &e.SKU, may)
	maybe(f, "estimated_arr", &e.EstimatedARR, (*form).aFloor)
	f.text("economic_buyer", &e.EconomicBuyer, may)
}

func handoffIntroduced(f *form, e *event.HandoffIntroduced) {
	f.header(&e.Header)
	id(f, "opportunity_id", &e.Opportunity, must)
	id(f, "account_id", &e.Account, must)
	f.instant("at", &e.At, must)
}

func handoffClosed(f *form, e *event.HandoffClosed) {
	f.header(&e.Header)
	id(f, "opportunity_id", &e.Opportunity, must)
	id(f, "account_id", &e.Account, must)
	f.instant("at", &e.At, must)
	f.text("final_terms", &e.FinalTerms, may)
	f.text("reasons", &e.Reasons, may)
	f.text("commitments", &e.Commitments, may)
}

func leadSourced(f *form, e *event.LeadSourced) {
	f.header(&e.Header)
	id(f, "opportunity_id", &e.Opportunity, must)
	id(f, "account_id", &e.Account, must)
	id(f, "payee_id", &e.Payee, must)
	id(f, "stage", &e.Stage, must)
	f.instant("at", &e.At, must)
}
