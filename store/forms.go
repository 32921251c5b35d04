package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

// Stored forms are private and versioned: renaming a field of the domain must
// not change a byte on disk. testdata/forms has a golden file for every
// version ever written.

// formVersion leads every JSON form.
const formVersion = 1

func encode(form any) ([]byte, error) {
	b, err := json.Marshal(form)
	if err != nil {
		return nil, domain.Errorf(domain.Corrupt, "stored form: %w", err)
	}
	return append(append(make([]byte, 0, 1+len(b)+sealSize), formVersion), b...), nil
}

func decode(b []byte, form any) error {
	if len(b) == 0 || b[0] != formVersion {
		return domain.Errorf(domain.Corrupt, "stored %T of an unknown version", form)
	}
	if err := json.Unmarshal(b[1:], form); err != nil {
		return domain.Errorf(domain.Corrupt, "stored %T: %w", form, err)
	}
	return nil
}

// factForm is a fact: version, arrival, fingerprint, canonical event.
func encodeFact(in tenant.Input) []byte {
	b := make([]byte, 0, 25+len(in.Canonical)+sealSize)
	b = append(b, formVersion)
	b = binary.BigEndian.AppendUint64(b, sortable(in.Arrived))
	b = append(b, in.Sum[:]...)
	return append(b, in.Canonical...)
}

func decodeFact(b []byte) (arrived time.Time, sum tenant.Sum, canonical []byte, err error) {
	if len(b) < 25 || b[0] != formVersion {
		return time.Time{}, tenant.Sum{}, nil, domain.Errorf(domain.Corrupt, "stored fact of an unknown version")
	}
	return unsortable(binary.BigEndian.Uint64(b[1:])), tenant.Sum(b[9:25]), b[25:], nil
}

type causeForm struct {
	Source string `json:"s"`
	ID     string `json:"i"`
}

type entryForm struct {
	ID          []byte      `json:"id"`
	Component   string      `json:"component"`
	Account     string      `json:"account,omitempty"`
	Opportunity string      `json:"opportunity,omitempty"`
	Kind        uint8       `json:"kind"`
	Reason      string      `json:"reason"`
	From        uint8       `json:"from"`
	To          uint8       `json:"to"`
	Effective   int32       `json:"effective"`
	Reference   string      `json:"reference,omitempty"`
	Ordinal     int         `json:"ordinal,omitempty"`
	OfAccount   string      `json:"of_account,omitempty"`
	OfPayee     string      `json:"of_payee,omitempty"`
	Minor       int64       `json:"minor"`
	Currency    string      `json:"currency"`
	Period      int32       `json:"period"`
	AppliesTo   int32       `json:"applies_to"`
	At          int64       `json:"at"`
	Plan        string      `json:"plan,omitempty"`
	PlanVersion int         `json:"plan_version,omitempty"`
	PlanHash    []byte      `json:"plan_hash,omitempty"`
	Recoverable bool        `json:"recoverable,omitempty"`
	CausedBy    []causeForm `json:"caused_by"`
	Explanation string      `json:"explanation"`
	// Since layout 2:
	Rule     string       `json:"rule,omitempty"`
	Rounding uint8        `json:"rounding,omitempty"`
	Figures  []figureForm `json:"figures,omitempty"`

	Held    int64  `json:"held"`
	Payable int64  `json:"payable"`
	Paid    int64  `json:"paid"`
	Hash    []byte `json:"hash"`
}

type figureForm struct {
	Op    uint8  `json:"o"`
	Name  string `json:"n"`
	Value string `json:"v"`
	Unit  string `json:"u,omitempty"`
	Field string `json:"f,omitempty"`
}

func encodeEntry(e *ledger.Entry) ([]byte, error) {
	f := entryForm{
		ID: e.ID[:], Component: e.Component, Account: string(e.Account), Opportunity: string(e.Opportunity), Kind: uint8(e.Kind),
		Reason: string(e.Reason), From: uint8(e.From), To: uint8(e.To), Effective: int32(e.Effective), Reference: e.Reference,
		Ordinal: e.Ordinal, OfAccount: string(e.Scope.Account), OfPayee: string(e.Scope.Payee), Minor: e.Minor, Currency: string(e.Currency),
		Period: int32(e.Period), AppliesTo: int32(e.AppliesTo), At: e.At.UnixNano(), Plan: string(e.PlanName), PlanVersion: e.PlanVersion,
		Recoverable: e.Recoverable, CausedBy: make([]causeForm, len(e.CausedBy)), Explanation: e.Text, Rule: e.Rule, Rounding: uint8(e.Rounding),
		Held: e.After.Held, Payable: e.After.Payable, Paid: e.After.Paid, Hash: e.Hash[:],
	}
	if e.PlanName != "" {
		f.PlanHash = e.PlanHash[:]
	}
	for i, c := range e.CausedBy {
		f.CausedBy[i] = causeForm(c)
	}
	for _, x := range e.Figures {
		f.Figures = append(f.Figures, figureForm{uint8(x.Op), x.Name, x.Value, x.Unit, x.Field})
	}
	return encode(f)
}

