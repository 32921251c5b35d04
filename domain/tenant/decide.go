package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain/event"
)

func (e *Engine) applyTenant(in Input) error {
	as, err := e.seen.known(in)
	if err != nil {
		return err
	}
	e.refused = false
	_, retraction := in.Event.(event.FactRetracted)
	if e.named(in.Event.Head().Identity) && !retraction && retracted(nil, e.anywhere)[in.Event.Head().Identity] && len(kept(in.Event)) > 0 {
		e.told = append(slices.Clip(e.told), in.Event) // retracted before it came
		e.state.World = len(e.told)
	} else if err := e.decide(in.Event); err != nil {
		return err
	}
	e.seen.put(as)
	e.out.Facts = append(e.out.Facts, in)
	return nil
}

// decide does what a fact of the tenant's asks for.
func (e *Engine) decide(ev event.Event) error {
	switch ev := ev.(type) {
	case event.PeriodLocked:
		return e.lockByHand(ev)
	case event.PeriodReopened:
		return e.reopen(ev)
	case event.ParkedRetried:
		e.out.Retry = ev.Parked
	case event.ParkedDiscarded:
		e.out.Discard = ev.Parked
	case event.PlanPublished:
		return e.changeWorld(ev, "")
	case event.RateSet:
		if ev.Quote != e.currency {
			e.told = append(slices.Clip(e.told), ev) // no plan is in that currency
			e.state.World = len(e.told)
			return nil
		}
		return e.changeWorld(ev, ev.Base)
	case event.FactRetracted:
		return e.retractAnywhere(ev)
	default:
	}
	return nil
}
