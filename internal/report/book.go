package report

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Book is a payee's book in a quarter, as far as it has come: a manager's is
// that of the reports too, a pod's that of its members. Amounts are decimal
// strings in major units.
type Book struct {
	Tenant   string        `json:"tenant"`
	AsOf     string        `json:"as_of"` // the day it is looked at: the quarter's last, or today
	PayeeID  string        `json:"payee_id"`
	Period   string        `json:"period"`
	Role     string        `json:"role,omitempty"` // empty: not enrolled in the quarter
	Plan     string        `json:"plan,omitempty"`
	Currency string        `json:"currency"`
	ARR      string        `json:"arr"`
	AtRisk   string        `json:"at_risk"`
	Of       []string      `json:"of"`      // whose accounts these are
	Figures  []BookFigure  `json:"figures"` // that pay looks at, and those that inform
	Mix      []BookSegment `json:"mix"`     // by segment and health
	Accounts []BookAccount `json:"accounts"`
	Flags    []Flag        `json:"flags"` // of the payee and, raised in the quarter, of the accounts
}

// BookFigure is a measure for people.
type BookFigure struct {
	Figure string `json:"figure"`
	Value  string `json:"value"`
	Unit   string `json:"unit"`
	Paid   bool   `json:"paid"` // the quarter's pay looks at it
}

// BookSegment is the part of a book in one segment.
type BookSegment struct {
	Segment     string `json:"segment"` // empty: none is told
	Healthy     int    `json:"healthy"`
	AtRisk      int    `json:"at_risk"`
	Unscored    int    `json:"unscored"`
	HealthyARR  string `json:"healthy_arr"`
	AtRiskARR   string `json:"at_risk_arr"`
	UnscoredARR string `json:"unscored_arr"`
}

// BookAccount is an account owned on the day.
type BookAccount struct {
	AccountID string `json:"account_id"`
	Segment   string `json:"segment,omitempty"`
	ARR       string `json:"arr"`
	Living    bool   `json:"living"`           // has not churned
	Health    string `json:"health,omitempty"` // out of 100; empty: no score
	ScoredAt  string `json:"scored_at,omitempty"`
	AtRisk    bool   `json:"at_risk"`
}

// BuildBook makes a payee's book in the filter's period, or the one that runs.
// A payee nobody has heard of is NotFound.
func BuildBook(set Setting, src Source, f Filter) (*Book, error) {
	b, err := newBuilder(set, src)
	if err != nil {
		return nil, err
	}
	q, err := b.quarterOf(f)
	if err != nil {
		return nil, err
	}
	return b.book(f.Payee, q, f.Period)
}

// quarterOf is the period of a filter for one payee, or the one that runs. A
// payee nobody has heard of is NotFound.
func (b *builder) quarterOf(f Filter) (civil.Quarter, error) {
	ids, err := b.src.Payees()
	switch {
	case err != nil:
		return 0, err
	case !slices.Contains(ids, f.Payee):
		return 0, NotFound{"payee", string(f.Payee)}
	case f.Period != nil:
		return *f.Period, nil
	}
	return b.now, nil
}

