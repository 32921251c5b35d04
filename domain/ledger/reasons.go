package ledger

// reasons is the closed list, in the order of the rules.
var reasons = [...]Reason{
	ExpansionBooked, UpliftEffective, RenewalUplift, SourcingCredit, RenewalReleased, RenewalMissed, ChurnWithinWindow, ContractionWithinWindow,
	ExpansionCancelled, InvoiceVoided, InvoiceUncollectible, CreditNote, InvoiceUnpaid, HealthGateFailed, HealthScoreMissing, Accelerator,
	GRRMultiplier, NRRMultiplier, ObjectivesScore, HealthBonus, SplitArbitrated, DisputePending, HandoffIncomplete, OpeningBalance,
	ExceptionApproved, ManualAdjustment, SpifAwarded, PayoutConfirmed, PayoutRejected, Terminated, RateMissing,
}

// Reasons are all reasons that an entry can have.
func Reasons() []Reason { return append([]Reason(nil), reasons[:]...) }

// Kinds are the names of all kinds of entry.
func Kinds() []string { return append([]string(nil), kindNames[:]...) }

// Buckets are the names of all buckets.
func Buckets() []string { return append([]string(nil), bucketNames[:]...) }
