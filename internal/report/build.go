package report

import (
	"encoding/hex"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/book"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
)

// Filter narrows a document; zero values narrow nothing.
type Filter struct {
	Payee  event.PayeeID
	Period *civil.Quarter
	Status string // of episodes; only lists of episodes look at it
	// Account is what flags are about; only lists of flags look at it.
	Account event.AccountID
}

type builder struct {
	Setting
	src   Source
	whole Whole      // nil where only some are asked about
	home  *plan.Plan // whose tenant settings hold
	cal   civil.Calendar
	now   civil.Quarter
	look  tenant.Look
}

// newWholeBuilder is a builder of what is about everybody.
func newWholeBuilder(set Setting, src Whole) (*builder, error) {
	b, err := newBuilder(set, src)
	if err == nil {
		b.whole = src
	}
	return b, err
}

func newBuilder(set Setting, src Source) (*builder, error) {
	first := set.Plans[0]
	b := &builder{Setting: set, src: src, home: first, cal: first.Periods.Calendar}
	b.now = b.cal.QuarterOf(b.today())
	if set.Look != nil {
		b.look = *set.Look
	} else if e, err := tenant.New(set.Tenant, set.Plans, set.Parse, set.State, 0); err != nil {
		return nil, err
	} else if b.look, err = e.LookAt(src); err != nil {
		return nil, err
	}
	b.Plans = b.look.Plans()
	return b, nil
}

func (b *builder) today() civil.Date { return civil.In(b.State.AsOf, b.home.Zone) }

