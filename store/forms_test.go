package store

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
)

var update = flag.Bool("update", false, "write testdata/forms anew; a form that was ever written must never change")

// stored is one stored form: where it is kept, what writes it, and what reads
// it back.
type stored struct {
	name   string // of its golden file: the form and its version
	bucket []byte
	key    string
	write  func(*recording) error
	read   func(*View) (any, error)
	want   any
}

var (
	at     = time.Date(2027, 4, 12, 8, 30, 0, 123456789, time.UTC)
	q1     = civil.Calendar{}.QuarterOf(civil.On(2027, time.February, 1))
	csm    = event.PayeeID("csm-1")
	acct   = event.AccountID("acct-1")
	told1  = event.Identity{Source: "crm", ID: "e1"}
	ratio3 = money.Ratio{Num: 30, Den: 1}
)

// entry is the first entry of a payee's ledger.
func entry(t testing.TB) (ledger.Entry, ledger.Account) {
	t.Helper()
	e := ledger.Entry{
		Key: ledger.Key{
			Line: ledger.Line{Payee: csm, Component: "expansion", Account: acct, Opportunity: "opp-1"},
			Kind: ledger.Clawback, Reason: ledger.ChurnWithinWindow, From: ledger.Expense, To: ledger.Payable,
			Effective: civil.On(2027, time.April, 10), Reference: "ref <&> 1",
		},
		ID: ledger.EntryID{1, 2, 3, 0xff}, Ordinal: 3, Scope: event.OfAccount(acct), Minor: -123_45, Currency: "EUR", Period: q1 + 1, AppliesTo: q1, At: at,
		PlanName: "csm-plan", PlanVersion: 2, PlanHash: [8]byte{9, 8, 7}, Recoverable: true,
		CausedBy: []event.Identity{told1, {Source: "billing", ID: "e2"}}, Explanation: "€123.45 × 1 ÷ 2, “lost”",
	}
	a := ledger.Account{Payee: csm}
	if err := a.Append(&e); err != nil {
		t.Fatal(err)
	}
	return e, a
}

var (
	share      = account.Share{Opening: -1, Joined: [3]int64{300, 0, 1 << 40}, Lost: [3]int64{-64, 63, 128}}
	credit     = account.Credit{Payee: csm, Opportunity: "opp-1", Account: acct, ARR: money.Money{Minor: 25_000_00, Currency: "USD"}, Booked: civil.On(2027, 2, 3), Why: "health_gate_failed"}
	episode    = tenant.Episode{Account: acct, Payee: csm, Opened: at, Deadline: at.Add(time.Hour), Score: ratio3, ScaleMax: money.Ratio{Num: 100, Den: 1}, Published: []account.Transition{{Turn: account.Opened, At: at}, {Turn: account.Breached, At: at.Add(time.Hour)}}}
	state      = tenant.State{AsOf: at, HandLocked: []civil.Quarter{q1 + 2, q1 + 3}, Dirty: []event.PayeeID{csm, "csm-2"}, NextEnd: q1 + 1, NextLock: q1}
	lock       = tenant.Lock{Period: q1, At: at, By: "ann"}
	statement  = tenant.Statement{Payee: csm, Employee: "E-7", Period: q1, At: at, Net: money.Money{Minor: -5, Currency: "USD"}, Requested: money.Money{Currency: "USD"}, Lines: 4, Head: [32]byte{1, 31: 2}, Reference: "2027-Q1/csm-1"}
	parked     = Parked{ID: "p-1", Subject: "crm.acme.x", Header: map[string][]string{"A": {"1", "2"}, "B": {""}}, Body: []byte("{\x00\xff"), Event: told1, Code: "bad_value", Reason: "data.arr: <no> number", At: at, Tries: 2, State: StateDiscarded, By: "ann", Note: "a test"}
	position   = tenant.Position{Created: created, Seq: 4711, Time: at}
	output     = tenant.Output{Message: tenant.Message{Subject: "payout.acme.adjustment.issued", ID: "0102", Body: []byte(`{"a":1}`)}, N: 1}
	totals1    = totals{Expense: 5, Held: -2, Payable: -2, Paid: -1, Entries: 9}
	planFormed = planForm{Hash: bytes.Repeat([]byte{0xab}, 32), Text: "plan: csm-plan\nversion: 1\n"}
)

