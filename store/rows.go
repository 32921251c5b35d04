package store

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

func decodeNotice(k []byte) (tenant.Announced, error) {
	name, rest, ok := bytes.Cut(k, []byte{0})
	if !ok || len(rest) < 9 || rest[len(rest)-5] != 0 {
		return tenant.Announced{}, domain.Errorf(domain.Corrupt, "stored notice has a malformed key %q", k)
	}
	opportunity, end := rest[4:len(rest)-5], rest[len(rest)-4:]
	return tenant.Announced{
		Account: event.AccountID(name),
		Notice:  account.Notice{Due: dateOf(rest), Opportunity: event.OpportunityID(opportunity), TermEnd: dateOf(end)},
	}, nil
}

func noticeKey(n tenant.Announced) []byte {
	return key(n.Account, n.Due, string(n.Opportunity), n.TermEnd)
}

func decodeFlag(k, b []byte) (tenant.Flag, error) {
	scope, rest, ok := bytes.Cut(k, []byte{0})
	name, q, found := bytes.Cut(rest, []byte{0})
	if !ok || !found || len(scope) < 2 || len(q) != 4 || scope[0] != 'a' && scope[0] != 'p' {
		return tenant.Flag{}, domain.Errorf(domain.Corrupt, "stored flag has a malformed key %q", k)
	}
	var form flagForm
	if err := decode(b, &form); err != nil {
		return tenant.Flag{}, err
	}
	f := tenant.Flag{
		FlagKey: tenant.FlagKey{Name: string(name), Period: civil.Quarter(binary.BigEndian.Uint32(q))}, //nolint:gosec // written from a Quarter
		Figure:  form.Figure, Threshold: form.Threshold, At: time.Unix(0, form.At).UTC(),
	}
	if scope[0] == 'a' {
		f.Account = event.AccountID(scope[1:])
	} else {
		f.Payee = event.PayeeID(scope[1:])
	}
	return f, nil
}

func encodeFlag(f tenant.Flag) ([]byte, error) {
	return encode(flagForm{f.Figure, f.Threshold, f.At.UnixNano()})
}

func flagKey(k tenant.FlagKey) []byte {
	return key(event.Scope{Account: k.Account, Payee: k.Payee}, k.Name, k.Period)
}

// decodeStatementAt reads a statement with what its key says.
func decodeStatementAt(k, b []byte) (tenant.Statement, error) {
	if len(k) < 4 {
		return tenant.Statement{}, domain.Errorf(domain.Corrupt, "stored statement has a malformed key %q", k)
	}
	payee, rest, again := bytes.Cut(k[4:], []byte{0})
	st, err := decodeStatement(event.PayeeID(payee), civil.Quarter(binary.BigEndian.Uint32(k)), b) //nolint:gosec // written from a Quarter
	if again && len(rest) == 4 {
		st.Revision = int(binary.BigEndian.Uint32(rest))
	}
	return st, err
}

func statementKey(st tenant.Statement) []byte {
	k := key(st.Period, []byte(st.Payee))
	if st.Revision > 0 {
		k = append(append(k, 0), key(uint32(st.Revision))...) //nolint:gosec // counted from 0
	}
	return k
}

func decodeStatement(payee event.PayeeID, q civil.Quarter, b []byte) (tenant.Statement, error) {
	var f statementForm
	if err := decode(b, &f); err != nil {
		return tenant.Statement{}, err
	}
	if len(f.Head) != 32 {
		return tenant.Statement{}, domain.Errorf(domain.Corrupt, "stored statement of %s for %s is malformed", payee, q)
	}
	c := money.Currency(f.Currency)
	return tenant.Statement{
		Payee: payee, Employee: f.Employee, Period: q, At: time.Unix(0, f.At).UTC(), Net: money.Money{Minor: f.Net, Currency: c},
		Requested: money.Money{Minor: f.Requested, Currency: c}, Lines: f.Lines, Head: [32]byte(f.Head), Reference: f.Reference,
	}, nil
}

func decodeTimer(k []byte) (tenant.Timer, error) {
	if len(k) < 9 || tenant.TimerKind(k[8]) > tenant.SweepOn {
		return tenant.Timer{}, domain.Errorf(domain.Corrupt, "stored timer has a malformed key %q", k)
	}
	return tenant.Timer{Due: unsortable(binary.BigEndian.Uint64(k)), Kind: tenant.TimerKind(k[8]), ID: string(k[9:])}, nil
}

func timerKey(t tenant.Timer) []byte { return key(t.Due, byte(t.Kind), []byte(t.ID)) }