func decodeEntry(k, b []byte) (*ledger.Entry, error) {
	var f entryForm
	if err := decode(b, &f); err != nil {
		return nil, err
	}
	if len(k) < 9 || len(f.ID) != 16 || len(f.Hash) != 32 || len(f.PlanHash) != 0 && len(f.PlanHash) != 8 ||
		f.Kind > uint8(ledger.Payout) || f.From > uint8(ledger.Paid) || f.To > uint8(ledger.Paid) || f.Rounding > uint8(ledger.Down) {
		return nil, domain.Errorf(domain.Corrupt, "stored entry %q is malformed", k)
	}
	e := &ledger.Entry{
		Key: ledger.Key{
			Line: ledger.Line{
				Payee: event.PayeeID(k[:len(k)-9]), Component: f.Component,
				Account: event.AccountID(f.Account), Opportunity: event.OpportunityID(f.Opportunity),
			},
			Kind: ledger.Kind(f.Kind), Reason: ledger.Reason(f.Reason), From: ledger.Bucket(f.From), To: ledger.Bucket(f.To),
			Effective: civil.Date(f.Effective), Reference: f.Reference,
		},
		ID: ledger.EntryID(f.ID), Seq: lastUint64(k), Ordinal: f.Ordinal,
		Scope: event.Scope{Account: event.AccountID(f.OfAccount), Payee: event.PayeeID(f.OfPayee)},
		Minor: f.Minor, Currency: money.Currency(f.Currency), Period: civil.Quarter(f.Period), AppliesTo: civil.Quarter(f.AppliesTo),
		At: time.Unix(0, f.At).UTC(), PlanName: event.PlanID(f.Plan), PlanVersion: f.PlanVersion, Recoverable: f.Recoverable,
		Explanation: ledger.Explanation{Text: f.Explanation, Rule: f.Rule, Rounding: ledger.Rounding(f.Rounding)}, After: ledger.Balances{Held: f.Held, Payable: f.Payable, Paid: f.Paid}, Hash: [32]byte(f.Hash),
	}
	if len(f.PlanHash) == 8 {
		e.PlanHash = [8]byte(f.PlanHash)
	}
	for _, x := range f.Figures {
		if x.Op > uint8(ledger.Minus) {
			return nil, domain.Errorf(domain.Corrupt, "stored entry %q is malformed", k)
		}
		e.Figures = append(e.Figures, ledger.Figure{Op: ledger.Op(x.Op), Name: x.Name, Value: x.Value, Unit: x.Unit, Field: x.Field})
	}
	for _, c := range f.CausedBy {
		e.CausedBy = append(e.CausedBy, event.Identity(c))
	}
	return e, nil
}

type totalsForm struct {
	Quarter int32 `json:"q"`
	Lines   int   `json:"n"`
	Held    int64 `json:"h"`
	Payable int64 `json:"p"`
	Paid    int64 `json:"d"`
	Clawed  int64 `json:"c,omitempty"` // since layout 2
}

type ledgerForm struct {
	Seq     uint64       `json:"seq"`
	Head    []byte       `json:"head"`
	Held    int64        `json:"held"`
	Payable int64        `json:"payable"`
	Paid    int64        `json:"paid"`
	Periods []totalsForm `json:"periods"`
}

func encodeLedger(a ledger.Account) ([]byte, error) {
	f := ledgerForm{Seq: a.Seq, Head: a.Head[:], Held: a.Balances.Held, Payable: a.Balances.Payable, Paid: a.Balances.Paid}
	for _, q := range sortedQuarters(a.Periods) {
		t := a.Periods[q]
		f.Periods = append(f.Periods, totalsForm{int32(q), t.Lines, t.Moved.Held, t.Moved.Payable, t.Moved.Paid, t.ClawedBack})
	}
	return encode(f)
}

