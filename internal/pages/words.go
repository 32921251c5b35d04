package pages

import (
	"html/template"
	"net/url"
	"slices"
	"strings"
)

// place is an entry of the navigation.
type place struct {
	Name, Path, Key string
	not             []string // roles that would only be refused there
}

var places = []place{
	{"Overview", "/", "o", []string{"payee", "manager"}},
	{"Payees", "/payees", "p", []string{"ops"}},
	{"SLA", "/sla", "s", nil},
	{"Flags", "/flags", "f", nil},
	{"Parked", "/parked", "k", []string{"payee", "manager"}},
	{"Periods", "/periods", "d", nil},
	{"What if", "/what-if", "w", []string{"payee", "manager", "ops"}},
}

// placesOf is the navigation of whoever looks.
func placesOf(who Asker) []place {
	return slices.DeleteFunc(slices.Clone(places), func(p place) bool { return slices.Contains(p.not, who.Role) })
}

// funcs are what templates may call.
var funcs = template.FuncMap{
	"amount": amount, "figure": figure, "change": change, "nothing": nothing, "negative": negative, "percent": percent, "score": score,
	"day": day, "instant": instant, "stamp": stamp, "month": month, "count": count, "short": short, "word": word, "tone": tone,
	"pretty": func(b []byte) string { return pretty(b) },
	"places": placesOf,
	"payee":  payeePath, "entry": entryPath, "account": accountPath, "parkedAt": parkedPath, "deal": dealPath, "disputeAt": disputeAt, "decideAt": decideAt,
	"payeeIn": func(id, period string) string { return payeePath(id) + "?period=" + url.QueryEscape(period) },
	"action": func(parts ...string) string {
		for i, p := range parts {
			parts[i] = url.PathEscape(p)
		}
		return "/v1/" + strings.Join(parts, "/")
	},
}

func payeePath(id string) string   { return "/payees/" + url.PathEscape(id) }
func entryPath(id string) string   { return "/entries/" + url.PathEscape(id) }
func accountPath(id string) string { return "/accounts/" + url.PathEscape(id) }
func parkedPath(id string) string  { return "/parked/" + url.PathEscape(id) }

// dealPath is a deal's, on one account where it is named.
func dealPath(id, account string) string {
	if account == "" {
		return "/deals/" + url.PathEscape(id)
	}
	return "/deals/" + url.PathEscape(id) + "?account=" + url.QueryEscape(account)
}

// disputeAt is the page on which a deal is contested, decideAt that on which this
// is decided.
func disputeAt(id, account string) string {
	return "/deals/" + url.PathEscape(id) + "/dispute?" + url.Values{"account": {account}}.Encode()
}

func decideAt(id, account, dispute string) string {
	return "/deals/" + url.PathEscape(id) + "/decide?" + url.Values{"account": {account}, "dispute": {dispute}}.Encode()
}

// words are what people call what the closed lists have.
var words = map[string]string{
	// reasons, rules §14
	"expansion_booked": "expansion booked", "uplift_effective": "uplift took effect", "renewal_uplift": "growth at a renewal", "sourcing_credit": "found the opportunity",
	"renewal_pending": "waits for the renewal", "renewal_released": "released by the renewal", "renewal_missed": "renewal missed",
	"churn_within_window": "churned inside the clawback window", "contraction_within_window": "shrank inside the clawback window",
	"expansion_cancelled": "expansion cancelled", "invoice_voided": "invoice voided", "invoice_uncollectible": "invoice given up", "credit_note": "credit note",
	"invoice_unpaid": "invoice not paid", "health_gate_failed": "health too low at the close", "health_score_missing": "no health score at the close",
	"review_gate_failed": "too few reviews", "accelerator": "accelerator", "grr_multiplier": "GRR of the book", "nrr_multiplier": "NRR of the book",
	"objectives_score": "objectives", "health_bonus": "health bonus", "owner_reassigned": "the account changed hands", "split_arbitrated": "a dispute was decided",
	"dispute_pending": "a dispute waits", "handoff_incomplete": "hand-off record incomplete", "opening_balance": "brought from the old system",
	"exception_approved": "exception approved", "plan_version_changed": "another plan version", "late_event": "told late", "manual_adjustment": "adjusted by hand",
	"spif_awarded": "award", "payout_confirmed": "payroll paid", "payout_rejected": "payroll could not pay", "terminated": "left", "fx_rate_missing": "no exchange rate",
	// kinds
	"true_up": "true-up", "spif": "award",
	// where a thing stands
	"ended": "ended, not locked", "met": "met in time", "closed": "closed: the score recovered or the account left", "retracted": "retracted by late proof", "resolved": "resolved late",
	// clocks
	"risk_intervention": "risk intervention", "dispute": "deal desk", "deal_desk": "deal desk",
	// gates
	"renewal": "renewal", "score": "health score", "handoff": "hand-off record", "invoices": "invoices",
	// measures
	"grr": "GRR", "nrr": "NRR", "attainment": "Attainment", "reviews": "Reviews held",
	"csm": "CSM", "ae": "AE", "renewal_manager": "renewal manager", "arr": "ARR",
}

// word is a term of a closed list as people say it.
func word(code string) string {
	if w, ok := words[code]; ok {
		return w
	}
	return strings.ReplaceAll(code, "_", " ")
}

// tone is the colour of a state; the word beside it says the same.
func tone(state string) string {
	switch state {
	case "paid", "met", "released", "applied", "counted", "done":
		return "good"
	case "open", "ended", "held", "parked", "resolved", "running":
		return "wait"
	case "breached", "lost", "clawback", "forfeiture", "failed":
		return "bad"
	case "locked":
		return "link"
	}
	return ""
}
