// Package scenario plays events through the rules on a fake clock, in memory:
// what simulate prints, and what a running worker is compared with.
package scenario

import (
	"container/heap"
	"maps"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

// Memory is a tenant's records in maps.
type Memory struct {
	facts      map[event.AccountID]*facts
	others     map[event.Scope]*facts // of payees and the tenant
	room       []fact                 // for the next ones
	entries    map[event.PayeeID][]*ledger.Entry
	byScope    map[event.Scope][]*ledger.Entry
	ledgers    map[event.PayeeID]ledger.Account
	refs       map[event.PayeeID][]event.AccountID // sorted
	foreign    map[money.Currency]map[event.AccountID]bool
	ahead      map[event.AccountID]bool
	notices    map[event.AccountID]map[account.Notice]bool
	flags      map[tenant.FlagKey]tenant.Flag
	credits    map[event.PayeeID]map[creditKey]account.Credit
	episodes   map[event.AccountID]map[episodeKey]tenant.Episode
	revisions  map[civil.Quarter]int
	locks      map[civil.Quarter]tenant.Lock
	statements map[event.PayeeID]map[civil.Quarter]tenant.Statement
	timers     timers
	first      tenant.Timer // of those, while none comes or goes; zero: to be looked for
	live       map[tenant.Timer]bool
	people     map[event.PayeeID]bool
}

// facts are those of one scope. There are many scopes with few each: each fact
// names the one before, so that none is moved or looked at when more come.
type facts struct{ last *fact }

// fact is what the rules ask for of an input again; as it came it is not kept.
type fact struct {
	told   event.Event
	sum    tenant.Sum
	before *fact
}

// someFacts is how many are made room for at once.
const someFacts = 256

// fact keeps one more.
func (m *Memory) fact(in *tenant.Input) {
	if len(m.room) == 0 {
		m.room = make([]fact, someFacts)
	}
	f := &m.room[0]
	m.room = m.room[1:]
	f.told, f.sum = in.Event, in.Sum
	scope := in.Event.Scope()
	m.person(scope.Payee)
	list := m.factsOf(scope)
	switch {
	case list != nil:
		f.before, list.last = list.last, f
	case scope.Account != "":
		m.facts[scope.Account] = &facts{f}
	default:
		m.others[scope] = &facts{f}
	}
}

// factsOf are those of a scope, the account's where it names one; nil: none.
func (m *Memory) factsOf(scope event.Scope) *facts {
	if scope.Account != "" {
		return m.facts[scope.Account]
	}
	return m.others[scope]
}

// all goes through the facts in the order they came.
func (l *facts) all(yield func(*fact) bool) {
	var list []*fact
	for f := l.last; f != nil; f = f.before {
		list = append(list, f)
	}
	for _, f := range slices.Backward(list) {
		if !yield(f) {
			return
		}
	}
}

// creditKey is what a payee's credit is of.
type creditKey struct {
	opportunity event.OpportunityID
	part        string
}

// episodeKey is what tells an account's episodes apart.
type episodeKey struct {
	opened  int64
	dispute string
}

// NewMemory has no records.
func NewMemory() *Memory {
	return &Memory{
		facts: map[event.AccountID]*facts{}, others: map[event.Scope]*facts{}, entries: map[event.PayeeID][]*ledger.Entry{}, byScope: map[event.Scope][]*ledger.Entry{},
		ledgers: map[event.PayeeID]ledger.Account{}, refs: map[event.PayeeID][]event.AccountID{},
		foreign: map[money.Currency]map[event.AccountID]bool{}, ahead: map[event.AccountID]bool{}, notices: map[event.AccountID]map[account.Notice]bool{},
		flags: map[tenant.FlagKey]tenant.Flag{}, credits: map[event.PayeeID]map[creditKey]account.Credit{},
		episodes: map[event.AccountID]map[episodeKey]tenant.Episode{}, revisions: map[civil.Quarter]int{}, locks: map[civil.Quarter]tenant.Lock{},
		statements: map[event.PayeeID]map[civil.Quarter]tenant.Statement{}, live: map[tenant.Timer]bool{}, people: map[event.PayeeID]bool{},
	}
}

// Commit keeps what an input or timer changed.
func (m *Memory) Commit(c *tenant.Changes) {
	for i := range c.Facts {
		m.fact(&c.Facts[i])
	}
	for _, entry := range c.Entries {
		e := &entry // a copy
		m.entries[e.Payee] = append(m.entries[e.Payee], e)
		m.byScope[e.Scope] = append(m.byScope[e.Scope], e)
		m.person(e.Payee)
	}
	for i, l := range c.Ledgers {
		if i+1 < len(c.Ledgers) && c.Ledgers[i+1].Payee == l.Payee {
			continue // the next one stands over it
		}
		was := m.ledgers[l.Payee].Periods
		if was == nil {
			was = map[civil.Quarter]ledger.Totals{}
		}
		clear(was)
		maps.Copy(was, l.Periods)
		l.Periods = was
		m.ledgers[l.Payee] = l
	}
	for _, f := range c.Foreign {
		put(m.foreign, f.Currency, f.Account, true)
	}
	for _, id := range c.Ahead {
		m.ahead[id] = true
	}
	if c.Caught {
		clear(m.ahead)
	}
	for _, n := range c.Notices {
		put(m.notices, n.Account, n.Notice, true)
	}
	for _, f := range c.Raised {
		m.flags[f.FlagKey] = f
	}
	for _, k := range c.Cleared {
		delete(m.flags, k)
	}
	for _, r := range c.Refs {
		if i, known := slices.BinarySearch(m.refs[r.Payee], r.Account); !known {
			m.refs[r.Payee] = slices.Insert(m.refs[r.Payee], i, r.Account)
		}
		m.person(r.Payee)
	}
	for _, cr := range c.Uncredited {
		delete(m.credits[cr.Payee], creditKey{cr.Opportunity, cr.Part})
	}
	for _, cr := range c.Credits {
		put(m.credits, cr.Payee, creditKey{cr.Opportunity, cr.Part}, cr)
	}
	for _, e := range c.Episodes {
		put(m.episodes, e.Account, episodeKey{e.Opened.UnixNano(), e.Dispute}, e)
	}
	for _, l := range c.Locks {
		m.locks[l.Period] = l
		m.revisions[l.Period]++
	}
	for _, s := range c.Statements {
		put(m.statements, s.Payee, s.Period, s)
	}
	if len(c.Clear)+len(c.Set) > 0 {
		m.first = tenant.Timer{}
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
