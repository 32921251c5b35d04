package main

import (
	"encoding/binary"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
)

// runSize is the size at which a run of the index of facts ends, as in the store.
const runSize = 256

// fold is scenario.Play, one event at a time, that also tells what each event
// puts into the store. TestFold holds it against scenario.Play.
type fold struct {
	engine  *tenant.Engine
	memory  *scenario.Memory
	facts   uint64
	entries int
	timers  int
	known   map[event.PayeeID]bool
	runs    map[event.Scope]factRun
	next    operations
}

// standing is where a payee's ledger stands.
type standing struct {
	Seq      uint64
	Balances ledger.Balances
}

func newFold(plans plan.Set) (*fold, error) {
	e, err := tenant.New(tenantName, plans, nil, tenant.State{}, 0)
	return &fold{engine: e, memory: scenario.NewMemory(), known: map[event.PayeeID]bool{}, runs: map[event.Scope]factRun{}}, err
}

// take applies an arrival, and gives its bytes and what it puts.
func (f *fold) take(a demo.Arrival) ([]byte, operations, error) {
	f.next = operations{}
	body, err := demo.Line(a)
	if err != nil {
		return nil, f.next, err
	}
	in, err := wire.DecodeLine(body, tenantName)
	if err != nil {
		return nil, f.next, err
	}
	at := f.engine.Arrival(in.Recorded)
	if err := f.fire(at); err != nil {
		return nil, f.next, err
	}
	c, err := f.engine.Apply(f.memory, tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: at})
	switch domain.KindOf(err) {
	case domain.Duplicate:
		f.engine.Advance(at)
		return body, f.next, nil
	case domain.Invalid:
		f.engine.Advance(at)
		f.put(bParked, key("p-0123456789abcdef"), mean)
		f.next.outs++
		return body, f.next, nil
	case domain.Transient, domain.Corrupt:
	}
	if err != nil {
		return nil, f.next, err
	}
	f.keep(c)
	return body, f.next, nil
}

func (f *fold) fire(until time.Time) error {
	for {
		t, due, err := f.memory.FirstTimer(until)
		if err != nil || !due {
			return err
		}
		c, err := f.engine.Fire(f.memory, t)
		if err != nil {
			return err
		}
		f.timers++
		f.keep(c)
	}
}

// finish lets the clock go to an instant, as the tick that ends a run does.
func (f *fold) finish(asOf time.Time) (map[event.PayeeID]standing, error) {
	if err := f.fire(asOf); err != nil {
		return nil, err
	}
	c, err := f.engine.Settle(f.memory, asOf)
	if err != nil {
		return nil, err
	}
	f.keep(c)
	return standings(f.memory)
}

// standings are where all ledgers stand.
func standings(r interface {
	Payees() ([]event.PayeeID, error)
	Ledger(event.PayeeID) (ledger.Account, error)
},
) (map[event.PayeeID]standing, error) {
	ids, err := r.Payees()
	if err != nil {
		return nil, err
	}
	out := make(map[event.PayeeID]standing, len(ids))
	for _, id := range ids {
		l, err := r.Ledger(id)
		if err != nil {
			return nil, err
		}
		out[id] = standing{l.Seq, l.Balances}
	}
	return out, nil
}

func (f *fold) put(bucket byte, key []byte, size int) {
	f.next.ops = append(f.next.ops, operation{bucket: bucket, key: key, size: size})
}

func (f *fold) del(bucket byte, key []byte) {
	f.next.ops = append(f.next.ops, operation{bucket: bucket, key: key, del: true})
}

// factRun is the newest run of a scope's facts in the store's index of them.
type factRun struct {
	first, last uint64
	size        int // of the record's value
}

// index notes the put that makes the newest fact known in the index of a scope.
func (f *fold) index(scope event.Scope) {
	r, ok := f.runs[scope]
	if !ok || r.size >= runSize {
		r = factRun{first: f.facts}
	} else {
		r.size += len(binary.AppendUvarint(nil, f.facts-r.last))
	}
	r.last = f.facts
	f.runs[scope] = r
	f.put(bFactsOf, key(scope, r.first), r.size)
}

func (f *fold) payee(id event.PayeeID) {
	if id != "" && !f.known[id] {
		f.known[id] = true
		f.put(bPayees, []byte(id), mean)
	}
}

// keep notes the puts that store.keep makes of changes, in its order.
func (f *fold) keep(c *tenant.Changes) {
	f.memory.Commit(c)
	f.next.outs += len(c.Outcomes)
	for _, in := range c.Facts {
		f.facts++
		scope := in.Event.Scope()
		f.put(bFacts, key(f.facts), factHead+len(in.Canonical))
		f.index(scope)
		f.payee(scope.Payee)
	}
	heads := map[event.PayeeID]bool{}
	for _, e := range c.Entries {
		f.entries++
		at := key(string(e.Payee), e.Seq)
		f.put(bLedger, at, mean)
		f.put(bEntriesOf, key(e.Scope, at), 0)
		f.put(bEntryIDs, e.ID[:], len(at))
		heads[e.Payee], f.known[e.Payee] = true, true
	}
	for id := range heads {
		f.put(bPayees, []byte(id), mean)
	}
	for _, r := range c.Refs {
		f.put(bRefs, key(string(r.Payee), string(r.Account)), 0)
		f.payee(r.Payee)
	}
	for _, x := range c.Foreign {
		f.put(bForeign, key(string(x.Currency), []byte(x.Account)), 0)
	}
	for _, cr := range c.Uncredited {
		f.del(bCredits, creditKey(cr))
	}
	for _, cr := range c.Credits {
		f.put(bCredits, creditKey(cr), mean)
	}
	for _, n := range c.Notices {
		f.put(bNotices, key(string(n.Account), uint32(n.Due), string(n.Opportunity), uint32(n.TermEnd)), 0) //nolint:gosec // as in the store
	}
	for _, x := range c.Raised {
		f.put(bFlags, flagKey(x.FlagKey), mean)
	}
	for _, k := range c.Cleared {
		f.del(bFlags, flagKey(k))
	}
	for _, e := range c.Episodes {
		f.put(bEpisodes, key(string(e.Account), e.Opened, []byte(e.Dispute)), mean)
	}
	for _, l := range c.Locks {
		f.put(bLocks, key(uint32(l.Period)), mean) //nolint:gosec // as in the store
	}
	for _, s := range c.Statements {
		f.put(bStatements, key(uint32(s.Period), []byte(s.Payee)), mean) //nolint:gosec // as in the store
	}
	for _, t := range c.Clear {
		f.del(bTimers, key(t.Due, byte(t.Kind), []byte(t.ID)))
	}
	for _, t := range c.Set {
		f.put(bTimers, key(t.Due, byte(t.Kind), []byte(t.ID)), 0)
	}
}

func creditKey(c account.Credit) []byte {
	if c.Part != "" {
		return key(string(c.Payee), string(c.Opportunity), []byte(c.Part))
	}
	return key(string(c.Payee), []byte(c.Opportunity))
}

func flagKey(k tenant.FlagKey) []byte {
	return key(event.Scope{Account: k.Account, Payee: k.Payee}, k.Name, uint32(k.Period)) //nolint:gosec // as in the store
}
