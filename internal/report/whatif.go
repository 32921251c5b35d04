package report

// WhatIf is a comparison of all that came to the ledger under its plans with
// the same under one plan more, or another version of one it has.
type WhatIf struct {
	ID    string    `json:"id"`
	State string    `json:"state"` // running done failed
	Plan  string    `json:"plan"`  // the version compared with
	Done  uint64    `json:"done"`  // facts played so far
	Of    uint64    `json:"of"`    // facts to play
	Error string    `json:"error,omitempty"`
	Diff  *PlanDiff `json:"diff,omitempty"` // once it is done
}
