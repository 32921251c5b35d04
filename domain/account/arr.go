package account

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// noChange is earlier than every date.
const noChange = civil.Date(-1 << 31)

// rank is the order of movements of one date (readings R5).
type rank uint8

const (
	started rank = iota
	changed
	renewed
	churned
	lapsed // a churned move that only cancels one of several subscriptions, once that is known
	reactivated
	expanded
	contracted
	uncancelled // the cancellation of an expansion
)

// move is one dated statement or change of an account's ARR.
type move struct {
	date civil.Date
	rank rank
	event.Header
	sub   event.SubscriptionID
	end   civil.Date // of the term that started and renewed moves begin
	minor int64      // absolute for started … reactivated, else an increment
	// opp is the opportunity of expanded and uncancelled moves, and what a
	// renewal is called.
	opp event.OpportunityID
	// closed is when a renewal was signed, in nanoseconds since 1970; 0: not told.
	closed int64
	// foreign is set where the amount cannot be converted: it moves nothing, but
	// the term it begins is one.
	foreign bool
	// ends is set on churned moves that cancel one subscription: they end the
	// account only with its last.
	ends bool
}

func (m *move) compare(n *move) int {
	return cmp.Or(cmp.Compare(m.date, n.date), cmp.Compare(m.rank, n.rank), m.Time.Compare(n.Time),
		cmp.Compare(m.Source, n.Source), cmp.Compare(m.ID, n.ID))
}

// moveKey is the business key a move is told under.
type moveKey struct {
	what string // of the closed list in tell
	id   string
	date civil.Date
}

// told is the latest statement under a key, and the move it makes: a
// statement may also say that there is none.
type told struct {
	moveKey
	head *event.Header // of the statement; nil where a deal makes the move
	move *move
}

func (k moveKey) compare(o moveKey) int {
	return cmp.Or(cmp.Compare(k.what, o.what), cmp.Compare(k.date, o.date), cmp.Compare(k.id, o.id))
}

// timeline is an account's ARR over time. Source: rules §1a; readings R4–R6.
// Amounts are minor units of the tenant's currency; other currencies do not
// count while no rate is in force.
type timeline struct {
	set       *Setting
	told      []told                      // by key
	cancelled map[civil.Date]event.Header // latest churn.cancelled per date
	// unheard are billing's statements of a total where they are no evidence.
	unheard kept[event.SubscriptionChanged] // by day, then subscription

	moves  []*move // in order; all hold those told
	dirty  bool    // moves must be built from told again
	fold   fold    // after all of moves
	levels []level
	// What the fold found on its way, each in order:
	churns   []*move      // ends of the account's lives
	revivals []civil.Date // starts of later lives, one after each of churns but perhaps the last
	renewals []renewal    // renewals with ARR above zero
	terms    []term       // everything that begins a term
	falls    []fall       // contractions
	growths  []growth     // renewals above what they replace
}

// closedAt is when a renewal was signed: as told, else when it was told.
func (m *move) closedAt() time.Time {
	if m.closed == 0 {
		return m.Time
	}
	return time.Unix(0, m.closed).UTC()
}

// renewal is a renewal, and the account's ARR just before and after it.
type renewal struct {
	*move
	before, after int64
}

// fall is ARR that a living account lost in a move.
type fall struct {
	*move
	less int64
}

// term is a term as it was begun, and the day something stopped it.
type term struct {
	*move
	stopped civil.Date // civil.Never: it runs to its end
	latest  civil.Date // the last end of it and all before it
}

// level is the account's ARR from a date on.
type level struct {
	date  civil.Date
	minor int64
}

