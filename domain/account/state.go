// Package account has what one account's facts say: its ARR over time, its
// owners, its deals and the steps they make due, its risk episodes, and what
// it adds to its owners' quarters.
package account

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// Setting is what an account's rules look at beside its own facts. It stays
// the same while a State lives.
type Setting struct {
	Plans    plan.Set
	Zone     *time.Location
	Calendar civil.Calendar
	Payees   Payees
}

// Payees knows the people.
type Payees interface {
	// Terms is what a payee is paid by on a day.
	Terms(payee event.PayeeID, on civil.Date) (Terms, error)
}

// State is an account as its facts tell it. It is a function of the set of
// facts: the order in which Add saw them leaves no trace. The newest fact of
// its kind extends what was derived before; an older one derives it afresh.
type State struct {
	ID  event.AccountID
	set *Setting

	arr    timeline
	owners owners
	opps   map[event.OpportunityID]*opportunity
	health scores
	risk   episodes

	deals   []*Deal // by booking date, then opportunity
	stale   map[event.OpportunityID]bool
	all     bool                 // every deal is stale
	waiting map[*Deal]civil.Date // deals that will change by themselves, and when
}

// New is an account nothing is known of.
func New(id event.AccountID, set *Setting) *State {
	s := &State{ID: id, set: set, opps: map[event.OpportunityID]*opportunity{}, stale: map[event.OpportunityID]bool{}, waiting: map[*Deal]civil.Date{}}
	s.arr = newTimeline(set)
	return s
}

// Touched says what a fact may have changed.
type Touched struct {
	Deals  bool       // lines of deals
	Book   bool       // ARR or ownership
	From   civil.Date // with Book: nothing changed before this day
	Risk   bool       // risk episodes
	Payees bool       // whom the account refers to
}

// Add takes one more fact. Facts of types that no rule of the account reads
// touch nothing.
func (s *State) Add(e event.Event) (Touched, error) {
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
		return s.addStatement(e.Opportunity, statement{Header: e.Header, left: civil.In(e.Time, s.set.Zone)})
	case event.ExpansionCancelled:
		return s.addStatement(e.Opportunity, statement{Header: e.Header, left: e.On})
	case event.AccountAssigned:
		return s.addOwner(e), nil
	case event.HealthScored:
		return s.addScore(e), nil
	case event.InterventionLogged:
		s.risk.log(e)
		return Touched{Risk: true}, nil
	case event.ChurnNotified, event.UpliftScheduled, event.HandoffLogged, event.HandoffIntroduced, event.HandoffClosed, event.LeadSourced,
		event.ReviewHeld, event.ContactEngaged, event.SurveyAnswered, event.AdoptionMeasured, event.OnboardingCompleted, event.ForecastRecorded,
		event.Invoice, event.CreditNoteIssued, event.ExceptionApproved, event.DisputeOpened, event.DisputeDecided, event.FactRetracted,
		event.PayeeEnrolled, event.PayeeTerminated, event.PayoutConfirmed, event.PayoutRejected, event.PlanPublished, event.ObjectiveAttested,
		event.AdjustmentPosted, event.SpifAwarded, event.BalanceOpened, event.ParkedRetried, event.ParkedDiscarded, event.RateSet,
		event.PeriodLocked, event.PeriodReopened, event.Ticked:
		return Touched{}, nil
	}
	return Touched{}, nil
}

// Moves gives the first day on which an event can change the account's ARR or
// ownership, what it replaces included; false where it changes neither.
func (s *State) Moves(e event.Event) (civil.Date, bool) {
	earlier := func(day civil.Date, key moveKey) (civil.Date, bool) {
		if old := s.arr.told[key].move; old != nil {
			day = min(day, old.date)
		}
		return day, true
	}
	deal := func(id event.OpportunityID, day civil.Date) (civil.Date, bool) {
		for _, d := range s.deals {
			if d.Opportunity == id {
				day = min(day, d.Booked)
			}
		}
		return day, true
	}
	switch e := e.(type) {
	case event.SubscriptionStarted:
		return earlier(e.Term.Start, moveKey{"subscription", string(e.Subscription), e.Term.Start})
	case event.ContractionBooked:
		return earlier(e.Effective, moveKey{what: "contraction", id: e.Contraction})
	case event.SubscriptionChanged:
		return e.Effective, true
	case event.SubscriptionCancelled:
		return e.Effective, true
	case event.RenewalBooked:
		return e.Term.Start, true
	case event.RenewalStage:
		return stageDay(e), true
	case event.ChurnEffective:
		return e.Effective, true
	case event.ChurnCancelled:
		return e.Effective, true
	case event.AccountReactivated:
		return e.Effective, true
	case event.AccountAssigned:
		return e.Effective, true
	case event.ExpansionBooked:
		return deal(e.Opportunity, civil.In(e.ClosedAt, s.set.Zone))
	case event.ExpansionStage:
		return deal(e.Opportunity, civil.In(e.Time, s.set.Zone))
	case event.ExpansionCancelled:
		return deal(e.Opportunity, e.On)
	default:
		return 0, false
	}
}

func (s *State) addARR(e event.Event) (Touched, error) {
	date := s.arr.tell(e)
	if date == noChange {
		return Touched{}, nil
	}
	if err := s.arr.derive(); err != nil {
		return Touched{}, err
	}
	s.touchDealsFrom(date)
	s.risk.stale()
	return Touched{Deals: true, Book: true, From: date, Risk: true}, nil
}

func (s *State) addOwner(e event.AccountAssigned) Touched {
	s.owners.assign(e)
	if last := s.lastBooked(); last >= e.Effective {
		s.all = true
	}
	s.risk.stale()
	return Touched{Deals: s.all, Book: true, From: e.Effective, Risk: true, Payees: true}
}

func (s *State) addScore(e event.HealthScored) Touched {
	newest := s.health.add(e)
	if !newest {
		s.risk.stale()
	}
	// Only deals closed at or after the score was measured look at it.
	for i := len(s.deals) - 1; i >= 0 && s.deals[i].Booked >= civil.In(e.MeasuredAt, s.set.Zone); i-- {
		s.stale[s.deals[i].Opportunity] = true
	}
	return Touched{Deals: len(s.stale) > 0, Risk: true}
}

func (s *State) lastBooked() civil.Date {
	if len(s.deals) == 0 {
		return noChange
	}
	return s.deals[len(s.deals)-1].Booked
}

// touchDealsFrom marks the deals that something dated on or after a day can
// still change.
func (s *State) touchDealsFrom(date civil.Date) {
	for _, d := range s.deals {
		if d.settledBy >= date {
			s.stale[d.Opportunity] = true
		}
	}
}

// PayeesChanged marks every deal, because what is known of people has changed.
func (s *State) PayeesChanged() { s.all = true }

// Referred lists everybody the account's facts name as owner or in a deal, sorted.
func (s *State) Referred() []event.PayeeID {
	var ids []event.PayeeID
	for _, a := range s.owners.all() {
		ids = append(ids, a.Payee)
	}
	for _, o := range s.opps {
		for _, st := range o.told {
			if st.won != nil {
				ids = append(ids, st.won.CSM, st.won.AE)
			}
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > 0 && ids[0] == "" {
		ids = ids[1:]
	}
	return ids
}
