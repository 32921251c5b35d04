package wire

import "github.com/trueup/trueup/domain/event"

func churnNotified(f *form, e *event.ChurnNotified) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	f.date("notified_on", &e.Notified, must)
	maybe(f, "expected_on", &e.Expected, (*form).aDate)
	f.text("reason", &e.Reason, may)
}

func churnEffective(f *form, e *event.ChurnEffective) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	f.date("effective_on", &e.Effective, must)
	f.text("reason", &e.Reason, may)
}

func churnCancelled(f *form, e *event.ChurnCancelled) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	f.date("effective_on", &e.Effective, must)
}

func contractionBooked(f *form, e *event.ContractionBooked) {
	f.header(&e.Header)
	id(f, "contraction_id", &e.Contraction, must)
	id(f, "account_id", &e.Account, must)
	f.date("effective_on", &e.Effective, must)
	f.amount("arr_decrease", &e.Decrease, must, aboveZero)
}
