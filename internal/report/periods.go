package report

// PeriodList is every quarter from the first with lines, or the one that runs,
// to the last with lines, or the one that runs.
type PeriodList struct {
	Tenant   string        `json:"tenant"`
	AsOf     string        `json:"as_of"`
	Currency string        `json:"currency"`
	Periods  []PeriodState `json:"periods"` // in order
}

// PeriodState is how far a quarter has come: open, ended, locked, paid. Amounts
// are decimal strings in major units.
type PeriodState struct {
	Period string `json:"period"`
	First  string `json:"first"`
	Last   string `json:"last"`
	// Status is paid where payroll has confirmed everything that was requested,
	// and something was.
	Status string `json:"status"`
	// LocksOn is the day at whose end the clock locks it; empty where it does not
	// any more.
	LocksOn  string `json:"locks_on,omitempty"`
	LockedAt string `json:"locked_at,omitempty"` // when it was last locked
	LockedBy string `json:"locked_by,omitempty"` // empty: by the clock
	// Revision is how often it was locked before the last time; Locks how often at
	// all. Reopened: it was locked and takes entries again.
	Revision int  `json:"revision"`
	Locks    int  `json:"locks"`
	Reopened bool `json:"reopened,omitempty"`
	// Payees is how many have lines in it. Requested is what payroll was asked to
	// pay, for RequestedOf of them; for PaidOf of these it has confirmed.
	Payees      int      `json:"payees"`
	Requested   string   `json:"requested"`
	RequestedOf int      `json:"requested_of"`
	PaidOf      int      `json:"paid_of"`
	Totals      Movement `json:"totals"`
}
