package report

// Movement is what entries moved: of one payee or of several, in a month, a
// quarter, or at all. Amounts are decimal strings in major units, and below
// zero where more was taken than given.
//
// What the company gave and what became of it are the same: earned +
// clawed_back + forfeited = held + payable + paid, to the minor unit.
type Movement struct {
	// Earned is what was given: earnings, true-ups, adjustments, awards and
	// opening balances, their corrections taken off.
	Earned string `json:"earned"`
	// ClawedBack is what clawbacks took of payable and paid money, so zero or
	// below; those that were undone are taken off.
	ClawedBack string `json:"clawed_back"`
	// Forfeited is what forfeitures took of held money, zero or below as above.
	Forfeited string `json:"forfeited"`
	// Released is what came out of held into payable.
	Released string `json:"released"`
	// Held, Payable and Paid are by how much these balances changed. Paid is what
	// payroll confirmed, its rejections taken off.
	Held    string `json:"held"`
	Payable string `json:"payable"`
	Paid    string `json:"paid"`
}
