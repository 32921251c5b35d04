package tenant

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/few"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// accountRecord is an account at hand: its state, and what was kept of it.
type accountRecord struct {
	// What every fact looks at comes first, as in the state.
	id          event.AccountID
	state       *account.State
	seen        prints
	mark        cacheMark
	retractions bool // among its facts
	// behind is set where the rules have changed since the account was last
	// settled: all of it must be.
	behind  bool
	refs    few.Map[event.PayeeID, struct{}]
	wake    time.Time // its timer; zero: none
	morning morning   // of the day that was last waited for

	tallies  few.Map[event.OpportunityID, *ledger.Tally]
	episodes []Episode // by opening
	foreign  few.Map[money.Currency, struct{}]
	credits  few.Map[event.OpportunityID, []account.Credit] // as last recorded
	notices  []account.Notice                               // as published, sorted
	flags    map[FlagKey]Flag                               // as raised; nil: none
}

// account gives an account, from its records where it is not at hand.
func (e *Engine) account(id event.AccountID) (*accountRecord, error) {
	e.touched = append(e.touched, event.OfAccount(id))
	if r := e.accounts.get(id); r != nil {
		return r, e.looked(r)
	}
	r := &accountRecord{id: id}
	var err error
	if r.state, err = e.fold(r, e.now.account, nil); err != nil {
		return nil, err
	}
	if e.looking {
		e.accounts.put(id, r)
		return r, e.looked(r)
	}
	err = e.records.Entries(event.OfAccount(id), func(en *ledger.Entry) error { return r.tally(en.Opportunity).Add(en) })
	if err != nil {
		return nil, err
	}
	if r.episodes, err = e.records.Episodes(id); err != nil {
		return nil, err
	}
	if err := e.records.Notices(id, r.announced); err != nil {
		return nil, err
	}
	if err := e.records.Flags(FlagKey{Account: id}, r.raised); err != nil {
		return nil, err
	}
	for _, p := range r.state.Referred() {
		r.refs.Put(p, struct{}{})
	}
	for _, c := range r.state.Foreign() {
		r.foreign.Put(c, struct{}{})
	}
	if err := e.recall(r); err != nil {
		return nil, err
	}
	e.accounts.put(id, r)
	return r, nil
}

// looked has an account's deals derived, where it is only looked at.
func (e *Engine) looked(r *accountRecord) error {
	if !e.looking {
		return nil
	}
	_, err := r.state.Settling(e.Today())
	return err
}

// pin keeps an account at hand until the call under way ends: what changes in
// the meantime must not be read into a second record of it.
func (e *Engine) pin(r *accountRecord) { e.accounts.pin(r) }

// fold is an account's state under a setting, from its facts and perhaps one
// more that is not kept yet.
func (e *Engine) fold(r *accountRecord, set *account.Setting, more event.Event) (*account.State, error) {
	s := account.New(r.id, set)
	retractions, err := e.standing(event.OfAccount(r.id), more, &r.seen, func(ev event.Event) error {
		_, err := s.Add(ev)
		return err
	})
	r.retractions = r.retractions || retractions
	return s, err
}

// recall finds what was recorded of the account when it was last settled:
// deriving it again gives its credits and its timer. Where the rules have
// changed since, those before give them.
func (e *Engine) recall(r *accountRecord) error {
	settled := e.settled(WakeAccount, string(r.id))
	passed, err := e.swept(r.id)
	if err != nil {
		return err
	}
	if !passed && e.state.Sweep.Before == FromNothing {
		r.behind = true
		for _, f := range r.state.Foreign() {
			if f != e.currency {
				e.out.Foreign = append(e.out.Foreign, Foreign{f, r.id})
			}
		}
		_, err := r.state.Settling(civil.In(settled, e.zone))
		return err
	}
	was := r.state
	if !passed {
		r.behind = true
		if was, err = e.fold(r, e.before.account, nil); err != nil {
			return err
		}
	}
	list, err := was.Settling(civil.In(settled, e.zone))
	if err != nil {
		return err
	}
	for _, st := range list {
		r.credits.Put(st.Opportunity, st.Credits)
	}
	r.wake = e.wakeOf(r, was, settled)
	if r.behind {
		_, err = r.state.Settling(civil.In(settled, e.zone)) // what pulls look at
	}
	return err
}

func (r *accountRecord) tally(id event.OpportunityID) *ledger.Tally {
	t := r.tallies.Get(id)
	if t == nil {
		t = new(ledger.Tally)
		r.tallies.Put(id, t)
	}
	return t
}

