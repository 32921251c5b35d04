// Package scenario plays events through the rules on a fake clock, in memory:
// what simulate prints, and what a running worker is compared with.
package scenario

import (
	"container/heap"
	"maps"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// Memory is a tenant's records in maps.
type Memory struct {
	facts      map[event.Scope][]tenant.Input
	entries    map[event.PayeeID][]*ledger.Entry
	byScope    map[event.Scope][]*ledger.Entry
	ledgers    map[event.PayeeID]ledger.Account
	shares     map[event.PayeeID]map[account.Seat]account.Share
	refs       map[event.PayeeID]map[event.AccountID]bool
	credits    map[event.PayeeID]map[event.OpportunityID]account.Credit
	episodes   map[event.AccountID]map[int64]tenant.Episode
	locks      map[civil.Quarter]tenant.Lock
	statements map[event.PayeeID]map[civil.Quarter]tenant.Statement
	timers     timers
	live       map[tenant.Timer]bool
	people     map[event.PayeeID]bool
}

// NewMemory has no records.
func NewMemory() *Memory {
	return &Memory{
		facts: map[event.Scope][]tenant.Input{}, entries: map[event.PayeeID][]*ledger.Entry{}, byScope: map[event.Scope][]*ledger.Entry{},
		ledgers: map[event.PayeeID]ledger.Account{}, shares: map[event.PayeeID]map[account.Seat]account.Share{},
		refs: map[event.PayeeID]map[event.AccountID]bool{}, credits: map[event.PayeeID]map[event.OpportunityID]account.Credit{},
		episodes: map[event.AccountID]map[int64]tenant.Episode{}, locks: map[civil.Quarter]tenant.Lock{},
		statements: map[event.PayeeID]map[civil.Quarter]tenant.Statement{}, live: map[tenant.Timer]bool{}, people: map[event.PayeeID]bool{},
	}
}

// Commit keeps what an input or timer changed.
func (m *Memory) Commit(c *tenant.Changes) {
	for _, f := range c.Facts {
		scope := f.Event.Scope()
		m.facts[scope] = append(m.facts[scope], f)
		m.person(scope.Payee)
	}
	for i := range c.Entries {
		e := &c.Entries[i]
		m.entries[e.Payee] = append(m.entries[e.Payee], e)
		m.byScope[e.Scope] = append(m.byScope[e.Scope], e)
		m.person(e.Payee)
	}
	for _, l := range c.Ledgers {
		l.Periods = maps.Clone(l.Periods)
		m.ledgers[l.Payee] = l
	}
	for _, s := range c.Shares {
		put(m.shares, s.Payee, s.Seat, s.Share)
		m.person(s.Payee)
	}
	for _, r := range c.Refs {
		put(m.refs, r.Payee, r.Account, true)
		m.person(r.Payee)
	}
	for _, cr := range c.Uncredited {
		delete(m.credits[cr.Payee], cr.Opportunity)
	}
	for _, cr := range c.Credits {
		put(m.credits, cr.Payee, cr.Opportunity, cr)
	}
	for _, e := range c.Episodes {
		put(m.episodes, e.Account, e.Opened.UnixNano(), e)
	}
	for _, l := range c.Locks {
		m.locks[l.Period] = l
	}
	for _, s := range c.Statements {
		put(m.statements, s.Payee, s.Period, s)
	}
	for _, t := range c.Clear {
		delete(m.live, t)
	}
	for _, t := range c.Set {
		if !m.live[t] {
			m.live[t] = true
			heap.Push(&m.timers, t)
		}
	}
}

func (m *Memory) person(id event.PayeeID) {
	if id != "" {
		m.people[id] = true
	}
}

func put[K, L comparable, V any](in map[K]map[L]V, k K, l L, v V) {
	if in[k] == nil {
		in[k] = map[L]V{}
	}
	in[k][l] = v
}

// Facts implements tenant.Records.
func (m *Memory) Facts(of event.Scope, yield func(event.Event, tenant.Sum) error) error {
	for _, f := range m.facts[of] {
		if err := yield(f.Event, f.Sum); err != nil {
			return err
		}
	}
	return nil
}

// Entries implements tenant.Records.
func (m *Memory) Entries(of event.Scope, yield func(*ledger.Entry) error) error {
	for _, e := range m.byScope[of] {
		if err := yield(e); err != nil {
			return err
		}
	}
	return nil
}

// Episodes implements tenant.Records.
func (m *Memory) Episodes(of event.AccountID) ([]tenant.Episode, error) {
	var out []tenant.Episode
	for _, at := range slices.Sorted(maps.Keys(m.episodes[of])) {
		out = append(out, m.episodes[of][at])
	}
	return out, nil
}

// Ledger implements tenant.Records.
func (m *Memory) Ledger(of event.PayeeID) (ledger.Account, error) {
	l := m.ledgers[of]
	l.Periods = maps.Clone(l.Periods)
	return l, nil
}

// Shares implements tenant.Records.
func (m *Memory) Shares(of event.PayeeID) (map[account.Seat]account.Share, error) {
	return maps.Clone(m.shares[of]), nil
}

// AccountsOf implements tenant.Records.
func (m *Memory) AccountsOf(payee event.PayeeID) ([]event.AccountID, error) {
	return slices.Sorted(maps.Keys(m.refs[payee])), nil
}

// Payees implements tenant.Records.
func (m *Memory) Payees() ([]event.PayeeID, error) { return slices.Sorted(maps.Keys(m.people)), nil }

// FirstTimer implements tenant.Records.
func (m *Memory) FirstTimer(until time.Time) (tenant.Timer, bool, error) {
	for len(m.timers) > 0 {
		t := m.timers[0]
		if !m.live[t] {
			heap.Pop(&m.timers)
			continue
		}
		return t, !t.Due.After(until), nil
	}
	return tenant.Timer{}, false, nil
}

// timers is a heap, the first due at its top.
type timers []tenant.Timer

func (h timers) Len() int           { return len(h) }
func (h timers) Less(i, j int) bool { return h[i].Compare(h[j]) < 0 }
func (h timers) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *timers) Push(t any) { *h = append(*h, t.(tenant.Timer)) }

