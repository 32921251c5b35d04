package naive

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// The buckets an amount moves between; expense is nobody's.
const (
	expense = "expense"
	held    = "held"
	payable = "payable"
	paid    = "paid"
)

// move is an amount that goes from one bucket to another on a date.
type move struct {
	payee       event.PayeeID
	opportunity event.OpportunityID // empty: of no deal
	component   string
	on          civil.Date
	from, to    string
	amount      int64
	opening     bool // brought from the old system
}

// posted reports whether a move is in the ledger by now: from 00:00 of its
// date (R2), and not when it is dated before the ledger starts, unless it
// opens it (R36).
func (w *world) posted(m move) bool {
	starts := w.tenant.LedgerStarts
	return w.due(m.on) && (starts == nil || m.on >= *starts || m.opening)
}

// tally adds moves up into a Result.
type tally struct{ Result }

func newTally() tally {
	return tally{Result{
		Balances:   map[event.PayeeID]map[string]int64{},
		Components: map[event.PayeeID]map[string]int64{},
		Deals:      map[event.PayeeID]map[event.OpportunityID]map[string]int64{},
		Credits:    map[event.PayeeID]map[event.OpportunityID]int64{},
	}}
}

func (t tally) move(m move) {
	t.bucket(m, m.from, -m.amount)
	t.bucket(m, m.to, m.amount)
	switch {
	case m.from == expense:
		add(t.Components, m.payee, m.component, m.amount)
	case m.to == expense:
		add(t.Components, m.payee, m.component, -m.amount)
	}
}

func (t tally) bucket(m move, bucket string, amount int64) {
	if bucket == expense || amount == 0 {
		return
	}
	add(t.Balances, m.payee, bucket, amount)
	if m.opportunity == "" {
		return
	}
	if t.Deals[m.payee] == nil {
		t.Deals[m.payee] = map[event.OpportunityID]map[string]int64{}
	}
	add(t.Deals[m.payee], m.opportunity, bucket, amount)
	if len(t.Deals[m.payee]) == 0 {
		delete(t.Deals, m.payee)
	}
}

// add sums into a map of maps and leaves no zeros and no empty maps behind.
func add[K, L comparable](sums map[K]map[L]int64, k K, l L, amount int64) {
	if amount == 0 {
		return
	}
	if sums[k] == nil {
		sums[k] = map[L]int64{}
	}
	sums[k][l] += amount
	if sums[k][l] != 0 {
		return
	}
	delete(sums[k], l)
	if len(sums[k]) == 0 {
		delete(sums, k)
	}
}

func sorted[K cmp.Ordered, V any](set map[K]V) []K {
	var keys []K
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
