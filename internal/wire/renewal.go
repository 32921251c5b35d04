package wire

import "github.com/trueup/trueup/domain/event"

// term goes through both ends of a term.
func term(f *form, t *event.Term, n need) {
	f.date("term_start", &t.Start, n)
	f.date("term_end", &t.End, n)
	if t.Start != 0 && t.End != 0 && t.End <= t.Start {
		f.fail(BadDate, "term_end", "%v is not after term_start %v", t.End, t.Start)
	}
}

// renewalBooked is the CRM's word, subscriptionRenewed billing's, of one event.
func renewalBooked(f *form, e *event.RenewalBooked) {
	f.header(&e.Header)
	id(f, "renewal_id", &e.Renewal, must)
	renewed(f, e)
	if e.Subscription != "" {
		f.fail(UnknownField, "subscription_id", "is not a field of %s", e.Type)
	}
}

func subscriptionRenewed(f *form, e *event.RenewalBooked) {
	f.header(&e.Header)
	id(f, "renewal_id", &e.Renewal, may)
	id(f, "subscription_id", &e.Subscription, must)
	renewed(f, e)
}

func renewed(f *form, e *event.RenewalBooked) {
	id(f, "account_id", &e.Account, must)
	term(f, &e.Term, must)
	f.amount("arr", &e.Term.ARR, must, notNegative)
	f.instant("booked_at", &e.BookedAt, may)
}

func subscriptionStarted(f *form, e *event.SubscriptionStarted) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	id(f, "subscription_id", &e.Subscription, must)
	term(f, &e.Term, must)
	f.amount("arr", &e.Term.ARR, must, notNegative)
}

func subscriptionChanged(f *form, e *event.SubscriptionChanged) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	id(f, "subscription_id", &e.Subscription, must)
	f.date("effective_on", &e.Effective, must)
	f.amount("arr", &e.ARR, must, notNegative)
	maybe(f, "previous_arr", &e.Previous, (*form).aFloor)
}

func subscriptionCancelled(f *form, e *event.SubscriptionCancelled) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	id(f, "subscription_id", &e.Subscription, must)
	f.date("effective_on", &e.Effective, must)
	f.text("reason", &e.Reason, may)
}
