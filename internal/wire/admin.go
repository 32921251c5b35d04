package wire

import "github.com/trueup/trueup/domain/event"

var exceptionKinds = []string{"merger", "other"}

func planPublished(f *form, e *event.PlanPublished) {
	f.header(&e.Header)
	f.text("plan_yaml", &e.YAML, must)
	list(f, "approvals", &e.Approvals, may, func(f *form, a *event.Approval) {
		id(f, "role", &a.Role, must)
		id(f, "by", &a.By, must)
		f.instant("at", &a.At, must)
	})
	f.optionalBy()
}

// optionalBy takes by and by_role where the contract's heading asks for them
// but its table and the event have none; they are not kept.
func (f *form) optionalBy() {
	if f.reading {
		written := len(f.out)
		var ignored event.By
		id(f, "by", &ignored.By, may)
		id(f, "by_role", &ignored.ByRole, may)
		f.out = f.out[:written]
	}
}

func exceptionApproved(f *form, e *event.ExceptionApproved) {
	f.header(&e.Header)
	id(f, "exception_id", &e.Exception, must)
	id(f, "account_id", &e.Account, must)
	oneOf(f, "kind", &e.Kind, must, exceptionKinds)
	f.date("from", &e.From, must)
	maybe(f, "until", &e.Until, (*form).aDate)
	if e.Until != nil && *e.Until < e.From {
		f.fail(BadDate, "until", "%v is before from %v", *e.Until, e.From)
	}
	f.text("evidence", &e.Evidence, must)
	f.by(&e.By)
}

func disputeOpened(f *form, e *event.DisputeOpened) {
	f.header(&e.Header)
	id(f, "dispute_id", &e.Dispute, must)
	id(f, "opportunity_id", &e.Opportunity, must)
	id(f, "account_id", &e.Account, must)
	f.instant("opened_at", &e.OpenedAt, must)
	f.text("note", &e.Note, may)
	f.by(&e.By)
}

func disputeDecided(f *form, e *event.DisputeDecided) {
	f.header(&e.Header)
	id(f, "dispute_id", &e.Dispute, must)
	id(f, "opportunity_id", &e.Opportunity, must)
	id(f, "account_id", &e.Account, must)
	f.instant("decided_at", &e.DecidedAt, must)
	split(f, "split_bps", &e.Split)
	f.by(&e.By)
}

func objectiveAttested(f *form, e *event.ObjectiveAttested) {
	f.header(&e.Header)
	id(f, "payee_id", &e.Payee, must)
	f.quarter("period", &e.Period)
	id(f, "objective", &e.Objective, must)
	f.ratio("value", &e.Value, &percentString, zero, hundred)
	f.by(&e.By)
}

func adjustmentPosted(f *form, e *event.AdjustmentPosted) {
	f.header(&e.Header)
	id(f, "adjustment_id", &e.Adjustment, must)
	id(f, "payee_id", &e.Payee, must)
	f.amount("amount", &e.Amount, must, anySign)
	f.date("effective_on", &e.Effective, must)
	f.text("reason", &e.Reason, must)
	f.by(&e.By)
}

func spifAwarded(f *form, e *event.SpifAwarded) {
	f.header(&e.Header)
	id(f, "spif_id", &e.Spif, must)
	id(f, "payee_id", &e.Payee, must)
	f.amount("amount", &e.Amount, must, anySign)
	f.date("effective_on", &e.Effective, must)
	f.text("reason", &e.Reason, must)
	f.by(&e.By)
}

func factRetracted(f *form, e *event.FactRetracted) {
	f.header(&e.Header)
	f.object("retracted", must, e.Retracted == event.Identity{}, func() {
		attribute(f, "source", &e.Retracted.Source)
		attribute(f, "id", &e.Retracted.ID)
	})
	id(f, "account_id", &e.Account, may)
	id(f, "payee_id", &e.Payee, may)
	f.text("reason", &e.Reason, must)
	f.by(&e.By)
}

func balanceOpened(f *form, e *event.BalanceOpened) {
	f.header(&e.Header)
	id(f, "payee_id", &e.Payee, must)
	f.date("as_of", &e.AsOf, must)
	maybe(f, "held", &e.Held, (*form).anAmount)
	maybe(f, "payable", &e.Payable, (*form).anAmount)
	maybe(f, "paid", &e.Paid, (*form).anAmount)
	f.by(&e.By)
}

func parkedRetried(f *form, e *event.ParkedRetried) {
	f.header(&e.Header)
	id(f, "parked_id", &e.Parked, must)
	f.text("reason", &e.Reason, must)
	f.by(&e.By)
}

func parkedDiscarded(f *form, e *event.ParkedDiscarded) {
	f.header(&e.Header)
	id(f, "parked_id", &e.Parked, must)
	f.text("reason", &e.Reason, must)
	f.by(&e.By)
}

func rateSet(f *form, e *event.RateSet) {
	f.header(&e.Header)
	f.currency("base", &e.Base)
	f.currency("quote", &e.Quote)
	if e.Base == e.Quote {
		f.fail(BadCurrency, "quote", "is %s, the same as base", e.Quote)
	}
	f.ratio("rate", &e.Rate, &decimalString, tiny, greatestFX)
	f.date("effective_on", &e.Effective, must)
	f.optionalBy()
}

func periodLocked(f *form, e *event.PeriodLocked) {
	f.header(&e.Header)
	f.quarter("period", &e.Period)
	f.by(&e.By)
}

func periodReopened(f *form, e *event.PeriodReopened) {
	f.header(&e.Header)
	f.quarter("period", &e.Period)
	f.by(&e.By)
}

func ticked(f *form, e *event.Ticked) { f.header(&e.Header) }
