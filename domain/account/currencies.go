package account

import (
	"slices"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Currencies lists those of the ARR an event tells.
func Currencies(e event.Event) (out []money.Currency) {
	currencies(e, func(c money.Currency) {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	})
	return out
}

// currencies tells them, some perhaps twice.
func currencies(e event.Event, tell func(money.Currency)) {
	see := func(m money.Money) {
		if m.Currency != "" {
			tell(m.Currency)
		}
	}
	switch e := e.(type) {
	case event.SubscriptionStarted:
		see(e.Term.ARR)
	case event.SubscriptionChanged:
		see(e.ARR)
	case event.RenewalBooked:
		see(e.Term.ARR)
	case event.RenewalStage:
		see(e.Term.ARR)
	case event.AccountReactivated:
		see(e.ARR)
	case event.ContractionBooked:
		see(e.Decrease)
	case event.ExpansionBooked:
		see(e.ARR)
	case event.ExpansionStage:
		see(e.ARR)
	case event.UpliftScheduled:
		for _, st := range e.Steps {
			see(st.ARR)
		}
	case event.HandoffLogged:
		if e.EstimatedARR != nil {
			see(*e.EstimatedARR)
		}
	default:
	}
}
