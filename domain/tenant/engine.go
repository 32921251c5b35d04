package tenant

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Engine applies a tenant's inputs one after another. It is not safe for
// concurrent use. What it caches is a function of the records; after an error
// of kind Invalid it is as before the input, after any other it must not be
// used again.
type Engine struct {
	tenant   string
	base     plan.Set // given at the start; more may be published
	parse    Parser
	parsed   map[string]*plan.Plan
	zone     *time.Location
	calendar civil.Calendar
	currency money.Currency

	accounts  cache
	payees    map[event.PayeeID]*payee
	running   map[seat]*seatBook            // books of quarters that have not ended, during one call
	ended     map[seat]*seatBook            // of quarters that have
	endedOf   map[event.PayeeID][]*seatBook // the same by whose accounts are in them
	lastEnded civil.Quarter                 // the last of those, or a later one
	openings  map[ownership]int64           // of books, for targets that are a part of them
	expanded  map[seat]bool                 // whether a deal of an ended quarter is credited to a payee as its CSM
	past      map[event.PayeeID]*past       // of payees whose ended quarters were settled
	glances   glances                       // what flags look at of books
	org       *organisation                 // nil: not loaded
	state     State

	// Of the tenant's own facts; seen is nil where they are not loaded.
	seen     *prints
	told     []event.Event         // those that worlds are made of
	anywhere []event.FactRetracted // those that name neither account nor payee
	now      *world
	before   *world // the rules before, while a sweep is under way

	// Of the call under way, or the last:
	records    Records
	out        *Changes       // its lists' room is used again by the next call; see TellIn
	was        State          // before the call; lists are replaced, not changed in place, but the one that is marked in
	at         time.Time      // the instant things are posted at
	firing     *Timer         // nil: none
	cause      event.Identity // what posts them
	touched    []event.Scope  // to be forgotten if the call fails
	refused    bool           // until something at hand is changed: if the call fails it is as it was
	teams      map[crew]advice.Team
	entries    []ledger.Entry  // of the group that is posted; room that is used again
	ownCleared bool            // the state's list of cleared flags is of this call
	dirtyOwned bool            // and the list of those it marks; see ownDirty
	dirtyWas   []event.PayeeID // before the call
	due        []ledger.Step   // of the payee that is settled; room that is used again

	// looking is set where nothing is settled: of accounts and payees at hand there
	// is only what their facts tell.
	looking bool
}

// DefaultCache is how many facts of accounts an engine keeps at hand, each
// account counting as eight more: 100,000 accounts with six or seven each, which take
// some 400 MB.
const DefaultCache = 1_500_000

// New makes an engine for a tenant; cached is the number of facts of accounts
// to keep at hand, 0 for DefaultCache. parse reads plans that are published.
func New(tenantName string, plans plan.Set, parse Parser, state State, cached int) (*Engine, error) {
	if len(plans) == 0 {
		return nil, domain.Errorf(domain.Invalid, "no plan is given")
	}
	first := plans[0]
	for _, p := range plans[1:] {
		if p.Zone.String() != first.Zone.String() || p.Currency != first.Currency || p.Periods.Calendar != first.Periods.Calendar {
			return nil, domain.Errorf(domain.Invalid, "%s and %s differ in timezone, currency or year_starts: a tenant keeps these for good", first.ID(), p.ID())
		}
	}
	if cached == 0 {
		cached = DefaultCache
	}
	e := &Engine{
		tenant: tenantName, base: plans, parse: parse, parsed: map[string]*plan.Plan{}, zone: first.Zone, calendar: first.Periods.Calendar,
		currency: first.Currency, accounts: newCache(cached), payees: map[event.PayeeID]*payee{}, state: state,
		out: &Changes{},
	}
	e.forgetBooks()
	e.forgetGlances()
	var err error
	e.now, err = e.world(nil) // until the tenant's own facts are read
	return e, err
}

// AtHand is what the engine keeps of accounts.
func (e *Engine) AtHand() AtHand {
	c := &e.accounts
	return AtHand{Accounts: len(c.held), Weight: c.weight, Limit: c.limit, Hits: c.hits, Misses: c.misses}
}

// Today is the civil date of the latest arrival.
func (e *Engine) Today() civil.Date { return civil.In(e.state.AsOf, e.zone) }

// Arrival is the instant an input that came at an instant counts from: never
// before the one before it.
func (e *Engine) Arrival(at time.Time) time.Time {
	if at = at.UTC(); at.Before(e.state.AsOf) {
		return e.state.AsOf
	}
	return at
}

// TellIn has the next calls tell what they change in c. What the last call told
// is its caller's from then on, until it is given again.
func (e *Engine) TellIn(c *Changes) { e.out = c }

// begin starts a call that posts at an instant.
func (e *Engine) begin(r Records, at time.Time, cause event.Identity) error {
	e.was = e.state
	e.records, e.at, e.cause, e.touched, e.teams = r, at.UTC(), cause, e.touched[:0], nil
	e.out.empty()
	e.accounts.unpin()
	if err := e.tenantFacts(); err != nil {
		return err
	}
	if e.state.NextEnd == 0 {
		e.startClocks()
	}
	e.stand(e.at)
	e.firing, e.refused, e.ownCleared, e.dirtyOwned = nil, false, false, false
	if !e.looking { // a lens forgets them itself
		clear(e.running)
	}
	return nil
}

