// Package account has what one account's facts say: its ARR over time, its
// owners, its deals and the steps they make due, its risk episodes, and what
// it adds to its owners' quarters.
package account

import (
	"math/big"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/few"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Setting is what an account's rules look at beside its own facts. It stays
// the same while a State lives.
type Setting struct {
	Plans    plan.Set
	Rates    Rates
	Zone     *time.Location
	Calendar civil.Calendar
	Payees   Payees
	// Surviving is set where any plan releases by surviving ARR: a deal then
	// depends on those that wait for the same renewal.
	Surviving bool
	// Invoiced is set where under any plan a deal waits until its invoices are paid.
	Invoiced bool

	scales scales // of scores told so far
}

// Payees knows the people.
type Payees interface {
	// Terms is what a payee is paid by on a day.
	Terms(payee event.PayeeID, on civil.Date) (Terms, error)
	// Book is the ARR of the accounts a payee owns in a role on a quarter's first
	// day, as of the day before, in minor units.
	Book(payee event.PayeeID, role event.Role, q civil.Quarter) (int64, error)
}

// State is an account as its facts tell it. It is a function of the set of
// facts: the order in which Add saw them leaves no trace. The newest fact of
// its kind extends what was derived before; an older one derives it afresh.
type State struct {
	// What the usual fact looks at, which changes little, comes first and so is
	// close together in memory: an account has seldom been looked at just before.
	ID        event.AccountID
	set       *Setting
	foreign   []money.Currency // of amounts told
	referred  []event.PayeeID  // whom facts named, sorted
	health    scores
	closed    time.Time // the latest that any deal was closed, or later
	risk      episodes
	survives  map[survival]*big.Rat // what renewals keep, worked out once for all deals
	all       bool                  // every deal is stale
	recontest bool                  // contests may differ
	contested []*Episode            // kept, as the next two, until a fact comes that they may differ for
	announced announced
	flagged   flagged
	turning   byDay                               // deals derived, by when they change by themselves
	stale     []*Deal                             // to be derived afresh; some may be gone
	touched   few.Map[event.OpportunityID, Moved] // to be settled, whether or not they still have deals, and how their shares moved

	attention attention
	bills     billing
	arr       timeline
	owners    owners
	opps      few.Map[event.OpportunityID, *opportunity]
	deals     []*Deal                               // by booking date, then opportunity
	named     few.Map[event.OpportunityID, []*Deal] // the same by opportunity
	lasting   byDay                                 // those derived, by when they are settled
	leaving   byDay                                 // those that were undone, by when
	shrunk    map[shrinkKey]*shrinking              // what contractions take, worked out once for all deals
	// The rest most accounts have little of:
	uplifts    map[event.OpportunityID]*uplift
	grown      []growth // those of the timeline that deals were made of
	leads      map[event.OpportunityID][]event.LeadSourced
	handoffs   map[event.OpportunityID][]event.HandoffLogged
	notices    []event.ChurnNotified
	exceptions latest[string, event.ExceptionApproved]
	disputes   []*Dispute // by id
}

// New is an account nothing is known of.
func New(id event.AccountID, set *Setting) *State {
	return &State{ID: id, set: set, arr: timeline{set: set}, flagged: flagged{from: noChange}}
}

// Add takes one more fact.
func (s *State) Add(e event.Event) (Touched, error) {
	before := s.attention.sourcedFrom(e, s.set.Zone)
	t, err := s.add(e)
	if t.Paid = t.Measures; onlyInforms(e) {
		t.Paid = civil.Never
	}
	t.Measures = min(t.Measures, before, s.attention.sourcedFrom(e, s.set.Zone))
	return t, err
}

func (s *State) add(e event.Event) (Touched, error) {
	before := s.attention.reviewed(e)
	s.survives = nil
	s.attention.add(e, s.set.Zone)
	s.refer(e)
	currencies(e, func(c money.Currency) {
		if !slices.Contains(s.foreign, c) {
			s.foreign = append(s.foreign, c)
		}
	})
	switch e := e.(type) {
	case event.SubscriptionStarted, event.SubscriptionChanged, event.SubscriptionCancelled, event.RenewalBooked, event.RenewalStage,
		event.ChurnEffective, event.ChurnCancelled, event.ContractionBooked, event.AccountReactivated:
		return s.addARR(e)
	case event.ExpansionBooked:
		return s.addStatement(e.Opportunity, statement{Header: e.Header, won: &e.Deal})
	case event.ExpansionStage:
		if e.Stage.Won() {
			return s.addStatement(e.Opportunity, statement{Header: e.Header, won: &e.Deal})
		}
		return s.addStatement(e.Opportunity, statement{Header: e.Header, left: civil.In(e.Time, s.set.Zone), open: e.ARR})
	case event.ExpansionCancelled:
		uplift, err := s.cancelUplift(e)
		if err != nil {
			return untouched, err
		}
		t, err := s.addStatement(e.Opportunity, statement{Header: e.Header, left: e.On})
		t.Measures = min(t.Measures, uplift.Measures)
		return t, err
	case event.UpliftScheduled:
		return s.addUplift(e)
	case event.AccountAssigned:
		e.Account = s.ID // each event brings a copy; what is kept shares one
		if i, named := slices.BinarySearch(s.referred, e.Payee); named {
			e.Payee = s.referred[i]
		}
		return s.addOwner(e)
	case event.HealthScored:
		e.Account = s.ID
		return s.addScore(e), nil
	case event.InterventionLogged:
		unanswered := s.unanswered(e.LoggedAt)
		if s.risk.log(e) {
			return s.measured(noChange), nil
		}
		return s.measured(unanswered), nil
	case event.ChurnNotified:
		return s.addNotice(e), nil
	case event.HandoffLogged:
		if s.handoffs == nil {
			s.handoffs = map[event.OpportunityID][]event.HandoffLogged{}
		}
		s.handoffs[e.Opportunity] = append(s.handoffs[e.Opportunity], e)
		return s.touchOpportunity(e.Opportunity)
	case event.LeadSourced:
		if s.leads == nil {
			s.leads = map[event.OpportunityID][]event.LeadSourced{}
		}
		s.leads[e.Opportunity] = append(s.leads[e.Opportunity], e)
		s.recontest = true
		t, err := s.touchOpportunity(e.Opportunity)
		t.Standing = true
		return t, err
	case event.Invoice:
		e.Account = s.ID
		s.addInvoice(e)
		return untouched, nil
	case event.CreditNoteIssued:
		s.addNote(e)
		return untouched, nil
	case event.ExceptionApproved:
		return s.addException(e), nil
	case event.DisputeOpened:
		s.openDispute(e)
		s.recontest = true
		return s.touchOpportunity(e.Opportunity)
	case event.DisputeDecided:
		s.decideDispute(e)
		s.recontest = true
		return s.touchOpportunity(s.dispute(e.Dispute).Opportunity)
	case event.ReviewHeld:
		return s.measured(min(before, e.On)), nil
	case event.ContactEngaged:
		return s.measured(civil.In(e.EngagedAt, s.set.Zone)), nil
	case event.SurveyAnswered:
		return s.measured(civil.In(e.AnsweredAt, s.set.Zone)), nil
	case event.AdoptionMeasured:
		return s.measured(civil.In(e.MeasuredAt, s.set.Zone)), nil
	case event.OnboardingCompleted:
		return s.measured(noChange), nil // there is seldom a second
	case event.ForecastRecorded:
		return s.measured(civil.In(e.RecordedAt, s.set.Zone)), nil
	case event.HandoffIntroduced, event.HandoffClosed, event.FactRetracted,
		event.PayeeEnrolled, event.PayeeTerminated, event.PayoutConfirmed, event.PayoutRejected, event.PlanPublished, event.ObjectiveAttested,
		event.AdjustmentPosted, event.SpifAwarded, event.BalanceOpened, event.ParkedRetried, event.ParkedDiscarded, event.RateSet,
		event.PeriodLocked, event.PeriodReopened, event.Ticked:
		return untouched, nil
	}
	return untouched, nil
}

func (s *State) addARR(e event.Event) (Touched, error) {
	date := s.arr.tell(e)
	if date == noChange {
		if e, ok := e.(event.SubscriptionChanged); ok {
			s.unflag(e.Effective) // it may be told beside the timeline
		}
		return untouched, nil
	}
	if err := s.moveARR(date, false); err != nil {
		return untouched, err
	}
	return Touched{Measures: date, Standing: true}, nil
}

func (s *State) addOwner(e event.AccountAssigned) (Touched, error) {
	s.owners.assign(e)
	s.touchBooked(e.Effective, civil.Never)
	s.redoEpisodes(e.Effective.Start(s.set.Zone))
	s.unflag(e.Effective)
	s.recontest = true
	return Touched{Measures: e.Effective, Standing: true}, nil
}

func (s *State) addScore(e event.HealthScored) Touched {
	known := s.health.list.Len()
	if !s.health.add(scoreOf(&e, &s.set.scales)) && (s.health.list.Len() == known || !s.sameAgain(e)) {
		s.redoEpisodes(e.MeasuredAt)
	}
	// Only deals closed at or after the score was measured look at it, and before
	// the next one was. A step of an uplift looks at its signing, a renewal at when
	// it was booked.
	if !s.closed.Before(e.MeasuredAt) {
		next, any := s.health.next(e.MeasuredAt)
		for _, d := range s.deals {
			if !d.ClosedAt.Before(e.MeasuredAt) && (!any || d.ClosedAt.Before(next)) {
				s.spoilDeal(d)
			}
		}
	}
	return s.measured(civil.In(e.MeasuredAt, s.set.Zone))
}

// Referred lists everybody whom the account's facts ever named as owner, in a
// deal, as finder or in a decision, sorted, whether or not that still stands:
// so it depends on the facts alone and only grows. It must not be changed.
func (s *State) Referred() []event.PayeeID { return s.referred }

// refer notes whom a fact names.
func (s *State) refer(e event.Event) {
	switch e := e.(type) {
	case event.AccountAssigned:
		s.name(e.Payee)
	case event.ExpansionBooked:
		s.name(e.CSM, e.AE, e.SourcedBy)
	case event.ExpansionStage:
		s.name(e.CSM, e.AE, e.SourcedBy)
	case event.LeadSourced:
		s.name(e.Payee)
	case event.DisputeDecided:
		for _, sh := range e.Split {
			s.name(sh.Payee)
		}
	default:
	}
}

func (s *State) name(ids ...event.PayeeID) {
	for _, id := range ids {
		if i, found := slices.BinarySearch(s.referred, id); !found && id != "" {
			s.referred = slices.Insert(slices.Clip(s.referred), i, id)
		}
	}
}

// Owners lists everybody who owned the account at some time, in any role, sorted.
func (s *State) Owners() []event.PayeeID {
	var ids []event.PayeeID
	for _, a := range s.owners.all() {
		ids = append(ids, a.Payee)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Foreign lists the currencies of the amounts told, the tenant's included.
func (s *State) Foreign() []money.Currency { return s.foreign }