func forms(t testing.TB) []stored {
	t.Helper()
	e, head := entry(t)
	fact := tenant.Input{
		Event: event.PayeeTerminated{Header: event.Header{Identity: told1, Type: "crm.payee.terminated.v1", Time: at}, Payee: csm, Effective: civil.On(2027, 4, 30)},
		Sum:   tenant.Sum{15: 1}, Arrived: at,
	}
	var err error
	if fact.Canonical, err = wire.Encode(fact.Event); err != nil {
		t.Fatal(err)
	}
	out := output
	out.Hash = hashOut([32]byte{}, []byte("\x1dpayout.acme.adjustment.issued\x040102"+`{"a":1}`))
	k8, q4 := "\x00\x00\x00\x00\x00\x00\x00\x01", string(key(q1))
	get := func(b []byte, k string) func(v *View) []byte {
		return func(v *View) []byte { return v.tx.Bucket(b).Get([]byte(k)) }
	}
	return []stored{
		{
			"entry.v1", bLedger, "csm-1\x00" + k8,
			func(r *recording) error { return r.keepEntries(&tenant.Changes{Entries: []ledger.Entry{e}}) },
			func(v *View) (any, error) {
				return decodeEntry([]byte("csm-1\x00"+k8), get(bLedger, "csm-1\x00"+k8)(v))
			}, &e,
		},
		{
			"ledger.v1", bPayees, "csm-1",
			func(r *recording) error { return r.keepEntries(&tenant.Changes{Entries: []ledger.Entry{e}}) },
			func(v *View) (any, error) { return v.Ledger(csm) }, head,
		},
		{
			"share.v1", bShares, "csm-1\x00csm\x00" + q4,
			func(r *recording) error {
				return r.keepBooks(&tenant.Changes{Shares: []tenant.SeatShare{{Seat: account.Seat{Payee: csm, Role: event.CSM, Quarter: q1}, Share: share}}})
			},
			func(v *View) (any, error) { return v.Shares(csm) },
			map[account.Seat]account.Share{{Payee: csm, Role: event.CSM, Quarter: q1}: share},
		},
		{
			"credit.v1", bCredits, "csm-1\x00opp-1",
			func(r *recording) error { return r.keepCredits(&tenant.Changes{Credits: []account.Credit{credit}}) },
			func(v *View) (any, error) { return v.Credits(csm) },
			[]account.Credit{credit},
		},
		{
			"episode.v1", bEpisodes, "acct-1\x00" + string(key(at)),
			func(r *recording) error { return r.keepEpisodes(&tenant.Changes{Episodes: []tenant.Episode{episode}}) },
			func(v *View) (any, error) { return v.Episodes(acct) },
			[]tenant.Episode{episode},
		},
		{
			"state.v1", bMeta, "state",
			func(r *recording) error {
				b, err := encodeState(state)
				if err != nil {
					return err
				}
				return r.tx.Bucket(bMeta).Put(kState, b)
			},
			func(v *View) (any, error) { return readState(v.tx) }, state,
		},
		{
			"position.v1", bMeta, "position",
			func(r *recording) error { return putPosition(r.tx, position) },
			func(v *View) (any, error) { return readPosition(get(bMeta, "position")(v)) }, position,
		},
		{
			"totals.v1", bMeta, "totals",
			func(r *recording) error { r.totals = &totals1; return r.finish() },
			func(v *View) (any, error) { return readTotals(v.tx) }, totals1,
		},
		{
			"lock.v1", bLocks, q4,
			func(r *recording) error { return r.keepLocks(&tenant.Changes{Locks: []tenant.Lock{lock}}) },
			func(v *View) (any, error) { return v.Locks() },
			[]tenant.Lock{lock},
		},
		{
			"statement.v1", bStatements, q4 + "csm-1",
			func(r *recording) error {
				return r.keepLocks(&tenant.Changes{Statements: []tenant.Statement{statement}})
			},
			func(v *View) (any, error) { st, _, err := v.Frozen(csm, q1); return st, err }, statement,
		},
		{
			"plan.v1", bPlans, "csm-plan\x00\x00\x00\x00\x09",
			func(r *recording) error {
				b, err := encode(planFormed)
				if err != nil {
					return err
				}
				return r.tx.Bucket(bPlans).Put([]byte("csm-plan\x00\x00\x00\x00\x09"), b)
			},
			func(v *View) (any, error) {
				var f planForm
				err := decode(get(bPlans, "csm-plan\x00\x00\x00\x00\x09")(v), &f)
				return f, err
			}, planFormed,
		},
		{
			"parked.v1", bParked, "p-1",
			func(r *recording) error { return putParked(r.tx, parked) },
			func(v *View) (any, error) { p, _, err := v.ParkedByID("p-1"); return p, err }, parked,
		},
		{
			"fact.v1", bFacts, k8,
			func(r *recording) error { return r.keepFacts(&tenant.Changes{Facts: []tenant.Input{fact}}) },
			func(v *View) (any, error) {
				arrived, sum, canonical, err := decodeFact(get(bFacts, k8)(v))
				return tenant.Input{Event: fact.Event, Canonical: canonical, Sum: sum, Arrived: arrived}, err
			}, fact,
		},
		{
			"output.v1", bOut, k8,
			func(r *recording) error { return appendOut(r.tx, []tenant.Message{output.Message}) },
			func(v *View) (any, error) { return lastOut(v.tx.Bucket(bOut)) }, out,
		},
	}
}

