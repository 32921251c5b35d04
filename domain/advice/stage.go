package advice

import "github.com/trueup/trueup/domain/money"

// Stage is a size of company and who usually owns revenue at it.
type Stage struct {
	Ownership  string      // of the plan file
	From       money.Money // a year's recurring revenue, this included
	Below      *money.Money
	Renewals   string // who owns them
	Expansion  string
	PaidOn     string // what the CSM is paid on
	Why        string
	AlsoNamed  []string // other values of ownership that belong to the stage
	Everywhere []string // and those that fit any
}

// million is so many millions of dollars: the edges are in them.
func million(n int64) money.Money { return money.Money{Minor: n * 1_000_000_00, Currency: "USD"} }

// atAnySize are the ownerships that no stage decides.
var atAnySize = []string{"banded", "pod"}

// Stages are all stages, smallest first, without gaps.
func Stages() []Stage {
	five, fifteen, fifty := million(5), million(15), million(50)
	stages := []Stage{
		{
			Ownership: "full", From: million(0), Below: &five, Renewals: "CSM", Expansion: "CSM", PaidOn: "GRR, and NRR or expansion",
			Why: "below $5M of ARR one person can keep and grow an account, and there is nobody to hand it to",
		},
		{
			Ownership: "split", From: five, Below: &fifteen, Renewals: "CSM", Expansion: "AE above the hand-off threshold", PaidOn: "GRR and sourcing credit",
			Why: "from $5M to $15M of ARR there are account executives to close what is large, and the CSM still renews",
		},
		{
			Ownership: "three_way", From: fifteen, Below: &fifty, Renewals: "renewal manager", Expansion: "AE above the threshold, the CSM flags",
			PaidOn: "adoption, health and sourcing",
			Why:    "from $15M to $50M of ARR renewals are enough work for renewal managers, and the CSM is free for adoption",
		},
		{
			Ownership: "non_commercial", From: fifty, Renewals: "renewal manager or AE", Expansion: "AE", PaidOn: "objectives; NRR at team level",
			Why:       "from $50M of ARR selling and renewing are professions of their own; a revenue CSM overlay (ownership overlay) may work named enterprise accounts",
			AlsoNamed: []string{"overlay"},
		},
	}
	for i := range stages {
		stages[i].Everywhere = atAnySize
	}
	return stages
}

// StageOf is the stage of a company with so much recurring revenue.
//
// Source: rules §2.
// Units: US dollars a year; an edge belongs to the stage above it, so exactly
// $5M is split.
// Rounding: none.
func StageOf(arr money.Money) Stage {
	stages := Stages()
	found := stages[0]
	for _, s := range stages {
		if arr.Minor >= s.From.Minor {
			found = s
		}
	}
	return found
}

// Fits says how well a plan's ownership fits the stage: exactly, at any size,
// or not.
func (s Stage) Fits(ownership string) (fits, anySize bool) {
	for _, o := range append([]string{s.Ownership}, s.AlsoNamed...) {
		if o == ownership {
			return true, false
		}
	}
	for _, o := range s.Everywhere {
		if o == ownership {
			return true, true
		}
	}
	return false, false
}
