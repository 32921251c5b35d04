package store

import (
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

type stateForm struct {
	AsOf       int64    `json:"as_of"`
	HandLocked []int32  `json:"hand_locked,omitempty"`
	Dirty      []string `json:"dirty,omitempty"`
	NextEnd    int32    `json:"next_end"`
	NextLock   int32    `json:"next_lock"`
	// Since layout 2:
	Reopened  []int32    `json:"reopened,omitempty"`
	Requested []int32    `json:"requested,omitempty"`
	World     int        `json:"world,omitempty"`
	Sweep     *sweepForm `json:"sweep,omitempty"`
	// Since layout 3:
	Cleared []clearedForm `json:"cleared,omitempty"`
}

type clearedForm struct {
	Name    string `json:"name"`
	Payee   string `json:"payee,omitempty"`
	Account string `json:"account,omitempty"`
	Period  int32  `json:"period,omitempty"`
	Times   int    `json:"times"`
}

type sweepForm struct {
	Before   int       `json:"before"`
	Currency string    `json:"currency,omitempty"`
	Cause    causeForm `json:"cause"`
	Account  string    `json:"account,omitempty"`
	Payees   bool      `json:"payees,omitempty"`
	Payee    string    `json:"payee,omitempty"`
}

func quarterForms(list []civil.Quarter) []int32 {
	var out []int32
	for _, q := range list {
		out = append(out, int32(q))
	}
	return out
}

func quartersOf(list []int32) []civil.Quarter {
	var out []civil.Quarter
	for _, q := range list {
		out = append(out, civil.Quarter(q))
	}
	return out
}

func encodeState(s tenant.State) ([]byte, error) {
	f := stateForm{
		NextEnd: int32(s.NextEnd), NextLock: int32(s.NextLock), HandLocked: quarterForms(s.HandLocked),
		Reopened: quarterForms(s.Reopened), Requested: quarterForms(s.Requested), World: s.World,
	}
	if w := s.Sweep; w != nil {
		f.Sweep = &sweepForm{w.Before, string(w.Currency), causeForm(w.Cause), string(w.Account), w.Payees, string(w.Payee)}
	}
	if !s.AsOf.IsZero() {
		f.AsOf = s.AsOf.UnixNano()
	}
	for _, p := range s.Dirty {
		f.Dirty = append(f.Dirty, string(p))
	}
	for _, c := range s.Cleared {
		f.Cleared = append(f.Cleared, clearedForm{c.Name, string(c.Payee), string(c.Account), int32(c.Period), c.Times})
	}
	return encode(f)
}

func decodeState(b []byte) (tenant.State, error) {
	var f stateForm
	if err := decode(b, &f); err != nil {
		return tenant.State{}, err
	}
	s := tenant.State{
		NextEnd: civil.Quarter(f.NextEnd), NextLock: civil.Quarter(f.NextLock), HandLocked: quartersOf(f.HandLocked),
		Reopened: quartersOf(f.Reopened), Requested: quartersOf(f.Requested), World: f.World,
	}
	if w := f.Sweep; w != nil {
		s.Sweep = &tenant.Sweep{
			Before: w.Before, Currency: money.Currency(w.Currency), Cause: event.Identity(w.Cause),
			Account: event.AccountID(w.Account), Payees: w.Payees, Payee: event.PayeeID(w.Payee),
		}
	}
	if f.AsOf != 0 {
		s.AsOf = time.Unix(0, f.AsOf).UTC()
	}
	for _, p := range f.Dirty {
		s.Dirty = append(s.Dirty, event.PayeeID(p))
	}
	for _, c := range f.Cleared {
		key := tenant.FlagKey{Name: c.Name, Payee: event.PayeeID(c.Payee), Account: event.AccountID(c.Account), Period: civil.Quarter(c.Period)}
		s.Cleared = append(s.Cleared, tenant.ClearedFlag{FlagKey: key, Times: c.Times})
	}
	return s, nil
}

func putState(tx *bbolt.Tx, s tenant.State) error {
	form, err := encodeState(s)
	if err != nil {
		return err
	}
	return in(tx, bMeta).put(kState, form)
}

func readState(tx *bbolt.Tx) (tenant.State, error) {
	v, err := in(tx, bMeta).get(kState)
	if v == nil {
		return tenant.State{}, err
	}
	return decodeState(v)
}