// derive brings the levels up to date: the newest move extends them, anything
// else folds all moves again and is reported.
func (t *timeline) derive() (rebuilt bool, err error) {
	if rebuilt = t.dirty; rebuilt {
		t.moves = t.moves[:0]
		for _, v := range t.told {
			if v.move != nil {
				t.moves = append(t.moves, v.move)
			}
		}
		slices.SortFunc(t.moves, (*move).compare)
		t.levels, t.churns, t.revivals, t.renewals, t.terms = t.levels[:0], t.churns[:0], t.revivals[:0], t.renewals[:0], t.terms[:0]
		t.falls, t.growths = t.falls[:0], t.growths[:0]
		t.fold = fold{}
		t.dirty = false
	}
	for _, m := range t.moves[t.fold.count:] {
		if err := t.step(m); err != nil {
			return rebuilt, err
		}
	}
	return rebuilt, nil
}

// step folds one move in.
func (t *timeline) step(m *move) error {
	if m.ends && t.outlived(m.date) {
		other := *m
		other.rank = lapsed
		m = &other
	}
	if c, cancelled := t.cancelled[m.date]; cancelled && m.rank == churned && event.Newer(c, m.Header) {
		t.fold.count++ // the churn of that date did not happen
		return nil
	}
	wasDead, before := t.fold.dead, t.last()
	total, err := t.fold.move(m)
	if err != nil {
		return err
	}
	switch {
	case t.fold.dead && !wasDead:
		t.churns = append(t.churns, m)
		t.stopTerms(m.date, func(term) bool { return true })
	case wasDead && !t.fold.dead:
		t.revivals = append(t.revivals, m.date)
	case m.rank == lapsed && !wasDead:
		t.stopTerms(m.date, func(o term) bool { return o.sub == m.sub })
	}
	if m.rank == started || m.rank == renewed {
		latest := m.end
		if n := len(t.terms); n > 0 {
			latest = max(latest, t.terms[n-1].latest)
		}
		t.terms = append(t.terms, term{m, civil.Never, latest})
		if m.rank == renewed && (m.minor > 0 || m.foreign) {
			t.renewals = append(t.renewals, renewal{m, before, total})
		}
	}
	t.compare(m, before, total, wasDead || t.fold.dead)
	if n := len(t.levels); n > 0 && t.levels[n-1].date == m.date {
		t.levels[n-1].minor = total
	} else {
		t.levels = append(t.levels, level{m.date, total})
	}
	return nil
}

// last is the ARR after the moves folded so far.
func (t *timeline) last() int64 {
	if n := len(t.levels); n > 0 {
		return t.levels[n-1].minor
	}
	return 0
}

// compare notes a contraction, or a renewal that grew, of a living account.
//
// Source: rules §3, §7 "Contraction inside the window"; readings R4, R24.
func (t *timeline) compare(m *move, before, after int64, dead bool) {
	if dead || m.foreign {
		return
	}
	switch m.rank {
	case renewed:
		if m.minor > 0 && before > 0 && after > before {
			t.growths = append(t.growths, growth{m, after - before})
		}
		fallthrough
	case changed, lapsed, contracted:
		if after < before {
			t.falls = append(t.falls, fall{m, before - after})
		}
	case started, churned, reactivated, expanded, uncancelled:
	}
}

// outlived reports whether a subscription lives that is not cancelled on a day.
func (t *timeline) outlived(on civil.Date) bool {
	for sub := range t.fold.parts.All() {
		if t.under(moveKey{"cancelled", string(sub), on}) == nil {
			return true
		}
	}
	return false
}

// stopTerms stops the terms running on a day.
func (t *timeline) stopTerms(on civil.Date, which func(term) bool) {
	for i := range t.terms {
		if o := &t.terms[i]; o.end > on && o.stopped == civil.Never && which(*o) {
			o.stopped = on
		}
	}
}

// evidences picks the tenant's choice of whose statements count.
type evidences struct{ Renewal, Churn, Expansion string }

func (e evidences) renewal() string { return e.Renewal }
func (e evidences) churn() string   { return e.Churn }

// counts reports whether a statement of a type is evidence: "crm" and
// "billing" take those of that system, "any" takes both.
func counts(evidence string, t event.Type) bool {
	return evidence == "any" || strings.HasPrefix(string(t), evidence+".")
}