// Every form is written as it always was, under the key it always had, and
// what was ever written reads as it did.
func TestFormsAreGolden(t *testing.T) {
	for _, f := range forms(t) {
		t.Run(f.name, func(t *testing.T) {
			s := fresh(t, planfile.Default())
			var wrote []byte
			edit(t, s, func(tx *bbolt.Tx) error {
				if err := f.write(&recording{store: s, tx: tx, records: records{tx, s.opts.Codec}}); err != nil {
					return err
				}
				wrote = bytes.Clone(tx.Bucket(f.bucket).Get([]byte(f.key)))
				return nil
			})
			file := filepath.Join("testdata", "forms", f.name)
			if *update {
				if err := os.WriteFile(file, wrote, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(wrote, golden) {
				t.Errorf("written as %q, want %q as ever", wrote, golden)
			}
			old := fresh(t, planfile.Default())
			edit(t, old, func(tx *bbolt.Tx) error { return tx.Bucket(f.bucket).Put([]byte(f.key), golden) })
			err = old.db.View(func(tx *bbolt.Tx) error {
				got, err := f.read(&View{records: records{tx, old.opts.Codec}})
				if err == nil && !reflect.DeepEqual(got, f.want) {
					t.Errorf("reads as %+v, want %+v", got, f.want)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A form of a version this release does not know is refused, not guessed at.
func TestFormsOfAnotherVersion(t *testing.T) {
	for _, f := range forms(t) {
		golden, err := os.ReadFile(filepath.Join("testdata", "forms", f.name))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{append([]byte{formVersion + 1}, golden[1:]...), golden[:1], {}, golden[:len(golden)/3]} {
			if f.name == "fact.v1" && len(b) > 25 {
				continue // its version leads; what follows is for the codec
			}
			s := fresh(t, planfile.Default())
			edit(t, s, func(tx *bbolt.Tx) error { return tx.Bucket(f.bucket).Put([]byte(f.key), b) })
			_ = s.db.View(func(tx *bbolt.Tx) error {
				if got, err := f.read(&View{records: records{tx, s.opts.Codec}}); err == nil && f.name != "ledger.v1" {
					t.Errorf("%s: %q reads as %+v, want an error", f.name, b, got)
				}
				return nil
			})
		}
	}
}