func (b *builder) book(id event.PayeeID, q civil.Quarter, asked *civil.Quarter) (*Book, error) {
	day := min(b.cal.Last(q), b.today())
	out := &Book{
		Tenant: b.Tenant, AsOf: day.String(), PayeeID: string(id), Period: q.String(), Currency: string(b.home.Currency),
		Of: []string{}, Figures: []BookFigure{}, Mix: []BookSegment{}, Accounts: []BookAccount{}, Flags: []Flag{},
	}
	person, err := b.look.Person(id)
	if err != nil {
		return nil, err
	}
	if enrolled, ok := person.Role(q); ok {
		out.Role = string(enrolled.Role)
	}
	if t := person.Terms(b.Plans, day); t.Plan != nil {
		out.Plan = t.Plan.ID()
	}
	pay, m, err := b.look.Figures(id, q)
	if err != nil {
		return nil, err
	}
	paid := func(name string, r *big.Rat) {
		out.Figures = append(out.Figures, BookFigure{name, strings.TrimSuffix(money.Percent(r), "%"), "%", true})
	}
	if pay.GRR != nil {
		paid("grr", pay.GRR.Rat())
	}
	if pay.NRR != nil {
		paid("nrr", pay.NRR.Rat())
	}
	if pay.Attainment != nil {
		paid("attainment", pay.Attainment)
	}
	if pay.Reviews != nil {
		paid("reviews", pay.Reviews.Rat())
	}
	for _, x := range advice.Figures(m, b.home.Currency) {
		name := x.Name
		if strings.HasPrefix(name, "mix.") {
			continue // the mix has them
		}
		if name == "grr" || name == "nrr" {
			name = "quarter_" + name // beside that of the plan's window
		}
		out.Figures = append(out.Figures, BookFigure{name, x.Value, x.Unit, false})
	}
	out.ARR, out.AtRisk = b.decimal(m.ARR), b.decimal(m.AtRiskARR)
	for _, s := range m.Mix {
		out.Mix = append(out.Mix, BookSegment{
			s.Name, s.Healthy, s.AtRisk, s.Unscored, b.decimal(s.HealthyARR), b.decimal(s.AtRiskARR), b.decimal(s.Rest),
		})
	}
	if err := b.bookAccounts(out, id, q, day); err != nil {
		return nil, err
	}
	return out, b.bookFlags(out, asked)
}

func (b *builder) decimal(minor int64) string {
	return money.Money{Minor: minor, Currency: b.home.Currency}.Decimal()
}

// bookAccounts lists the accounts that the book is made of, the largest first.
func (b *builder) bookAccounts(out *Book, id event.PayeeID, q civil.Quarter, day civil.Date) error {
	holders, err := b.holders(id, q)
	if err != nil {
		return err
	}
	var ids []event.AccountID
	for _, h := range holders {
		more, err := b.src.AccountsOf(h.Payee)
		if err != nil {
			return err
		}
		ids = append(ids, more...)
		if !slices.Contains(out.Of, string(h.Payee)) {
			out.Of = append(out.Of, string(h.Payee))
		}
	}
	slices.Sort(ids)
	type sized struct {
		arr int64
		BookAccount
	}
	var found []sized
	for _, acct := range slices.Compact(ids) {
		state, err := b.look.Account(acct)
		if err != nil {
			return err
		}
		st, owned := state.Standing(holders, day)
		if !owned {
			continue
		}
		a := BookAccount{AccountID: string(acct), Segment: st.Segment, ARR: b.decimal(st.ARR), Living: st.Living, AtRisk: st.AtRisk && st.ARR != 0}
		if st.Scored {
			a.Health, a.ScoredAt = st.Of100(), instant(st.Score.MeasuredAt)
		}
		found = append(found, sized{st.ARR, a})
	}
	slices.SortStableFunc(found, func(a, b sized) int { return cmp.Compare(b.arr, a.arr) })
	for _, a := range found {
		out.Accounts = append(out.Accounts, a.BookAccount)
	}
	return nil
}

// holders lists whose accounts are a payee's book in a quarter; somebody who is
// not enrolled has what is theirs in any role.
func (b *builder) holders(id event.PayeeID, q civil.Quarter) (account.Holders, error) {
	person, err := b.look.Person(id)
	if err != nil {
		return nil, err
	}
	if _, enrolled := person.Role(q); !enrolled {
		return account.Holders{{Payee: id, Role: event.CSM}, {Payee: id, Role: event.AE}, {Payee: id, Role: event.RenewalManager}}, nil
	}
	return b.look.Holders(id, q)
}

