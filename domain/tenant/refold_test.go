package tenant

import (
	"testing"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/internal/planfile"
)

// nothing is the records of a tenant that has none.
type nothing struct{ Records }

func (nothing) Facts(event.Scope, func(event.Event, Sum) error) error { return nil }
func (nothing) Entries(event.Scope, func(*ledger.Entry) error) error  { return nil }
func (nothing) Episodes(event.AccountID) ([]Episode, error)           { return nil, nil }
func (nothing) Notices(event.AccountID, func(account.Notice)) error   { return nil }
func (nothing) Flags(FlagKey, func(Flag)) error                       { return nil }
func (nothing) Ledger(event.PayeeID) (a ledger.Account, err error)    { return a, nil }
func (nothing) Frozen(event.PayeeID, civil.Quarter) (Statement, bool, error) {
	return Statement{}, false, nil
}

func engine(t *testing.T) *Engine {
	t.Helper()
	e, err := New("acme", planfile.Default(), nil, State{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.begin(nothing{}, time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC), event.Identity{Source: "crm", ID: "e1"}); err != nil {
		t.Fatal(err)
	}
	return e
}

// A rule that asks for two amounts of one step cannot be satisfied: what is
// posted is never what is due, and that stops the ledger.
func TestPostingIsHeldAgainstWhatIsDue(t *testing.T) {
	step := ledger.Step{
		Key: ledger.Key{
			Line: ledger.Line{Payee: "csm-1", Component: "spif"}, Kind: ledger.Spif, To: ledger.Payable, Effective: civil.On(2027, 2, 1),
		},
		Minor: 500, Currency: "USD", Explain: func() ledger.Explanation { return ledger.Explanation{Text: "because"} },
	}
	twice := step
	twice.Minor = 200
	e := engine(t)
	if err := e.post(event.OfPayee("csm-1"), []ledger.Step{step}, new(ledger.Tally)); err != nil || len(e.out.Entries) != 1 {
		t.Fatalf("post(one step) = %v, %d entries, want one", err, len(e.out.Entries))
	}
	e = engine(t)
	if err := e.post(event.OfPayee("csm-1"), []ledger.Step{step, twice}, new(ledger.Tally)); domain.KindOf(err) != domain.Corrupt {
		t.Errorf("post(one step twice) = %v (%v), want that it is corrupt", err, domain.KindOf(err))
	}
}

// What an engine has at hand of an account and what its records say is held
// against one another: facts, and what is posted.
func TestRefoldHoldsWhatIsAtHand(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*accountRecord)
		want  bool
	}{
		{"nothing", func(*accountRecord) {}, true},
		{"a fact that is not kept", func(r *accountRecord) { r.seen.put(printOf(event.Identity{Source: "crm", ID: "e9"}, Sum{1})) }, false},
		{"a posting that is not kept", func(r *accountRecord) {
			*r.tally("opp-1") = ledger.Tally{{Key: ledger.Key{Line: ledger.Line{Payee: "csm-1"}, To: ledger.Payable}, Minor: 1, Currency: "USD", Entries: 1}}
		}, false},
	} {
		e := engine(t)
		r, err := e.account("acct-1")
		if err != nil {
			t.Fatal(err)
		}
		tt.spoil(r)
		did, err := e.Refold(nothing{}, "acct-1", 10)
		if did != tt.want || !tt.want && domain.KindOf(err) != domain.Corrupt {
			t.Errorf("%s: Refold() = %v, %v (%v), want %v", tt.name, did, err, domain.KindOf(err), tt.want)
		}
	}
}
