package scenario

import (
	"cmp"
	"container/heap"
	"maps"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

// Facts implements tenant.Records.
func (m *Memory) Facts(of event.Scope, yield func(event.Event, tenant.Sum) error) error {
	list := m.factsOf(of)
	if list == nil {
		return nil
	}
	for f := range list.all {
		if err := yield(f.told, f.sum); err != nil {
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
	for _, at := range slices.SortedFunc(maps.Keys(m.episodes[of]), func(a, b episodeKey) int {
		return cmp.Or(cmp.Compare(a.opened, b.opened), cmp.Compare(a.dispute, b.dispute))
	}) {
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

// Notices implements tenant.Records.
func (m *Memory) Notices(of event.AccountID, yield func(account.Notice)) error {
	for n := range m.notices[of] {
		yield(n)
	}
	return nil
}

// Flags implements tenant.Records.
func (m *Memory) Flags(of tenant.FlagKey, yield func(tenant.Flag)) error {
	for key, f := range m.flags {
		if key.Payee == of.Payee && key.Account == of.Account {
			yield(f)
		}
	}
	return nil
}

// Frozen implements tenant.Records.
func (m *Memory) Frozen(of event.PayeeID, q civil.Quarter) (tenant.Statement, bool, error) {
	st, ok := m.statements[of][q]
	return st, ok, nil
}

// Revisions implements tenant.Records.
func (m *Memory) Revisions(q civil.Quarter) (int, error) { return m.revisions[q], nil }

// Accounts implements tenant.Records.
func (m *Memory) Accounts(in money.Currency, after event.AccountID, most int) ([]event.AccountID, error) {
	var out []event.AccountID
	if in != "" {
		for id := range m.foreign[in] {
			out = append(out, id)
		}
	} else {
		out = slices.AppendSeq(out, maps.Keys(m.facts))
	}
	slices.Sort(out)
	i, _ := slices.BinarySearch(out, after+"\x00")
	return out[i:min(len(out), i+most)], nil
}

// Ahead implements tenant.Records.
func (m *Memory) Ahead(of event.AccountID) (bool, error) { return m.ahead[of], nil }

// Scopes implements tenant.Records.
func (m *Memory) Scopes(of event.Identity) ([]event.Scope, error) {
	var out []event.Scope
	has := func(scope event.Scope, list *facts) {
		for f := list.last; f != nil; f = f.before {
			if f.told.Head().Identity == of {
				out = append(out, scope)
				return
			}
		}
	}
	for id, list := range m.facts {
		has(event.OfAccount(id), list)
	}
	for scope, list := range m.others {
		has(scope, list)
	}
	slices.SortFunc(out, func(a, b event.Scope) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Payee, b.Payee))
	})
	return out, nil
}

// AccountsOf implements tenant.Records.
func (m *Memory) AccountsOf(payee event.PayeeID) ([]event.AccountID, error) {
	return slices.Clone(m.refs[payee]), nil
}

// Payees implements tenant.Records.
func (m *Memory) Payees() ([]event.PayeeID, error) { return slices.Sorted(maps.Keys(m.people)), nil }

// FirstTimer implements tenant.Records.
func (m *Memory) FirstTimer(until time.Time) (tenant.Timer, bool, error) {
	for m.first == (tenant.Timer{}) {
		if len(m.timers) == 0 {
			return tenant.Timer{}, false, nil
		}
		if m.live[m.timers[0]] {
			m.first = m.timers[0]
		} else {
			heap.Pop(&m.timers)
		}
	}
	return m.first, !m.first.Due.After(until), nil
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
	for _, k := range slices.SortedFunc(maps.Keys(m.credits[payee]), func(a, b creditKey) int {
		return cmp.Or(cmp.Compare(a.opportunity, b.opportunity), cmp.Compare(a.part, b.part))
	}) {
		out = append(out, m.credits[payee][k])
	}
	return out, nil
}

// CreditsOn implements report.Source.
func (m *Memory) CreditsOn(payee event.PayeeID, opportunity event.OpportunityID) ([]account.Credit, error) {
	all, err := m.Credits(payee)
	return slices.DeleteFunc(all, func(c account.Credit) bool { return c.Opportunity != opportunity }), err
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

// Statements implements report.Whole.
func (m *Memory) Statements(q civil.Quarter) ([]tenant.Statement, error) {
	var out []tenant.Statement
	for _, id := range slices.Sorted(maps.Keys(m.statements)) {
		if st, ok := m.statements[id][q]; ok {
			out = append(out, st)
		}
	}
	return out, nil
}

// AllFlags implements report.Source.
func (m *Memory) AllFlags(yield func(tenant.Flag) error) error {
	for _, k := range slices.SortedFunc(maps.Keys(m.flags), tenant.FlagKey.Compare) {
		if err := yield(m.flags[k]); err != nil {
			return err
		}
	}
	return nil
}