// bookFlags adds the payee's flags, those of one period where it was asked for,
// and those of the accounts.
func (b *builder) bookFlags(out *Book, asked *civil.Quarter) error {
	all, err := Flags(b.src, Filter{Period: asked})
	for _, f := range all {
		owned := slices.ContainsFunc(out.Accounts, func(a BookAccount) bool { return a.AccountID == f.AccountID })
		if f.PayeeID == out.PayeeID || f.AccountID != "" && owned {
			out.Flags = append(out.Flags, f)
		}
	}
	return err
}

func (p *printer) book(x *Book) {
	role := "not enrolled"
	if x.Role != "" {
		role = x.Role
	}
	p.linef("%s (%s) in %s, as of %s: %s of %s %s, at risk %s", plainText(x.PayeeID), role, x.Period, x.AsOf,
		some(len(x.Accounts), "account"), grouped(x.ARR), x.Currency, grouped(x.AtRisk))
	if len(x.Of) > 1 {
		p.line("  the book of " + plainText(joined(x.Of, func(s string) string { return s })))
	}
	if x.Plan != "" {
		p.line("  paid by " + plainText(x.Plan))
	}
	if len(x.Figures) > 0 {
		p.line("\nMeasures")
		g := newGrid("  ", "MEASURE", "VALUE", "UNIT", "PAY").rightAlign(1)
		for _, f := range x.Figures {
			paid := ""
			if f.Paid {
				paid = "looks at it"
			}
			g.row(f.Figure, grouped(f.Value), f.Unit, paid)
		}
		g.writeTo(p)
	}
	if len(x.Mix) > 0 {
		p.line("\nMix")
		g := newGrid("  ", "SEGMENT", "HEALTHY", "", "AT RISK", "", "UNSCORED", "").rightAlign(1, 2, 3, 4, 5, 6)
		for _, s := range x.Mix {
			g.row(cmp.Or(s.Segment, "(none)"), fmt.Sprint(s.Healthy), grouped(s.HealthyARR), fmt.Sprint(s.AtRisk), grouped(s.AtRiskARR), fmt.Sprint(s.Unscored), grouped(s.UnscoredARR))
		}
		g.writeTo(p)
	}
	if len(x.Accounts) > 0 {
		p.line("\nAccounts")
		g := newGrid("  ", "ACCOUNT", "SEGMENT", "ARR", "HEALTH", "SCORED", "").rightAlign(2, 3)
		for _, a := range x.Accounts {
			state := ""
			switch {
			case !a.Living:
				state = "churned"
			case a.AtRisk:
				state = "at risk"
			}
			g.row(a.AccountID, a.Segment, grouped(a.ARR), a.Health, a.ScoredAt, state)
		}
		g.writeTo(p)
	}
	p.line("\nFlags")
	p.flags("  ", x.Flags, true)
}

var bookColumns = []string{"payee_id", "period", "as_of", "what", "name", "value", "unit", "health", "scored_at", "at_risk", "figure", "threshold", "since"}

// bookRows has a row per figure, account and flag, as "what" says.
func bookRows(b *Book) [][]string {
	rows := [][]string{bookColumns}
	add := func(what, name, value string, rest ...string) {
		row := append(texts(b.PayeeID, b.Period, b.AsOf, what, name), value)
		row = append(row, texts(rest...)...)
		rows = append(rows, append(row, make([]string, len(bookColumns)-len(row))...))
	}
	add("book", "arr", b.ARR, b.Currency)
	add("book", "at_risk", b.AtRisk, b.Currency)
	for _, f := range b.Figures {
		add("figure", f.Figure, f.Value, f.Unit)
	}
	for _, a := range b.Accounts {
		add("account", a.AccountID, a.ARR, b.Currency, a.Health, a.ScoredAt, fmt.Sprint(a.AtRisk))
	}
	for _, f := range b.Flags {
		add("flag", f.Flag, text(cmp.Or(f.AccountID, f.PayeeID)), "", "", "", "", f.Figure, f.Threshold, f.Since)
	}
	return rows
}
