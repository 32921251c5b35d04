package scenariotest

import (
	"time"

	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
)

// Heard is what came to a ledger. It implements scenario.Ledger.
type Heard struct {
	Inputs []tenant.Input
	AsOf   time.Time
	Plans  plan.Set
}

// History implements scenario.Ledger.
func (h Heard) History() (uint64, time.Time, error) { return uint64(len(h.Inputs)), h.AsOf, nil }

// Published implements scenario.Ledger.
func (h Heard) Published() (plan.Set, error) { return h.Plans, nil }

// InputsAfter implements scenario.Ledger.
func (h Heard) InputsAfter(n uint64, most int, yield func(tenant.Input) error) (uint64, error) {
	for ; n < uint64(len(h.Inputs)) && most > 0; most-- {
		if err := yield(h.Inputs[n]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