// end ends a call that began: after an error of kind Invalid or Duplicate the
// engine is as before it.
func (e *Engine) end(err error) {
	e.records = nil
	if err == nil {
		return
	}
	if e.state = e.was; e.dirtyOwned {
		e.state.Dirty = slices.Clone(e.dirtyWas)
	}
	if e.refused && len(e.out.Foreign) == 0 { // else an account was read and what that found is not kept
		return
	}
	for _, s := range e.touched {
		e.accounts.drop(s.Account)
		delete(e.payees, s.Payee)
	}
	e.seen, e.org = nil, nil
	e.forgetBooks()
	e.forgetGlances()
}

// settled is the instant up to which all was settled that the clock alone
// changes of whoever wakes by timers of a kind: while one of these or of an
// earlier kind fires, those that come after it have not woken yet.
func (e *Engine) settled(kind TimerKind, id string) time.Time {
	if f := e.firing; f != nil && (Timer{f.Due, kind, id}).Compare(*f) >= 0 {
		return e.at.Add(-1)
	}
	return e.at
}

// startClocks sets the clocks of the first quarter that has not ended and the
// first that has not locked at the first arrival.
func (e *Engine) startClocks() {
	e.state.NextEnd = e.calendar.QuarterOf(civil.In(e.at, e.zone))
	e.state.NextLock = e.state.NextEnd
	for !e.lockInstant(e.state.NextLock - 1).Before(e.at) {
		e.state.NextLock--
	}
	e.out.Set = append(e.out.Set,
		Timer{e.endInstant(e.state.NextEnd), EndQuarter, ""},
		Timer{e.lockInstant(e.state.NextLock), LockQuarter, ""})
}

// Fire takes a timer that is due, as if nothing else had happened since.
func (e *Engine) Fire(r Records, t Timer) (_ *Changes, err error) {
	if err = e.begin(r, e.Arrival(t.Due), event.Identity{Source: "trueup/clock", ID: t.Due.UTC().Format(time.RFC3339Nano)}); err != nil {
		return nil, err
	}
	defer func() { e.end(err) }()
	e.out.Clear = append(e.out.Clear, t)
	e.firing = &t
	switch t.Kind {
	case WakeAccount:
		err = e.wakeAccount(event.AccountID(t.ID))
	case WakePayee:
		err = e.settlePayee(event.PayeeID(t.ID))
	case SettlePools:
		err = e.settleDirty()
	case EndQuarter:
		err = e.endQuarter()
	case LockQuarter:
		err = e.lockNext()
	case SweepOn:
		err = e.sweepOn()
	}
	return e.out, err
}

// Settle settles what waits for a quiet moment, as a tick at an instant would.
func (e *Engine) Settle(r Records, at time.Time) (_ *Changes, err error) {
	if err = e.begin(r, e.Arrival(at), event.Identity{Source: "trueup/clock", ID: at.UTC().Format(time.RFC3339Nano)}); err != nil {
		return nil, err
	}
	defer func() { e.end(err) }()
	if err := e.finishSweep(); err != nil {
		return nil, err
	}
	return e.out, e.settleDirty()
}

// Rederive works out a scope afresh from its facts and lists the entries that
// would bring what is posted to what is due: none where the ledger is right.
// Payees whose ended quarters wait to be settled are passed over.
func (e *Engine) Rederive(r Records, of event.Scope) ([]ledger.Entry, error) {
	if err := e.begin(r, e.state.AsOf, event.Identity{Source: "trueup/verify"}); err != nil {
		return nil, err
	}
	defer func() { e.end(domain.Errorf(domain.Invalid, "nothing is kept")) }()
	if of.Account == "" {
		if _, dirty := slices.BinarySearch(e.state.Dirty, of.Payee); dirty {
			return nil, nil
		}
		e.forgetBooks()
		err := e.settlePayee(of.Payee)
		return e.out.Entries, err
	}
	rec, err := e.account(of.Account)
	if err != nil {
		return nil, err
	}
	rec.state.PayeesChanged()
	err = e.settleAccount(rec)
	return e.out.Entries, err
}

// Apply takes one input. Errors of kind Duplicate and Invalid change nothing
// but the clock; the caller parks an Invalid input.
func (e *Engine) Apply(r Records, in Input) (_ *Changes, err error) {
	if err = e.begin(r, e.Arrival(in.Arrived), in.Event.Head().Identity); err != nil {
		return nil, err
	}
	defer func() { e.end(err) }()
	in.Arrived, e.refused = e.at, true
	if _, tick := in.Event.(event.Ticked); tick {
		e.refused = false
		return e.out, e.settleDirty()
	}
	switch scope := in.Event.Scope(); {
	case scope.Account != "":
		err = e.applyAccount(scope.Account, in)
	case scope.Payee != "":
		err = e.applyPayee(scope.Payee, in)
	default:
		err = e.applyTenant(in)
	}
	return e.out, err
}