// Pop implements heap.Interface.
func (h *timers) Pop() any {
	old := *h
	t := old[len(old)-1]
	*h = old[:len(old)-1]
	return t
}

// EntriesOf implements report.Source.
func (m *Memory) EntriesOf(payee event.PayeeID, yield func(*ledger.Entry) error) error {
	for _, e := range m.entries[payee] {
		if err := yield(e); err != nil {
			return err
		}
	}
	return nil
}

// Credits implements report.Source.
func (m *Memory) Credits(payee event.PayeeID) ([]account.Credit, error) {
	var out []account.Credit
	for _, id := range slices.Sorted(maps.Keys(m.credits[payee])) {
		out = append(out, m.credits[payee][id])
	}
	return out, nil
}

// AllEpisodes implements report.Source.
func (m *Memory) AllEpisodes(yield func(tenant.Episode) error) error {
	for _, id := range slices.Sorted(maps.Keys(m.episodes)) {
		list, err := m.Episodes(id)
		if err != nil {
			return err
		}
		for _, e := range list {
			if err := yield(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// Locks implements report.Source.
func (m *Memory) Locks() ([]tenant.Lock, error) {
	var out []tenant.Lock
	for _, q := range slices.Sorted(maps.Keys(m.locks)) {
		out = append(out, m.locks[q])
	}
	return out, nil
}

// Statements lists a locked quarter's frozen statements by payee.
func (m *Memory) Statements(q civil.Quarter) []tenant.Statement {
	var out []tenant.Statement
	for _, id := range slices.Sorted(maps.Keys(m.statements)) {
		if st, ok := m.statements[id][q]; ok {
			out = append(out, st)
		}
	}
	return out
}
