package tenant

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// accountRecord is an account at hand: its state, and what was kept of it.
type accountRecord struct {
	id       event.AccountID
	state    *account.State
	seen     map[event.Identity]Sum
	tallies  map[event.OpportunityID]*ledger.Tally
	episodes []Episode // by opening
	refs     map[event.PayeeID]bool
	credits  map[event.OpportunityID][]account.Credit // as last recorded
	wake     time.Time                                // its timer; zero: none
}

// account gives an account, from its records where it is not at hand.
func (e *Engine) account(id event.AccountID) (*accountRecord, error) {
	e.touched = append(e.touched, event.OfAccount(id))
	if r := e.accounts.get(id); r != nil {
		return r, nil
	}
	set := &account.Setting{Plans: e.plans, Zone: e.zone, Calendar: e.calendar, Payees: e}
	r := &accountRecord{
		id: id, state: account.New(id, set), seen: map[event.Identity]Sum{},
		tallies: map[event.OpportunityID]*ledger.Tally{}, refs: map[event.PayeeID]bool{},
		credits: map[event.OpportunityID][]account.Credit{},
	}
	err := e.records.Facts(event.OfAccount(id), func(ev event.Event, sum Sum) error {
		r.seen[ev.Head().Identity] = sum
		_, err := r.state.Add(ev)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = e.records.Entries(event.OfAccount(id), func(en *ledger.Entry) error { return r.tally(en.Opportunity).Add(en) })
	if err != nil {
		return nil, err
	}
	if r.episodes, err = e.records.Episodes(id); err != nil {
		return nil, err
	}
	for _, p := range r.state.Referred() {
		r.refs[p] = true
	}
	// Deriving again finds what waits for the clock, and with it the timer that
	// is set.
	settled := civil.In(e.settled, e.zone)
	deals, err := r.state.Settling(settled)
	if err != nil {
		return nil, err
	}
	for _, d := range deals {
		r.credits[d.Opportunity] = d.CreditsOn(settled)
	}
	r.wake = r.state.Wake(e.settled)
	e.accounts.put(id, r)
	return r, nil
}

func (r *accountRecord) tally(id event.OpportunityID) *ledger.Tally {
	t := r.tallies[id]
	if t == nil {
		t = new(ledger.Tally)
		r.tallies[id] = t
	}
	return t
}

func (e *Engine) applyAccount(id event.AccountID, in Input) error {
	r, err := e.account(id)
	if err != nil {
		return err
	}
	if err := known(r.seen, in); err != nil {
		return err
	}
	var from civil.Quarter
	var before map[account.Seat]account.Share
	if day, moves := r.state.Moves(in.Event); moves {
		from = e.calendar.QuarterOf(day)
		before = r.state.Shares(from)
	}
	touched, err := r.state.Add(in.Event)
	if err != nil {
		return err
	}
	r.seen[in.Event.Head().Identity] = in.Sum
	e.accounts.grew()
	e.out.Facts = append(e.out.Facts, in)
	if touched.Payees {
		e.refer(r)
	}
	if touched.Book {
		if err := e.addToBooks(r, before, from); err != nil {
			return err
		}
	}
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

// refer records payees the account names for the first time, so that a later
// change of theirs finds it.
func (e *Engine) refer(r *accountRecord) {
	for _, p := range r.state.Referred() {
		if !r.refs[p] {
			r.refs[p] = true
			e.out.Refs = append(e.out.Refs, Ref{p, r.id})
		}
	}
}

// settleAccount brings the account's deals and episodes to what is due now and
// sets its timer.
func (e *Engine) settleAccount(r *accountRecord) error {
	today := e.Today()
	deals, err := r.state.Settling(today)
	if err != nil {
		return err
	}
	for _, d := range deals {
		if err := e.post(event.OfAccount(r.id), d.Due(today), r.tally(d.Opportunity)); err != nil {
			return err
		}
		e.credit(r, d.Opportunity, d.CreditsOn(today))
	}
	e.settleEpisodes(r)
	wake := r.state.Wake(e.at)
	if !wake.Equal(r.wake) {
		if !r.wake.IsZero() {
			e.out.Clear = append(e.out.Clear, Timer{r.wake, WakeAccount, string(r.id)})
		}
		if !wake.IsZero() {
			e.out.Set = append(e.out.Set, Timer{wake, WakeAccount, string(r.id)})
		}
		r.wake = wake
	}
	return nil
}

// credit records what of a deal's credits has changed.
func (e *Engine) credit(r *accountRecord, id event.OpportunityID, now []account.Credit) {
	for _, old := range r.credits[id] {
		if !slices.ContainsFunc(now, func(c account.Credit) bool { return c.Payee == old.Payee }) {
			e.out.Uncredited = append(e.out.Uncredited, old)
		}
	}
	for _, c := range now {
		if !slices.Contains(r.credits[id], c) {
			e.out.Credits = append(e.out.Credits, c)
		}
	}
	r.credits[id] = now
}

// addToBooks adds what the account now contributes to its owners' quarters,
// less what it did.
func (e *Engine) addToBooks(r *accountRecord, before map[account.Seat]account.Share, from civil.Quarter) error {
	after := r.state.Shares(from)
	for seat, b := range before {
		a, err := after[seat].Add(b.Neg())
		if err != nil {
			return err
		}
		after[seat] = a
	}
	seats := make([]account.Seat, 0, len(after))
	for seat := range after {
		seats = append(seats, seat)
	}
	slices.SortFunc(seats, func(a, b account.Seat) int {
		return cmp.Or(cmp.Compare(a.Payee, b.Payee), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Quarter, b.Quarter))
	})
	for _, seat := range seats {
		if after[seat] == (account.Share{}) {
			continue
		}
		p, err := e.payee(seat.Payee)
		if err != nil {
			return err
		}
		sum, err := p.person.Share(seat).Add(after[seat])
		if err != nil {
			return err
		}
		p.person.SetShare(seat, sum)
		e.out.Shares = append(e.out.Shares, SeatShare{seat, sum})
		if !e.endInstant(seat.Quarter).After(e.at) {
			e.markDirty(seat.Payee)
		}
	}
	return nil
}
