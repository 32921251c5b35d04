package report

// LockPreview is what a lock of a quarter would freeze if it came now: worked
// out by the rules that lock it, with nothing kept. Of a quarter that is locked
// it is what was frozen. Amounts are decimal strings in major units.
type LockPreview struct {
	Tenant   string        `json:"tenant"`
	AsOf     string        `json:"as_of"`
	Currency string        `json:"currency"`
	Period   string        `json:"period"`
	Status   string        `json:"status"` // open ended locked paid
	Revision int           `json:"revision"`
	Rows     []PreviewRow  `json:"rows"` // who has lines in it, by id
	Totals   PreviewTotals `json:"totals"`
	// Later is what is posted in later quarters about this one: differences that
	// came after it was locked. LaterLines is how many lines that is.
	Later      Movement `json:"later"`
	LaterLines int      `json:"later_lines"`
	// Blockers are why a lock would be refused, Warnings what a person should look
	// at before.
	Blockers []Concern `json:"blockers"`
	Warnings []Concern `json:"warnings"`
}

// PreviewRow is one payee's statement as it would be frozen.
type PreviewRow struct {
	PayeeID    string `json:"payee_id"`
	EmployeeID string `json:"employee_id,omitempty"`
	Lines      int    `json:"lines"`
	Net        string `json:"net"`       // the payable balance at the lock
	Requested  string `json:"requested"` // what payroll is asked to pay
	// Carried is what stays payable after that is paid and goes to the next
	// quarter: below zero where it is a debt. Held is what stays held.
	Carried string `json:"carried"`
	Held    string `json:"held"`
	// Before is what was requested when the quarter was last locked, and Change
	// by how much it is more now; empty where it never was.
	Before string `json:"before,omitempty"`
	Change string `json:"change,omitempty"`
}

// PreviewTotals are the sums of the rows.
type PreviewTotals struct {
	Payees      int    `json:"payees"`
	RequestedOf int    `json:"requested_of"` // for how many something is requested
	Lines       int    `json:"lines"`
	Net         string `json:"net"`
	Requested   string `json:"requested"`
	Carried     string `json:"carried"`
	Held        string `json:"held"`
	Before      string `json:"before,omitempty"`
	Change      string `json:"change,omitempty"`
}

// Concern is something about a lock that a person should know.
type Concern struct {
	// Code is not_ended, locked, payment_requested of blockers; open_disputes,
	// parked_inputs, earlier_open, held of warnings.
	Code  string `json:"code"`
	Count int    `json:"count,omitempty"`
	Text  string `json:"text"`
}
