package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// EntryID names an entry for ever: it is a hash of the tenant, the step, what
// caused it and how many entries the step had before, so a replay gives it again.
type EntryID [16]byte

// String is the id in hexadecimal, as on the wire.
func (id EntryID) String() string { return hex.EncodeToString(id[:]) }

// Entry is one posted transfer. Entries of a payee are numbered from 1 and
// chained: Hash covers the entry and the hash of the one before.
type Entry struct {
	Key
	ID          EntryID
	Seq         uint64
	Ordinal     int         // how many entries the step had before this one
	Scope       event.Scope // whose facts the step came from
	Minor       int64       // signed, out of From into To
	Currency    money.Currency
	Period      civil.Quarter // posted in
	AppliesTo   civil.Quarter // about
	At          time.Time     // the arrival instant it was posted at, UTC
	PlanName    event.PlanID
	PlanVersion int
	PlanHash    [8]byte // the head of the plan's hash
	Recoverable bool
	CausedBy    []event.Identity
	Explanation          // since version 2 of the stored form with its figures
	After       Balances // the payee's balances after this entry
	Hash        [32]byte
}

// Plan is the plan version's name, empty for entries no plan decides.
func (e Entry) Plan() string {
	if e.PlanName == "" {
		return ""
	}
	return (&plan.Plan{Name: e.PlanName, Version: e.PlanVersion}).ID()
}

// Balances are a payee's buckets in minor units. Expense is their negative sum.
type Balances struct{ Held, Payable, Paid int64 }

// Expense is the company's side: what it has given into the payee's buckets.
func (b Balances) Expense() int64 { return -(b.Held + b.Payable + b.Paid) }

// Move adds a transfer to b.
func (b Balances) Move(minor int64, from, to Bucket) (Balances, error) {
	for _, side := range [...]struct {
		bucket Bucket
		minor  int64
	}{{from, -minor}, {to, minor}} {
		var at *int64
		switch side.bucket {
		case Expense:
			continue
		case Held:
			at = &b.Held
		case Payable:
			at = &b.Payable
		case Paid:
			at = &b.Paid
		}
		sum, err := money.Add(*at, side.minor)
		if err != nil {
			return b, err
		}
		*at = sum
	}
	return b, nil
}

// Account is where a payee's ledger stands: the entries so far, their hash,
// the balances, and what was posted in each quarter.
type Account struct {
	Payee    event.PayeeID
	Seq      uint64
	Head     [32]byte
	Balances Balances
	Periods  map[civil.Quarter]Totals
}

// Totals are what the entries posted in one quarter moved, and how many they are.
type Totals struct {
	Lines int
	Moved Balances
	// ClawedBack is what clawbacks took from payable, above zero; those taken
	// back are taken off.
	ClawedBack int64
}

// Append posts e as the account's next entry: it gives the entry its number,
// balances and hash, and moves the account on.
func (a *Account) Append(e *Entry) error {
	if e.Payee != a.Payee {
		return domain.Errorf(domain.Corrupt, "entry of %s posted to %s", e.Payee, a.Payee)
	}
	after, err := a.Balances.Move(e.Minor, e.From, e.To)
	if err != nil {
		return err
	}
	t := a.Periods[e.Period]
	if t.Moved, err = t.Moved.Move(e.Minor, e.From, e.To); err != nil {
		return err
	}
	t.Lines++
	if e.Kind == Clawback && e.To == Payable {
		t.ClawedBack -= e.Minor
	}
	if a.Periods == nil {
		a.Periods = map[civil.Quarter]Totals{}
	}
	a.Periods[e.Period] = t
	e.Seq, e.After = a.Seq+1, after
	e.Hash = e.ChainHash(a.Head)
	a.Seq, a.Head, a.Balances = e.Seq, e.Hash, after
	return nil
}

// MakeID is the id of an entry of a step.
func MakeID(tenant string, k Key, cause event.Identity, ordinal int) EntryID {
	var room [320]byte
	sum := sha256.Sum256(digest(room[:0]).str(tenant).key(k).str(cause.Source).str(cause.ID).num(int64(ordinal)))
	return EntryID(sum[:16])
}

// ChainHash is SHA-256 over the hash before and everything the entry says.
func (e *Entry) ChainHash(prev [32]byte) [32]byte {
	var room [1536]byte
	h := append(digest(room[:0]), prev[:]...).key(e.Key)
	h = append(h, e.ID[:]...)
	h = h.num(int64(e.Seq)).num(int64(e.Ordinal)).str(string(e.Scope.Account)).str(string(e.Scope.Payee))
	h = h.num(e.Minor).str(string(e.Currency)).num(int64(e.Period)).num(int64(e.AppliesTo)).num(e.At.UnixNano())
	h = h.str(string(e.PlanName)).num(int64(e.PlanVersion))
	h = append(h, e.PlanHash[:]...).flag(e.Recoverable).num(int64(len(e.CausedBy)))
	for _, c := range e.CausedBy {
		h = h.str(c.Source).str(c.ID)
	}
	h = h.str(e.Text).num(e.After.Held).num(e.After.Payable).num(e.After.Paid)
	return sha256.Sum256(h.explanation(&e.Explanation))
}

// digest collects fields with their lengths, so that no two different lists
// of fields give the same bytes. It is a value, so that its room may be a stack's.
type digest []byte

func (d digest) str(s string) digest {
	return append(binary.AppendUvarint(d, uint64(len(s))), s...)
}

func (d digest) num(n int64) digest { return binary.BigEndian.AppendUint64(d, uint64(n)) }

func (d digest) flag(b bool) digest {
	if b {
		return d.num(1)
	}
	return d.num(0)
}

// explanation adds what the first release did not have; nothing where there is
// none of it, so that its hashes still hold.
func (d digest) explanation(x *Explanation) digest {
	if x.Rule == "" && len(x.Figures) == 0 {
		return d
	}
	d = d.str(x.Rule).num(int64(x.Rounding)).num(int64(len(x.Figures)))
	for i := range x.Figures {
		f := &x.Figures[i]
		d = d.num(int64(f.Op)).str(f.Name).str(f.Value).str(f.Unit).str(f.Field)
	}
	return d
}

func (d digest) key(k Key) digest {
	d = d.str(string(k.Payee)).str(k.Component).str(string(k.Account)).str(string(k.Opportunity))
	return d.num(int64(k.Kind)).str(string(k.Reason)).num(int64(k.From)).num(int64(k.To)).num(int64(k.Effective)).str(k.Reference)
}
