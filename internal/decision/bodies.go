package decision

import "github.com/trueup/trueup/internal/wire"

// What the actions are told, as documents of the API have it. It is read as the
// data of the action's event, not into these.
type (
	// Nothing is told.
	Nothing struct{}

	// Because is why.
	Because struct {
		Reason string `json:"reason"`
	}

	// Adjustment is an amount that a payee is given, or has taken.
	Adjustment struct {
		AdjustmentID string      `json:"adjustment_id,omitempty"` // empty: the key
		Amount       wire.Amount `json:"amount"`
		EffectiveOn  string      `json:"effective_on"`
		Reason       string      `json:"reason"`
	}

	// PayoutPaid is what payroll paid.
	PayoutPaid struct {
		PayeeID string `json:"payee_id,omitempty"` // empty: everybody's that is outstanding
		At      string `json:"at,omitempty"`       // when; empty: now
	}

	// Dispute contests a deal.
	Dispute struct {
		DisputeID     string `json:"dispute_id,omitempty"` // empty: the key
		OpportunityID string `json:"opportunity_id"`
		AccountID     string `json:"account_id"`
		OpenedAt      string `json:"opened_at,omitempty"` // empty: now
		Note          string `json:"note,omitempty"`
	}

	// Split is who gets which part of a disputed deal, in 1/10,000.
	Split struct {
		OpportunityID string         `json:"opportunity_id"`
		AccountID     string         `json:"account_id"`
		DecidedAt     string         `json:"decided_at,omitempty"` // empty: now
		SplitBPS      map[string]int `json:"split_bps"`            // by payee; sums to 10,000
	}

	// Exception takes an account out of retention for a time.
	Exception struct {
		ExceptionID string `json:"exception_id,omitempty"` // empty: the key
		AccountID   string `json:"account_id"`
		Kind        string `json:"kind"` // merger other
		From        string `json:"from"`
		Until       string `json:"until,omitempty"`
		Evidence    string `json:"evidence"`
	}
)