// announced notes a notice as published.
func (r *accountRecord) announced(n account.Notice) {
	if i, known := slices.BinarySearchFunc(r.notices, n, account.Notice.Compare); !known {
		r.notices = slices.Insert(r.notices, i, n)
	}
}

func (r *accountRecord) raised(f Flag) {
	if r.flags == nil {
		r.flags = map[FlagKey]Flag{}
	}
	r.flags[f.FlagKey] = f
}

func (e *Engine) applyAccount(id event.AccountID, in Input) error {
	r, err := e.account(id)
	if err != nil {
		return err
	}
	e.pin(r)
	as, err := r.seen.known(in)
	if err != nil {
		return err
	}
	if err := e.checkDecision(in.Event); err != nil {
		return err
	}
	e.refused = false
	if err := e.catchUp(r); err != nil {
		return err
	}
	r.seen.put(as)
	e.accounts.grew(r)
	e.out.Facts = append(e.out.Facts, in)
	_, retraction := in.Event.(event.FactRetracted)
	if r.retractions = r.retractions || retraction; r.retractions || e.named(in.Event.Head().Identity) {
		return e.rebuildAccount(r, in.Event)
	}
	now, later := r.state.Glanced(in.Event, e.glanceSpan())
	if now {
		e.glances.was = e.parts(r.state, e.glances.was)
	}
	foreign := len(r.state.Foreign())
	touched, err := r.state.Add(in.Event)
	if err != nil {
		return err
	}
	switch {
	case now:
		if err := e.glancesMoved(r.state); err != nil {
			return err
		}
	case later && touched.Measures <= e.glances.on: // it did more than it said: all are summed up again
		e.forgetGlances()
	case later:
		e.await(r.state)
	}
	e.refer(r)
	if len(r.state.Foreign()) != foreign { // which only grows
		e.note(r, in.Event)
	}
	e.measuresMoved(r.id, r.state.Referred(), touched)
	if touched.Standing {
		for _, id := range r.state.Referred() {
			e.markDirty(id)
		}
	}
	return e.settleAccount(r)
}

// catchUp settles an account that a sweep under way has not come to, so that
// what the rules moved in it is told from what the next fact moves.
func (e *Engine) catchUp(r *accountRecord) error {
	w := e.state.Sweep
	if w == nil || !r.behind {
		return nil
	}
	cause := e.cause
	e.cause = w.Cause
	defer func() { e.cause = cause }()
	return e.settleAccount(r)
}

// checkDecision refuses what a person may not decide.
func (e *Engine) checkDecision(ev event.Event) error { return Entitled(e.now.plans, e.zone, ev) }

// Entitled refuses a decision of somebody whose role in the company may not take
// it by the plans.
//
// Source: rules §4 "Arbitration", §8 "Exceptions"; plan fields
// sla.dispute.decided_by, exceptions.approved_by.
func Entitled(plans plan.Set, zone *time.Location, ev event.Event) error {
	switch ev := ev.(type) {
	case event.DisputeDecided:
		by := plans.Settings(civil.In(ev.DecidedAt, zone)).SLA.Dispute.DecidedBy
		if ev.ByRole != by {
			return refusef("not_entitled", "data.by_role: %q does not decide disputes; %s does", ev.ByRole, by)
		}
	case event.ExceptionApproved:
		by := plans.Settings(ev.From).Exceptions.ApprovedBy
		if !slices.Contains(by, ev.ByRole) {
			return refusef("not_entitled", "data.by_role: %q does not approve exceptions; %v do", ev.ByRole, by)
		}
	default:
	}
	return nil
}

// rebuildAccount derives an account again without the facts that retractions
// take away, and settles all of it.
func (e *Engine) rebuildAccount(r *accountRecord, more event.Event) (err error) {
	before := r.state.Referred()
	e.glances.was = e.parts(r.state, e.glances.was)
	if r.state, err = e.fold(r, e.now.account, more); err != nil {
		return err
	}
	for _, gone := range before {
		if _, stays := slices.BinarySearch(r.state.Referred(), gone); !stays {
			r.refs.Delete(gone)
		}
	}
	if err := e.glancesMoved(r.state); err != nil {
		return err
	}
	e.refer(r)
	if more != nil {
		e.note(r, more)
	}
	all := account.Touched{Measures: account.Ever, Paid: account.Ever}
	e.measuresMoved(r.id, before, all)
	e.measuresMoved(r.id, r.state.Referred(), all)
	r.behind = true
	return e.settleAccount(r)
}

func (e *Engine) wakeAccount(id event.AccountID) error {
	r, err := e.account(id)
	if err != nil {
		return err
	}
	if r.wake.Equal(e.at) {
		r.wake = time.Time{}
	}
	return e.settleAccount(r)
}
