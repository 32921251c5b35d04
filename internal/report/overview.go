package report

// Overview is how a tenant stands: what is earned, held, payable and taken
// back, what is late, and what waits for somebody. Amounts are decimal strings
// in major units.
type Overview struct {
	Tenant   string        `json:"tenant"`
	AsOf     string        `json:"as_of"` // the day of the latest arrival
	Currency string        `json:"currency"`
	Period   string        `json:"period"`   // the quarter that runs
	Balances Balances      `json:"balances"` // of everybody, now
	Quarter  Movement      `json:"quarter"`  // everybody's in the quarter that runs
	Months   []Month       `json:"months"`   // the twelve up to the one that runs, in order
	SLA      SLAStanding   `json:"sla"`
	Parked   int           `json:"parked"` // inputs that wait for somebody
	Flags    int           `json:"flags"`  // that are raised
	Payees   int           `json:"payees"`
	Periods  []PeriodState `json:"periods"` // in order, as PeriodList has them
}

// Month is what everybody's entries of a month moved: those posted in its
// quarter that took effect in the month, and of those about an earlier quarter
// what was posted in the month. So the three months of a quarter add up to it.
type Month struct {
	Month  string `json:"month"`  // like 2027-03: the one in which it starts
	Period string `json:"period"` // its quarter
	Movement
}

// SLAStanding is how the clocks of risk interventions and disputes stand.
type SLAStanding struct {
	Open     int       `json:"open"`
	DueSoon  int       `json:"due_soon"` // of those open: whose deadline is within 24 hours
	Breached int       `json:"breached"` // and not resolved since
	Soonest  []Episode `json:"soonest"`  // of those open the five with the soonest deadline
}