// Build makes the statement document. A payee the filter names and nobody has
// heard of is NotFound.
func Build(set Setting, src Source, f Filter) (*Document, error) {
	b, err := newBuilder(set, src)
	if err != nil {
		return nil, err
	}
	doc := &Document{
		Tenant: set.Tenant, AsOf: b.today().String(), PlanVersions: []string{}, Payees: []Payee{}, Credits: []Credit{},
		SLA: []Episode{}, Flags: []Flag{}, Rejected: []Rejected{},
	}
	for _, p := range b.Plans {
		doc.PlanVersions = append(doc.PlanVersions, p.ID())
	}
	ids, err := src.Payees()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if f.Payee != "" && id != f.Payee {
			continue
		}
		p, credits, err := b.payee(id, f)
		if err != nil {
			return nil, err
		}
		doc.Payees = append(doc.Payees, p)
		doc.Credits = append(doc.Credits, credits...)
	}
	if f.Payee != "" && len(doc.Payees) == 0 {
		return nil, NotFound{"payee", string(f.Payee)}
	}
	if doc.SLA, err = b.episodes(f); err != nil {
		return nil, err
	}
	err = src.AllFlags(func(fl tenant.Flag) error {
		if f.Payee == "" || fl.Payee == f.Payee {
			doc.Flags = append(doc.Flags, FlagOf(fl))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if f.Payee != "" { // what was rejected is nobody's in particular
		return doc, nil
	}
	err = src.Rejections(func(r Rejected) error {
		doc.Rejected = append(doc.Rejected, r)
		return nil
	})
	return doc, err
}

func (b *builder) payee(id event.PayeeID, f Filter) (Payee, []Credit, error) {
	acct, err := b.src.Ledger(id)
	if err != nil {
		return Payee{}, nil, err
	}
	person, err := b.look.Person(id)
	if err != nil {
		return Payee{}, nil, err
	}
	credits, err := b.src.Credits(id)
	if err != nil {
		return Payee{}, nil, err
	}
	out := Payee{ID: string(id), Currency: string(b.home.Currency), Balances: b.balances(acct.Balances), Periods: []Period{}}
	lines := map[civil.Quarter][]Line{}
	err = b.src.EntriesOf(id, func(e *ledger.Entry) error {
		lines[e.Period] = append(lines[e.Period], LineOf(e))
		return nil
	})
	if err != nil {
		return Payee{}, nil, err
	}
	from, until := b.now, b.now
	for q := range acct.Periods {
		from, until = min(from, q), max(until, q)
	}
	for q := from; q <= until; q++ {
		if f.Period != nil && q != *f.Period {
			continue
		}
		p := Period{Period: q.String(), Status: b.status(q, person), Totals: b.balances(acct.Periods[q].Moved), Lines: lines[q]}
		if p.Lines == nil {
			p.Lines = []Line{}
		}
		if p.Measures, err = b.measures(id, q); err != nil {
			return Payee{}, nil, err
		}
		out.Periods = append(out.Periods, p)
	}
	return out, b.credits(credits, f), nil
}

func (b *builder) balances(x ledger.Balances) Balances {
	dec := func(minor int64) string { return money.Money{Minor: minor, Currency: b.home.Currency}.Decimal() }
	return Balances{dec(x.Held), dec(x.Payable), dec(x.Paid)}
}

// status follows a quarter through open, ended, locked and paid.
func (b *builder) status(q civil.Quarter, p *book.Person) string {
	if stage := b.stage(q); stage != "locked" || !p.PaidFor(q) {
		return stage
	}
	return "paid"
}

// stage is how far a quarter has come for everybody: open, ended, locked.
func (b *builder) stage(q civil.Quarter) string {
	switch {
	case b.State.Locked(q):
		return "locked"
	case !b.cal.Last(q).End(b.home.Zone).After(b.State.AsOf):
		return "ended"
	}
	return "open"
}

// measures are the figures a quarter's pay looks at.
func (b *builder) measures(id event.PayeeID, q civil.Quarter) (map[string]string, error) {
	out := map[string]string{}
	f, _, err := b.look.Figures(id, q)
	if err != nil {
		return nil, err
	}
	for name, r := range map[string]*money.Ratio{"grr": f.GRR, "nrr": f.NRR, "reviews": f.Reviews} {
		if r != nil {
			out[name] = r.Fixed()
		}
	}
	if f.Attainment != nil {
		out["attainment"] = f.Attainment.FloatString(6)
	}
	return out, nil
}

func (b *builder) credits(credits []account.Credit, f Filter) []Credit {
	var out []Credit
	for _, c := range credits {
		if f.Period != nil && b.cal.QuarterOf(c.Booked) != *f.Period {
			continue
		}
		out = append(out, Credit{
			PayeeID: string(c.Payee), OpportunityID: string(c.Opportunity), AccountID: string(c.Account), CreditedARR: c.ARR.Decimal(),
			Currency: string(c.ARR.Currency), BookedOn: c.Booked.String(), Counted: c.Counted(), Why: string(c.Why),
		})
	}
	return out
}

func (b *builder) episodes(f Filter) ([]Episode, error) {
	out := []Episode{}
	err := b.src.AllEpisodes(func(e tenant.Episode) error {
		if f.Payee != "" && e.Payee != f.Payee {
			return nil
		}
		out = append(out, EpisodeOf(e))
		return nil
	})
	return out, err
}

// EpisodeOf is an episode as documents show it.
func EpisodeOf(e tenant.Episode) Episode {
	return Episode{
		SLA: e.SLA(), AccountID: string(e.Account), PayeeID: string(e.Payee), EpisodeID: e.ID(),
		DisputeID: e.Dispute, OpportunityID: string(e.Opportunity),
		OpenedAt: instant(e.Opened), Deadline: instant(e.Deadline), Status: e.Status(), Since: instant(e.Since()),
	}
}

// FlagOf is a flag as documents show it.
func FlagOf(f tenant.Flag) Flag {
	out := Flag{
		Flag: f.Name, PayeeID: string(f.Payee), AccountID: string(f.Account), Figure: f.Figure, Threshold: f.Threshold, Since: instant(f.At),
	}
	if f.Period != 0 {
		out.Period = f.Period.String()
	}
	return out
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// LineOf is an entry as documents show it.
func LineOf(e *ledger.Entry) Line {
	l := Line{
		EntryID: e.ID.String(), Kind: e.Kind.String(), Reason: string(e.Reason), Component: e.Component,
		Amount: money.Money{Minor: e.Minor, Currency: e.Currency}.Decimal(), From: e.From.String(), To: e.To.String(),
		EffectiveOn: e.Effective.String(), AppliesTo: e.AppliesTo.String(), AccountID: string(e.Account), OpportunityID: string(e.Opportunity),
		Plan: e.Plan(), Recoverable: e.Recoverable, CausedBy: make([]Cause, 0, len(e.CausedBy)), Explanation: e.Text,
	}
	for _, c := range e.CausedBy {
		l.CausedBy = append(l.CausedBy, Cause{c.Source, c.ID})
	}
	return l
}

// PostedOf is an entry as it was posted.
func PostedOf(e *ledger.Entry) Posted {
	amount := func(minor int64) string { return money.Money{Minor: minor, Currency: e.Currency}.Decimal() }
	return Posted{
		Line: LineOf(e), PayeeID: string(e.Payee), Currency: string(e.Currency), Seq: e.Seq, Period: e.Period.String(), PostedAt: e.At,
		After: Balances{Held: amount(e.After.Held), Payable: amount(e.After.Payable), Paid: amount(e.After.Paid)},
		Hash:  hex.EncodeToString(e.Hash[:]),
	}
}
