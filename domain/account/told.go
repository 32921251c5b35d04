package account

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// tell takes a statement about ARR and gives the first day it can change
// anything on, or noChange where it changes nothing.
func (t *timeline) tell(told event.Event) civil.Date {
	evidence := func(which func(plan evidences) string, d civil.Date) bool {
		return counts(which(evidences(t.set.Plans.Settings(d).Evidence)), told.Head().Type)
	}
	switch e := told.(type) {
	case event.SubscriptionStarted:
		return t.put(moveKey{"subscription", string(e.Subscription), e.Term.Start}, e.Header, t.term(e.Header, e.Term, started, e.Subscription))
	case event.SubscriptionChanged:
		if t.set.Plans.Settings(e.Effective).Evidence.Expansion == "crm" {
			t.unheard.add(told, func(a, b event.SubscriptionChanged) int {
				return cmp.Or(cmp.Compare(a.Effective, b.Effective), cmp.Compare(a.Subscription, b.Subscription))
			})
			return noChange
		}
		return t.put(moveKey{"changed", string(e.Subscription), e.Effective}, e.Header, t.absolute(e.Header, e.Effective, changed, e.Subscription, e.ARR))
	case event.SubscriptionCancelled:
		if !evidence(evidences.churn, e.Effective) {
			return noChange
		}
		t.dirty = true // what others cancelled on that day do may depend on it
		return t.put(moveKey{"cancelled", string(e.Subscription), e.Effective}, e.Header,
			&move{date: e.Effective, rank: churned, Header: e.Header, sub: e.Subscription, ends: true})
	case event.RenewalBooked:
		if !evidence(evidences.renewal, e.Term.Start) {
			return noChange
		}
		m := t.term(e.Header, e.Term, renewed, e.Subscription)
		if m.opp = event.OpportunityID(e.Renewal); m.opp == "" {
			m.opp = event.OpportunityID(e.Account)
		}
		if !e.BookedAt.IsZero() {
			m.closed = e.BookedAt.UnixNano()
		}
		return t.put(moveKey{what: "renewal", date: e.Term.Start}, e.Header, m)
	case event.RenewalStage:
		return t.tellStage(e, evidence)
	case event.ChurnEffective:
		if !evidence(evidences.churn, e.Effective) {
			return noChange
		}
		return t.put(moveKey{what: "churn", date: e.Effective}, e.Header, &move{date: e.Effective, rank: churned, Header: e.Header})
	case event.ChurnCancelled:
		if !evidence(evidences.churn, e.Effective) {
			return noChange
		}
		if old, ok := t.cancelled[e.Effective]; ok && event.Newer(old, e.Header) {
			return noChange
		}
		if t.cancelled == nil {
			t.cancelled = map[civil.Date]event.Header{}
		}
		t.cancelled[e.Effective] = e.Header
		t.dirty = true
		return e.Effective
	case event.AccountReactivated:
		return t.put(moveKey{what: "reactivated", date: e.Effective}, e.Header, t.absolute(e.Header, e.Effective, reactivated, "", e.ARR))
	case event.ContractionBooked:
		m := t.absolute(e.Header, e.Effective, contracted, "", e.Decrease.Neg())
		return t.put(moveKey{"contraction", e.Contraction, 0}, e.Header, m)
	default:
		return noChange
	}
}

// tellStage takes a renewal told by its opportunity's stage. A lost one is a
// churn where the term it would have started begins, which is the end of the
// term before.
func (t *timeline) tellStage(e event.RenewalStage, evidence func(func(evidences) string, civil.Date) bool) civil.Date {
	at := stageDay(e)
	if !evidence(evidences.renewal, at) {
		return noChange
	}
	key := moveKey{what: "renewal", date: at}
	switch {
	case e.Stage.Won():
		m := t.term(e.Header, e.Term, renewed, "")
		m.opp = e.Opportunity
		return t.put(key, e.Header, m)
	case e.Stage.Lost() && evidence(evidences.churn, at):
		return t.put(key, e.Header, &move{date: at, rank: churned, Header: e.Header})
	}
	return t.put(key, e.Header, nil)
}

// stageDay is the day the term told by a stage begins, which is the day the
// term before it ends.
func stageDay(e event.RenewalStage) civil.Date {
	if e.Term.Start == 0 {
		return e.Term.End
	}
	return e.Term.Start
}

// absolute makes a move of an amount. Nothing is nothing in every currency.
func (t *timeline) absolute(h event.Header, date civil.Date, r rank, sub event.SubscriptionID, arr money.Money) *move {
	m := &move{date: date, rank: r, Header: h, sub: sub, minor: arr.Minor}
	home := t.set.Plans.Settings(date).Currency
	if arr.Minor == 0 || arr.Currency == home {
		return m
	}
	if at, ok, err := t.set.Rates.Convert(arr, home, date); ok && err == nil {
		m.minor = at.Minor
	} else {
		m.minor, m.foreign = 0, true
	}
	return m
}

// term makes the move of a statement that begins a term.
func (t *timeline) term(h event.Header, term event.Term, r rank, sub event.SubscriptionID) *move {
	m := t.absolute(h, term.Start, r, sub, term.ARR)
	m.end = term.End
	return m
}

// find is where a key is among what is told, or would be.
func (t *timeline) find(key moveKey) (int, bool) {
	return slices.BinarySearchFunc(t.told, key, func(v told, k moveKey) int { return v.compare(k) })
}

// under is the move told under a key; nil: none.
func (t *timeline) under(key moveKey) *move {
	if i, known := t.find(key); known {
		return t.told[i].move
	}
	return nil
}

// stand makes a move stand under a key whatever stood there; nil takes it away.
// It gives the first day that can differ, or noChange.
func (t *timeline) stand(key moveKey, m *move) civil.Date {
	i, known := t.find(key)
	if !known {
		if m == nil {
			return noChange
		}
		t.told = slices.Insert(t.told, i, told{moveKey: key, move: m})
		t.append(m)
		return m.date
	}
	old := t.told[i].move
	if m == nil && old == nil || m != nil && old != nil && *m == *old {
		return noChange
	}
	t.told[i].move = m
	return t.changed(old, m)
}

// changed is the first day that can differ where one move takes the place of
// another; nil: none.
func (t *timeline) changed(old, m *move) civil.Date {
	switch {
	case old == nil && m == nil:
		return noChange
	case old == nil:
		t.append(m)
		return m.date
	case m == nil:
		t.dirty = true
		return old.date
	}
	t.dirty = true
	return min(m.date, old.date)
}

// append takes a move under a key that had none.
func (t *timeline) append(m *move) {
	if n := len(t.moves); n > 0 && m.compare(t.moves[n-1]) < 0 {
		t.dirty = true
	}
	t.moves = append(t.moves, m)
}

// put makes the statement stand under its key unless a newer one does.
func (t *timeline) put(key moveKey, h event.Header, m *move) civil.Date {
	i, known := t.find(key)
	if known && event.Newer(*t.told[i].head, h) {
		return noChange
	}
	if !known {
		t.told = slices.Insert(t.told, i, told{moveKey: key})
	}
	at := &t.told[i]
	old := at.move
	if at.move = m; m != nil {
		at.head = &m.Header
	} else {
		head := h
		at.head = &head
	}
	return t.changed(old, m)
}
