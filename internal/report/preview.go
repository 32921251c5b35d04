package report

import (
	"fmt"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

// LockPreview is what a lock of a quarter would freeze if it came now: worked
// out by the rules that lock it, with nothing kept. Of a quarter that is locked
// it is what was frozen. Amounts are decimal strings in major units.
type LockPreview struct {
	Tenant   string        `json:"tenant"`
	AsOf     string        `json:"as_of"`
	Currency string        `json:"currency"`
	Period   string        `json:"period"`
	Status   string        `json:"status"` // open ended locked paid
	Revision int           `json:"revision"`
	Rows     []PreviewRow  `json:"rows"` // who has lines in it, by id
	Totals   PreviewTotals `json:"totals"`
	// Posts is how many lines the lock itself would post first: what is due and
	// waits for it.
	Posts int `json:"posts"`
	// Later is what is posted in later quarters about this one: differences that
	// came after it was locked. LaterLines is how many lines that is.
	Later      Movement `json:"later"`
	LaterLines int      `json:"later_lines"`
	// Blockers are why a lock would be refused, Warnings what a person should look
	// at before.
	Blockers []Concern `json:"blockers"`
	Warnings []Concern `json:"warnings"`
}

// PreviewRow is one payee's statement as it would be frozen.
type PreviewRow struct {
	PayeeID    string `json:"payee_id"`
	EmployeeID string `json:"employee_id,omitempty"`
	Lines      int    `json:"lines"`
	Net        string `json:"net"`       // the payable balance at the lock
	Requested  string `json:"requested"` // what payroll is asked to pay
	// Carried is what stays payable after that is paid and goes to the next
	// quarter: below zero where it is a debt. Held is what stays held.
	Carried string `json:"carried"`
	Held    string `json:"held,omitempty"` // empty of a quarter that is locked
	// Before is what was requested when the quarter was last locked, Change by how
	// much it is more now, and NetBefore the payable balance then; empty where it
	// never was.
	Before    string `json:"before,omitempty"`
	Change    string `json:"change,omitempty"`
	NetBefore string `json:"net_before,omitempty"`
	// Reference is that of the request, of a quarter that is locked and has
	// something requested for the payee; Paid: payroll has confirmed it.
	Reference string `json:"reference,omitempty"`
	Paid      bool   `json:"paid,omitempty"`
}

// PreviewTotals are the sums of the rows.
type PreviewTotals struct {
	Payees      int    `json:"payees"`
	RequestedOf int    `json:"requested_of"` // for how many something is requested
	PaidOf      int    `json:"paid_of"`      // for how many of these payroll has confirmed it
	Paid        string `json:"paid"`         // what was requested for these
	Lines       int    `json:"lines"`
	Net         string `json:"net"`
	Requested   string `json:"requested"`
	Carried     string `json:"carried"`
	Held        string `json:"held,omitempty"`
	Before      string `json:"before,omitempty"`
	Change      string `json:"change,omitempty"`
	NetBefore   string `json:"net_before,omitempty"`
}

// Concern is something about a lock that a person should know.
type Concern struct {
	// Code is not_ended, locked, payment_requested of blockers; open_disputes,
	// parked_inputs, earlier_open, held of warnings.
	Code  string `json:"code"`
	Count int    `json:"count,omitempty"`
	Text  string `json:"text"`
}

// BuildLockPreview works out what a lock of a quarter would freeze.
func BuildLockPreview(set Setting, src Whole, q civil.Quarter) (*LockPreview, error) {
	b, err := newWholeBuilder(set, src)
	if err != nil {
		return nil, err
	}
	out := &LockPreview{
		Tenant: set.Tenant, AsOf: b.today().String(), Currency: string(b.home.Currency), Period: q.String(), Status: b.stage(q),
		Rows: []PreviewRow{}, Blockers: []Concern{}, Warnings: []Concern{},
	}
	if err := b.later(out, q); err != nil {
		return nil, err
	}
	before, err := src.Statements(q)
	if err != nil {
		return nil, err
	}
	if err := b.concerns(out, q); err != nil {
		return nil, err
	}
	if b.State.Locked(q) {
		return out, b.previewRows(out, before, nil, nil)
	}
	if out.Revision, err = src.Revisions(q); err != nil {
		return nil, err
	}
	e, err := tenant.New(set.Tenant, set.Plans, set.Parse, set.State, 0)
	if err != nil {
		return nil, err
	}
	frozen, err := e.PreviewLock(src, q)
	if err != nil {
		return nil, err
	}
	out.Posts = frozen.Entries
	held := map[event.PayeeID]int64{}
	err = src.Sums(func(s *ledger.Sum) error {
		held[s.Payee] = s.Balances.Held
		if a, moved := frozen.Ledgers[s.Payee]; moved {
			held[s.Payee] = a.Balances.Held
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, b.previewRows(out, frozen.Statements, before, held)
}

// previewSums are a preview's totals in minor units.
type previewSums struct{ net, requested, carried, held, before, netBefore, paid int64 }

// previewRows adds the statements; held is nil where it is not known any more,
// before where nothing was locked.
func (b *builder) previewRows(out *LockPreview, statements, before []tenant.Statement, held map[event.PayeeID]int64) error {
	var sums previewSums
	last := map[event.PayeeID]tenant.Statement{}
	for _, st := range before {
		last[st.Payee] = st
	}
	for _, st := range statements {
		net, requested := st.Net.Minor, st.Requested.Minor
		r := PreviewRow{
			PayeeID: string(st.Payee), EmployeeID: st.Employee, Lines: st.Lines, Net: b.decimal(net), Requested: b.decimal(requested),
			Carried: b.decimal(net - requested),
		}
		if held != nil {
			r.Held = b.decimal(held[st.Payee])
		}
		if requested > 0 {
			out.Totals.RequestedOf++
			if err := b.paid(&r, st); err != nil {
				return err
			}
		}
		was := last[st.Payee] // nothing, of who had no lines then
		if len(before) > 0 {
			r.Before, r.Change, r.NetBefore = b.decimal(was.Requested.Minor), b.decimal(requested-was.Requested.Minor), b.decimal(was.Net.Minor)
		}
		for _, x := range []struct {
			into *int64
			add  int64
		}{
			{&sums.net, net},
			{&sums.requested, requested},
			{&sums.carried, net - requested},
			{&sums.held, held[st.Payee]},
			{&sums.before, was.Requested.Minor},
			{&sums.netBefore, was.Net.Minor},
			{&sums.paid, map[bool]int64{true: requested}[r.Paid]},
		} {
			sum, err := money.Add(*x.into, x.add)
			if err != nil {
				return err
			}
			*x.into = sum
		}
		if r.Paid {
			out.Totals.PaidOf++
		}
		out.Totals.Lines += st.Lines
		out.Rows = append(out.Rows, r)
		if b.State.Locked(st.Period) {
			out.Revision = st.Revision
		}
	}
	t := &out.Totals
	t.Payees, t.Net, t.Requested, t.Carried = len(out.Rows), b.decimal(sums.net), b.decimal(sums.requested), b.decimal(sums.carried)
	t.Paid = b.decimal(sums.paid)
	if held != nil {
		t.Held = b.decimal(sums.held)
	}
	if len(before) > 0 {
		t.Before, t.Change, t.NetBefore = b.decimal(sums.before), b.decimal(sums.requested-sums.before), b.decimal(sums.netBefore)
	}
	return nil
}

// paid says of a request that was made as what, and whether payroll has paid it.
func (b *builder) paid(r *PreviewRow, st tenant.Statement) error {
	if !b.State.Locked(st.Period) {
		return nil
	}
	person, err := b.look.Person(st.Payee)
	if err != nil {
		return err
	}
	r.Reference, r.Paid = st.Reference, person.PaidFor(st.Period)
	return nil
}

// later adds what is posted in later quarters about one.
func (b *builder) later(out *LockPreview, q civil.Quarter) error {
	var sum ledger.Moves
	err := b.whole.Sums(func(s *ledger.Sum) (err error) {
		for _, l := range s.Late {
			if l.About == q && err == nil {
				out.LaterLines += l.Lines
				sum, err = sum.Plus(l.Moves)
			}
		}
		return err
	})
	out.Later = b.movement(sum)
	return err
}

// concerns says why a lock would be refused, and what is to be looked at.
func (b *builder) concerns(out *LockPreview, q civil.Quarter) error {
	say := func(to *[]Concern, code string, n int, format string, args ...any) {
		*to = append(*to, Concern{code, n, fmt.Sprintf(format, args...)})
	}
	if last := b.cal.Last(q); last >= b.today() {
		say(&out.Blockers, "not_ended", 0, "%s ends on %s; it can be locked from the day after.", q, last)
	}
	if b.State.Locked(q) {
		say(&out.Blockers, "locked", 0, "%s is locked.", q)
		if slices.Contains(b.State.Requested, q) {
			say(&out.Blockers, "payment_requested", 0, "A payment was requested for %s, so it stays locked.", q)
		}
		return nil
	}
	disputes := 0
	err := b.src.AllEpisodes(func(e tenant.Episode) error {
		if s := e.Status(); e.SLA() == account.DisputeSLA && (s == "open" || s == string(account.Breached)) {
			disputes++
		}
		return nil
	})
	if err != nil {
		return err
	}
	parked := 0
	if err := b.src.Rejections(func(Rejected) error { parked++; return nil }); err != nil {
		return err
	}
	earlier := 0
	t, err := b.totals()
	if err != nil {
		return err
	}
	for p := range t.lines {
		if p < q && !b.State.Locked(p) {
			earlier++
		}
	}
	if disputes > 0 {
		say(&out.Warnings, "open_disputes", disputes, "%s not decided: what they hold stays held.", plural(disputes, "dispute is", "disputes are"))
	}
	if parked > 0 {
		say(&out.Warnings, "parked_inputs", parked, "%s parked: what they say is not in these figures.", plural(parked, "input is", "inputs are"))
	}
	if earlier > 0 {
		say(&out.Warnings, "earlier_open", earlier, "%s before it not locked.", plural(earlier, "quarter is", "quarters are"))
	}
	if t.now.Held != 0 {
		say(&out.Warnings, "held", 0, "%s is held and is not paid with this quarter.", money.Money{Minor: t.now.Held, Currency: b.home.Currency})
	}
	return nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