func decodeLedger(payee event.PayeeID, b []byte) (ledger.Account, error) {
	var f ledgerForm
	if err := decode(b, &f); err != nil {
		return ledger.Account{}, err
	}
	if len(f.Head) != 32 {
		return ledger.Account{}, domain.Errorf(domain.Corrupt, "stored ledger head of %s is malformed", payee)
	}
	a := ledger.Account{
		Payee: payee, Seq: f.Seq, Head: [32]byte(f.Head), Balances: ledger.Balances{Held: f.Held, Payable: f.Payable, Paid: f.Paid},
		Periods: map[civil.Quarter]ledger.Totals{},
	}
	for _, t := range f.Periods {
		a.Periods[civil.Quarter(t.Quarter)] = ledger.Totals{
			Lines: t.Lines, Moved: ledger.Balances{Held: t.Held, Payable: t.Payable, Paid: t.Paid}, ClawedBack: t.Clawed,
		}
	}
	return a, nil
}

type creditForm struct {
	Account  string `json:"account"`
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
	Booked   int32  `json:"booked"`
	Why      string `json:"why,omitempty"`
}

type turnForm struct {
	Turn string `json:"turn"`
	At   int64  `json:"at"`
}

type episodeForm struct {
	Payee       string     `json:"payee"`
	Deadline    int64      `json:"deadline"`
	Score       [2]int64   `json:"score"`
	Scale       [2]int64   `json:"scale"`
	Turns       []turnForm `json:"turns"`
	Opportunity string     `json:"opportunity,omitempty"` // since layout 2
}

func encodeEpisode(e tenant.Episode) ([]byte, error) {
	f := episodeForm{
		Payee: string(e.Payee), Deadline: e.Deadline.UnixNano(), Score: [2]int64{e.Score.Num, e.Score.Den}, Scale: [2]int64{e.ScaleMax.Num, e.ScaleMax.Den},
		Opportunity: string(e.Opportunity),
	}
	for _, t := range e.Published {
		f.Turns = append(f.Turns, turnForm{string(t.Turn), t.At.UnixNano()})
	}
	return encode(f)
}

func decodeEpisode(k, b []byte) (tenant.Episode, error) {
	var f episodeForm
	if err := decode(b, &f); err != nil {
		return tenant.Episode{}, err
	}
	name, rest, ok := bytes.Cut(k, []byte{0})
	if !ok || len(rest) < 8 {
		return tenant.Episode{}, domain.Errorf(domain.Corrupt, "stored episode has a malformed key %q", k)
	}
	e := tenant.Episode{
		Account: event.AccountID(name), Payee: event.PayeeID(f.Payee), Opened: unsortable(binary.BigEndian.Uint64(rest)), Dispute: string(rest[8:]),
		Opportunity: event.OpportunityID(f.Opportunity),
		Deadline:    time.Unix(0, f.Deadline).UTC(), Score: money.Ratio{Num: f.Score[0], Den: f.Score[1]}, ScaleMax: money.Ratio{Num: f.Scale[0], Den: f.Scale[1]},
	}
	for _, t := range f.Turns {
		e.Published = append(e.Published, account.Transition{Turn: account.Turn(t.Turn), At: time.Unix(0, t.At).UTC()})
	}
	return e, nil
}

type positionForm struct {
	Created int64  `json:"created"`
	Seq     uint64 `json:"seq"`
	Time    int64  `json:"time"`
}

type lockForm struct {
	At int64  `json:"at"`
	By string `json:"by,omitempty"`
	// Again is how often it was locked before; since layout 2.
	Again int `json:"again,omitempty"`
}

// flagForm is a flag as raised; since layout 2.
type flagForm struct {
	Figure    string `json:"figure"`
	Threshold string `json:"threshold"`
	At        int64  `json:"at"`
}

type statementForm struct {
	Employee  string `json:"employee,omitempty"`
	At        int64  `json:"at"`
	Currency  string `json:"currency"`
	Net       int64  `json:"net"`
	Requested int64  `json:"requested"`
	Lines     int    `json:"lines"`
	Head      []byte `json:"head"`
	Reference string `json:"reference"`
}

type planForm struct {
	Hash []byte `json:"hash"`
	Text string `json:"text"`
}
