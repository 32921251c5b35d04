package report

// Timeline is an account over time, on one axis from From to Until. Amounts are
// decimal strings in major units of the ledger's currency.
type Timeline struct {
	Tenant    string           `json:"tenant"`
	AsOf      string           `json:"as_of"`
	AccountID string           `json:"account_id"`
	Name      string           `json:"name,omitempty"`
	Segment   string           `json:"segment,omitempty"` // today
	Currency  string           `json:"currency"`
	ARR       string           `json:"arr"`    // today
	Living    bool             `json:"living"` // has not churned
	From      string           `json:"from"`   // the first day anything is known of
	Until     string           `json:"until"`  // the last day anything is known of, at least today
	Levels    []TimelineLevel  `json:"levels"`
	Terms     []TimelineTerm   `json:"terms"`
	Owners    []TimelineOwner  `json:"owners"`
	Health    []TimelineScore  `json:"health"`
	Deals     []TimelineDeal   `json:"deals"`
	Episodes  []Episode        `json:"episodes"`
	Notices   []TimelineNotice `json:"notices"`
	Flags     []Flag           `json:"flags"`
}

// TimelineLevel is the account's ARR from a day on.
type TimelineLevel struct {
	On     string `json:"on"`
	ARR    string `json:"arr"`
	Change string `json:"change"` // from the level before
	// What did it, of those of the day: started changed renewed churned
	// reactivated expanded contracted cancelled.
	What  string `json:"what"`
	Event Cause  `json:"event"`
}

// TimelineTerm is a term: [From, Until).
type TimelineTerm struct {
	From  string `json:"from"`
	Until string `json:"until"`
	// Ended is how it ended: renewed, churned, lapsed (over, and nothing followed);
	// empty: it has not.
	Ended string `json:"ended,omitempty"`
	On    string `json:"on,omitempty"` // the day it ended; before Until where it was stopped
}

// TimelineOwner owns the account in a role: [From, Until).
type TimelineOwner struct {
	PayeeID string `json:"payee_id"`
	Role    string `json:"role"`
	From    string `json:"from"`
	Until   string `json:"until,omitempty"` // empty: still
}

// TimelineScore is a health score.
type TimelineScore struct {
	At    string `json:"at"`
	Score string `json:"score"` // out of 100, six decimals
	Low   bool   `json:"low"`   // below what opens a risk episode
}

// TimelineDeal is a deal and its window.
type TimelineDeal struct {
	OpportunityID string `json:"opportunity_id"`
	Origin        string `json:"origin"` // expansion uplift renewal pipeline
	BookedOn      string `json:"booked_on"`
	ARR           string `json:"arr"`
	Currency      string `json:"currency"`               // of the deal
	WindowUntil   string `json:"window_until,omitempty"` // last day of the clawback window; empty: it has none
	// Outcome is lost (nothing of it is left), held (something is still held),
	// released (paid or payable), open (nothing is posted of it).
	Outcome string   `json:"outcome"`
	Payees  []string `json:"payees"` // whom it credits, sorted
}

// TimelineNotice is what was announced about the account.
type TimelineNotice struct {
	On            string `json:"on"`
	Notice        string `json:"notice"` // renewal_window expansion_review
	TermEnd       string `json:"term_end,omitempty"`
	OpportunityID string `json:"opportunity_id,omitempty"`
}
