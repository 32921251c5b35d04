package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

// Payment is what payroll is asked to pay a payee when a quarter is locked.
// Amounts are decimal strings in major units.
type Payment struct {
	PayeeID    string `json:"payee_id"`
	EmployeeID string `json:"employee_id,omitempty"` // payroll's, of the enrolment
	Period     string `json:"period"`
	Currency   string `json:"currency"`
	Amount     string `json:"amount"` // what is requested: the parts added up
	Net        string `json:"net"`    // the payable balance at the lock
	Reference  string `json:"reference"`
	// RequestedAt is the instant of the lock.
	RequestedAt string        `json:"requested_at"`
	Parts       []PaymentPart `json:"parts"`
	// Unconfirmed are earlier references that payroll had confirmed nothing of by
	// then: what they asked for is asked for again in this one.
	Unconfirmed []string `json:"unconfirmed,omitempty"`
}

// PaymentPart is what entries of one sort made payable since the statement
// before, or one of the two parts that are no entries.
type PaymentPart struct {
	// Kind is that of the entries; carried_forward: the balance of the statement
	// before, payouts since taken off; recovery_deferred: a debt that the plan's
	// recovery cap leaves for later.
	Kind      string `json:"kind"`
	Component string `json:"component,omitempty"`
	Reason    string `json:"reason,omitempty"`
	AppliesTo string `json:"applies_to,omitempty"` // the quarter it is about
	Lines     int    `json:"lines"`                // entries
	Amount    string `json:"amount"`
}

// The kinds of parts that are no entries.
const (
	CarriedForward   = "carried_forward"
	RecoveryDeferred = "recovery_deferred"
)

// partKey is what entries of one part have in common.
type partKey struct {
	kind      ledger.Kind
	component string
	reason    ledger.Reason
	appliesTo civil.Quarter
}

type partSum struct {
	minor int64
	lines int
}

// payments breaks down what statements of one payee requested.
type payments struct {
	waiting []tenant.Statement // not come to yet, in the order frozen
	out     []Payment

	carried   int64 // balance of the statement before, payouts since taken off
	parts     map[partKey]partSum
	requested []string         // references so far
	paid      map[string]int64 // confirmed, by reference
}

// Payments is what each statement of a payee requested, part by part. Statements
// are frozen ones of the payee; entries goes through the payee's ledger in its
// order. A statement that the ledger does not come to is Corrupt.
//
// A statement's balance is that of the one before, plus what became payable
// since, by kind, component, reason and quarter, less what was paid out since;
// what is requested is that balance, and what the recovery cap leaves of debts.
//
// Source: rules §7 "Recovery", §9.
// Units: minor units.
// Rounding: none.
func Payments(statements []tenant.Statement, entries func(func(*ledger.Entry) error) error) ([]Payment, error) {
	p := &payments{waiting: slices.Clone(statements), parts: map[partKey]partSum{}, paid: map[string]int64{}}
	slices.SortStableFunc(p.waiting, func(a, b tenant.Statement) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Period, b.Period), cmp.Compare(a.Revision, b.Revision))
	})
	err := entries(func(e *ledger.Entry) error {
		if err := p.add(e); err != nil {
			return err
		}
		return p.freeze(e.Hash)
	})
	if err != nil {
		return nil, err
	}
	if len(p.waiting) > 0 {
		st := p.waiting[0]
		return nil, domain.Errorf(domain.Corrupt, "the ledger of %s does not come to its statement %s", st.Payee, st.Reference)
	}
	return p.out, nil
}

// add counts an entry.
func (p *payments) add(e *ledger.Entry) error {
	moved, err := ledger.Balances{}.Move(e.Minor, e.From, e.To)
	if err != nil {
		return err
	}
	if moved.Payable == 0 {
		return nil
	}
	if e.Kind == ledger.Payout {
		if p.carried, err = money.Add(p.carried, moved.Payable); err != nil {
			return err
		}
		p.paid[e.Reference], err = money.Add(p.paid[e.Reference], -moved.Payable)
		return err
	}
	k := partKey{e.Kind, e.Component, e.Reason, e.AppliesTo}
	s := p.parts[k]
	if s.minor, err = money.Add(s.minor, moved.Payable); err != nil {
		return err
	}
	s.lines++
	p.parts[k] = s
	return nil
}

// freeze makes the payments of the statements that end at a hash.
func (p *payments) freeze(head [32]byte) error {
	for len(p.waiting) > 0 && p.waiting[0].Head == head {
		st := p.waiting[0]
		p.waiting = p.waiting[1:]
		payment := p.payment(st)
		balance := p.carried
		for _, s := range p.parts {
			var err error
			if balance, err = money.Add(balance, s.minor); err != nil {
				return err
			}
		}
		if balance != st.Net.Minor {
			return domain.Errorf(domain.Corrupt, "statement %s has %d payable, its entries come to %d", st.Reference, st.Net.Minor, balance)
		}
		if st.Requested.Minor > 0 {
			p.out = append(p.out, payment)
			p.requested = append(p.requested, st.Reference)
		}
		p.carried = balance
		clear(p.parts)
	}
	return nil
}

func (p *payments) payment(st tenant.Statement) Payment {
	decimal := func(minor int64) string { return money.Money{Minor: minor, Currency: st.Net.Currency}.Decimal() }
	out := Payment{
		PayeeID: string(st.Payee), EmployeeID: st.Employee, Period: st.Period.String(), Currency: string(st.Net.Currency),
		Amount: decimal(st.Requested.Minor), Net: decimal(st.Net.Minor), Reference: st.Reference, RequestedAt: instant(st.At), Parts: []PaymentPart{},
	}
	for _, k := range slices.SortedFunc(maps.Keys(p.parts), func(a, b partKey) int {
		return cmp.Or(cmp.Compare(a.component, b.component), cmp.Compare(a.kind, b.kind), cmp.Compare(a.reason, b.reason), cmp.Compare(a.appliesTo, b.appliesTo))
	}) {
		if s := p.parts[k]; s.minor != 0 {
			out.Parts = append(out.Parts, PaymentPart{
				Kind: k.kind.String(), Component: k.component, Reason: string(k.reason), AppliesTo: k.appliesTo.String(), Lines: s.lines, Amount: decimal(s.minor),
			})
		}
	}
	if p.carried != 0 {
		out.Parts = append(out.Parts, PaymentPart{Kind: CarriedForward, Amount: decimal(p.carried)})
		for _, reference := range p.requested {
			if p.paid[reference] == 0 {
				out.Unconfirmed = append(out.Unconfirmed, reference)
			}
		}
	}
	if deferred := st.Requested.Minor - st.Net.Minor; st.Requested.Minor > 0 && deferred != 0 {
		out.Parts = append(out.Parts, PaymentPart{Kind: RecoveryDeferred, Amount: decimal(deferred)})
	}
	return out
}

// ByPayee sorts statements into those of each payee.
func ByPayee(statements []tenant.Statement) map[event.PayeeID][]tenant.Statement {
	out := map[event.PayeeID][]tenant.Statement{}
	for _, st := range statements {
		out[st.Payee] = append(out[st.Payee], st)
	}
	return out
}
