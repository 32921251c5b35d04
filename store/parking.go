package store

import (
	"errors"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// park sets an arrival aside with its bytes, once per content.
func (r *recording) park(a *tenant.Arrival, at time.Time, code, reason string) error {
	if err := r.settle(); err != nil {
		return err
	}
	if at.IsZero() { // a played clock has not been told the time yet
		at = a.Position.Time
	}
	id := ParkedID(a.Subject, a.Header, a.Body)
	old, known, err := getParked(r.tx, id)
	if err != nil || known && old.State == StateParked {
		return err
	}
	if known { // given up or applied before, and here again
		return nil
	}
	facts, err := r.lastFact()
	if err != nil {
		return err
	}
	p := Parked{
		ID: id, Subject: a.Subject, Header: a.Header, Body: a.Body, Event: a.Event, Code: code, Reason: reason, At: at, Tries: 1, State: StateParked,
		Facts: facts,
	}
	r.out.Parked = append(r.out.Parked, tenant.ParkedInput{ID: id, Code: code})
	if err := putParked(r.tx, p); err != nil {
		return err
	}
	m, err := r.store.opts.Codec.Rejected(p)
	r.messages = append(r.messages, m)
	return err
}

// checkParked holds a retry or discard against what is parked. One that was
// done already is left to the identity check: it is a duplicate.
func (r *recording) checkParked(ev event.Event) error {
	var id string
	switch ev := ev.(type) {
	case event.ParkedRetried:
		id = ev.Parked
	case event.ParkedDiscarded:
		id = ev.Parked
	default:
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	_, ok, err := getParked(r.tx, id)
	if err == nil && !ok {
		err = domain.Errorf(domain.Invalid, "data.parked_id: nothing is parked as %q", id)
	}
	return err
}

// doParked does what an input asks of parked ones.
func (r *recording) doParked(in tenant.Input) error {
	switch ev := in.Event.(type) {
	case event.ParkedRetried:
		return errors.Join(r.settle(), r.retry(ev.Parked, ev.By.By, ev.Reason, in.Arrived))
	case event.ParkedDiscarded:
		return errors.Join(r.settle(), r.settleParked(ev.Parked, func(p *Parked) { p.State, p.By, p.Note = StateDiscarded, ev.By.By, ev.Reason }))
	default:
		return nil
	}
}

// retry decodes and applies a parked input again, as arriving now.
func (r *recording) retry(id, by, note string, at time.Time) error {
	p, _, err := getParked(r.tx, id)
	if err != nil || p.State != StateParked {
		return err
	}
	in, refusal := r.store.opts.Codec.Again(p)
	code := p.Code
	if refusal == nil {
		in.Arrived = at
		if refusal, err = r.apply(in); err != nil {
			return err
		}
		code = tenant.CodeOf(refusal)
	}
	switch kind := domain.KindOf(refusal); {
	case refusal == nil, kind == domain.Duplicate:
		return r.settleParked(id, func(p *Parked) { p.State, p.By, p.Note = StateApplied, by, note; p.Tries++ })
	case kind == domain.Invalid:
		return r.settleParked(id, func(p *Parked) { p.Code, p.Reason, p.By, p.Note = code, refusal.Error(), by, note; p.Tries++ })
	}
	return refusal
}

func (r *recording) settleParked(id string, change func(*Parked)) error {
	p, _, err := getParked(r.tx, id)
	if err != nil || p.State != StateParked {
		return err
	}
	change(&p)
	return putParked(r.tx, p)
}
