package naive

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// life is an account's ARR, and whether it is a customer, from day to day.
type life struct {
	days   []day        // the days on which something took effect, ascending
	spans  []span       // from each beginning to its end
	churns []civil.Date // the ends that count, one per life
	gone   []gone       // the subscriptions cancelled while another lived
	falls  []fall       // contractions, in the order in which they happened
	rises  []rise       // renewals above what the account had
	was    map[civil.Date]renewalMove
}

type gone struct {
	sub  event.SubscriptionID
	date civil.Date
}

// span is one life of an account; the first began before all we know.
type span struct{ from, end civil.Date }

// fall is a contraction: by how much the account's ARR really fell.
type fall struct {
	on      civil.Date
	by      int64
	renewal bool
}

// rise is a renewal above the ARR the account had.
type rise struct {
	renewal renewal
	by      int64
}

// renewalMove is an account's ARR before and after a renewal.
type renewalMove struct{ before, after int64 }

// day is how things stand from a date on.
type day struct {
	date  civil.Date
	arr   int64
	alive bool
}

// on is how things stand on d. An account that nothing has been heard of has
// no ARR and is not churned: its start may be older than our history.
func (l life) on(d civil.Date) day {
	now := day{alive: true}
	for _, day := range l.days {
		if day.date <= d {
			now = day
		}
	}
	return now
}

// The order of what takes effect on one date (R5).
const (
	started = iota
	changed
	renewed
	churned
	reactivated
	grown
	shrunk
	undone
)

// act is one thing that takes effect on a date.
type act struct {
	date      civil.Date
	rank      int
	do        func(*state)
	contracts bool     // a fall by it is a contraction
	renewal   *renewal // of a renewal
}

// state is an account while its acts are played in order.
type state struct {
	alive bool
	parts map[event.SubscriptionID]int64 // the live subscriptions
	rest  int64                          // ARR that belongs to none of them
	grew  map[*deal]bool                 // the deals booked in this life
	ended []civil.Date
	spans []span
	gone  []gone
}

// life plays all that is known of an account (§1a, R4, R5, R6).
func (w *world) life(account event.AccountID) life {
	if known, ok := w.lives[account]; ok {
		return known
	}
	acts := slices.Concat(w.subscriptionActs(account), w.renewalActs(account), w.churnActs(account),
		w.reactivationActs(account), w.expansionActs(account), w.contractionActs(account))
	slices.SortStableFunc(acts, func(a, b act) int {
		return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.rank, b.rank))
	})
	s := &state{}
	s.begin(-civil.Never)
	l := life{was: map[civil.Date]renewalMove{}}
	for _, a := range acts {
		before, alive := s.arr(), s.alive
		a.do(s)
		l.note(a, before, s.arr(), alive && s.alive)
		if n := len(l.days); n > 0 && l.days[n-1].date == a.date {
			l.days = l.days[:n-1]
		}
		l.days = append(l.days, day{a.date, s.arr(), s.alive})
	}
	l.spans, l.churns, l.gone = s.spans, s.ended, s.gone
	w.lives[account] = l
	return l
}

// note keeps what an act did that other rules ask about: a contraction is what
// the account's ARR really fell by, a renewal uplift what it rose by from
// above nothing.
func (l *life) note(a act, before, after int64, alive bool) {
	if !alive {
		return
	}
	if a.contracts && after < before {
		l.falls = append(l.falls, fall{a.date, before - after, a.renewal != nil})
	}
	if a.renewal == nil {
		return
	}
	l.was[a.date] = renewalMove{before, after}
	if after > before && before > 0 && a.renewal.term.ARR.Minor > 0 {
		l.rises = append(l.rises, rise{*a.renewal, after - before})
	}
}

// begin starts a life with nothing.
func (s *state) begin(on civil.Date) {
	s.alive = true
	s.clear()
	s.spans = append(s.spans, span{on, civil.Never})
}

func (s *state) clear() {
	s.parts = map[event.SubscriptionID]int64{}
	s.grew = map[*deal]bool{}
	s.rest = 0
}

// end is a churn: nothing is left, and a churned account has no second end
// until it lives again (R6).
func (s *state) end(d civil.Date) {
	if !s.alive {
		return
	}
	s.clear()
	s.alive = false
	s.spans[len(s.spans)-1].end = d
	s.ended = append(s.ended, d)
}

func (s *state) arr() int64 {
	sum := s.rest
	for _, part := range s.parts {
		sum += part
	}
	return sum
}

// set is an absolute statement: of several live subscriptions it moves the one
// it names; else it sets the whole account and absorbs the increments (R4).
// The subscription it names is taken to live.
func (s *state) set(sub event.SubscriptionID, arr int64) {
	others := len(s.parts)
	if _, live := s.parts[sub]; live {
		others--
	}
	switch {
	case sub != "" && others > 0:
		s.parts[sub] = arr
		s.floor()
	case sub != "":
		s.parts[sub], s.rest = arr, 0
	case len(s.parts) == 1:
		for only := range s.parts {
			s.parts[only] = arr
		}
		s.rest = 0
	default:
		s.rest += arr - s.arr()
	}
}

// shrink takes away, but not below nothing.
func (s *state) shrink(by int64) {
	s.rest -= by
	s.floor()
}

func (s *state) floor() { s.rest += max(0, -s.arr()) }

// whileAlive leaves a churned account alone: its ARR stays 0 until it is
// reactivated or a subscription starts, whatever else was booked ahead.
func whileAlive(do func(*state)) func(*state) {
	return func(s *state) {
		if s.alive {
			do(s)
		}
	}
}
