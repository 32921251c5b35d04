package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// Deal is why an opportunity earned what it did, or nothing: who was credited
// and why, who was not, what holds the money, and what may still take it back.
// Amounts are decimal strings in major units.
type Deal struct {
	Tenant        string        `json:"tenant"`
	AsOf          string        `json:"as_of"`
	OpportunityID string        `json:"opportunity_id"`
	Accounts      []DealAccount `json:"accounts"`
	Entries       []Posted      `json:"entries"` // of its deals, by payee
}

// DealAccount is the opportunity on one account: nearly always there is one.
type DealAccount struct {
	AccountID string     `json:"account_id"`
	Text      string     `json:"text,omitempty"` // why there is no deal
	Deals     []DealPart `json:"deals"`
}

// DealPart is one deal of the opportunity: an uplift has one for each step.
type DealPart struct {
	Origin   string      `json:"origin"` // expansion uplift renewal pipeline
	BookedOn string      `json:"booked_on"`
	ARR      string      `json:"arr"`
	Currency string      `json:"currency"`
	Plan     string      `json:"plan,omitempty"` // whose rules attribute it
	Text     string      `json:"text"`
	Payees   []DealPayee `json:"payees"`
}

// DealPayee is what the deal came to for one payee in one part.
type DealPayee struct {
	PayeeID     string     `json:"payee_id,omitempty"` // empty: nobody has the part
	Part        string     `json:"part"`               // csm ae source split
	CreditedARR string     `json:"credited_arr"`
	Currency    string     `json:"currency"`
	Counted     bool       `json:"counted"`
	Why         string     `json:"why"` // a reason of the closed list, or empty
	Text        []string   `json:"text"`
	Earned      []DealLine `json:"earned"`
	Gates       []DealGate `json:"gates"`   // still closed
	Lost        []DealLoss `json:"lost"`    // so far
	AtRisk      []DealLoss `json:"at_risk"` // that may still be taken back
}

// DealLine is what a component paid, when it was earned.
type DealLine struct {
	Component string `json:"component"`
	Amount    string `json:"amount"`
	Text      string `json:"text"`
}

// DealGate is a condition that holds the money.
type DealGate struct {
	Gate  string `json:"gate"`
	Opens string `json:"opens,omitempty"` // the day; empty: not known yet
	Text  string `json:"text"`
}

// DealLoss is what was taken on a day, or may be until one.
type DealLoss struct {
	Reason string `json:"reason"`
	On     string `json:"on,omitempty"` // empty: whenever it happens
	Text   string `json:"text"`
}

// mostAccounts is how many accounts are searched for an opportunity that
// credits nobody.
const mostAccounts = 10_000

// BuildDeal makes the story of an opportunity, on one account or, where none is
// named, on whichever have it. One that nobody has heard of is NotFound.
func BuildDeal(set Setting, src Source, opp event.OpportunityID, acct event.AccountID) (*Deal, error) {
	b, err := newBuilder(set, src)
	if err != nil {
		return nil, err
	}
	ids := []event.AccountID{acct}
	if acct == "" {
		if ids, err = b.accountsWith(opp); err != nil {
			return nil, err
		}
	}
	out := &Deal{Tenant: set.Tenant, AsOf: b.today().String(), OpportunityID: string(opp), Accounts: []DealAccount{}, Entries: []Posted{}}
	for _, id := range ids {
		story, posted, err := b.story(id, opp)
		if err != nil {
			return nil, err
		}
		if story.Known {
			out.Accounts = append(out.Accounts, b.dealAccount(id, story))
			out.Entries = append(out.Entries, posted...)
		}
	}
	if len(out.Accounts) == 0 {
		return nil, NotFound{"opportunity", string(opp)}
	}
	slices.SortFunc(out.Entries, func(a, b Posted) int { return cmp.Or(cmp.Compare(a.PayeeID, b.PayeeID), cmp.Compare(a.Seq, b.Seq)) })
	return out, nil
}

// story is an opportunity's on an account, and what was posted about it there.
func (b *builder) story(id event.AccountID, opp event.OpportunityID) (account.OpportunityStory, []Posted, error) {
	state, err := b.look.Account(id)
	if err != nil {
		return account.OpportunityStory{}, nil, err
	}
	story, err := state.Story(opp, b.today())
	if err != nil {
		return story, nil, err
	}
	var posted []Posted
	err = b.src.Entries(event.OfAccount(id), func(e *ledger.Entry) error {
		if e.Opportunity == opp {
			posted = append(posted, PostedOf(e))
		}
		return nil
	})
	if !story.Known && len(posted) > 0 {
		story.Known, story.Text = true, "Nothing is earned: every fact about it was retracted, and what was posted is taken back."
	}
	return story, posted, err
}

// accountsWith finds the accounts of an opportunity: by whom it credits, or
// else by asking the accounts.
func (b *builder) accountsWith(opp event.OpportunityID) ([]event.AccountID, error) {
	payees, err := b.src.Payees()
	if err != nil {
		return nil, err
	}
	var found []event.AccountID
	for _, p := range payees {
		credits, err := b.src.CreditsOn(p, opp)
		if err != nil {
			return nil, err
		}
		for _, c := range credits {
			if !slices.Contains(found, c.Account) {
				found = append(found, c.Account)
			}
		}
	}
	if len(found) > 0 {
		slices.Sort(found)
		return found, nil
	}
	var after event.AccountID
	for asked := 0; asked < mostAccounts; {
		ids, err := b.src.Accounts("", after, 256)
		if err != nil || len(ids) == 0 {
			return found, err
		}
		for _, id := range ids {
			story, _, err := b.story(id, opp)
			if err != nil {
				return nil, err
			}
			if story.Known {
				found = append(found, id)
			}
		}
		asked, after = asked+len(ids), ids[len(ids)-1]
	}
	if len(found) == 0 {
		return nil, NotFound{"credit for opportunity", fmt.Sprintf("%s, and it is on none of the first %d accounts: name its account", opp, mostAccounts)}
	}
	return found, nil
}

func (b *builder) dealAccount(id event.AccountID, story account.OpportunityStory) DealAccount {
	out := DealAccount{AccountID: string(id), Text: story.Text, Deals: []DealPart{}}
	for _, d := range story.Deals {
		part := DealPart{
			Origin: d.Origin.String(), BookedOn: d.Booked.String(), ARR: d.ARR.Decimal(), Currency: string(d.ARR.Currency), Text: d.Text, Payees: []DealPayee{},
		}
		if d.Rules != nil {
			part.Plan = d.Rules.ID()
		}
		for _, p := range d.Parts {
			part.Payees = append(part.Payees, dealPayee(p))
		}
		out.Deals = append(out.Deals, part)
	}
	return out
}

func dealPayee(p account.PartStory) DealPayee {
	out := DealPayee{
		PayeeID: string(p.Payee), Part: string(p.Part), CreditedARR: p.Credit.Decimal(), Currency: string(p.Credit.Currency),
		Counted: p.Counted, Why: string(p.Why), Text: p.Text, Earned: []DealLine{}, Gates: []DealGate{}, Lost: losses(p.Lost), AtRisk: losses(p.AtRisk),
	}
	for _, l := range p.Lines {
		out.Earned = append(out.Earned, DealLine{l.Component, l.Amount.Decimal(), l.Text})
	}
	for _, g := range p.Gates {
		out.Gates = append(out.Gates, DealGate{g.Gate, dayOrNone(g.Opens), g.Text})
	}
	return out
}

func losses(list []account.StoryLoss) []DealLoss {
	out := []DealLoss{}
	for _, l := range list {
		out = append(out, DealLoss{string(l.Reason), dayOrNone(l.On), l.Text})
	}
	return out
}

func dayOrNone(d civil.Date) string {
	if d == civil.Never {
		return ""
	}
	return d.String()
}

func (p *printer) deal(d *Deal) {
	for i, a := range d.Accounts {
		if i > 0 {
			p.line("")
		}
		p.linef("%s on %s, as of %s", plainText(d.OpportunityID), plainText(a.AccountID), d.AsOf)
		if a.Text != "" {
			p.line("  " + plainText(a.Text))
		}
		for _, part := range a.Deals {
			p.line("\n" + plainText(part.Text) + byPlan(part.Plan))
			for _, x := range part.Payees {
				p.dealPayee(&x)
			}
		}
	}
	p.line("")
	if len(d.Entries) == 0 {
		p.line("No entries.")
		return
	}
	p.line("Entries")
	g := newGrid("  ", "PAYEE", "DATE", "KIND", "REASON", "COMPONENT", "PERIOD", "AMOUNT", "FROM → TO", "ENTRY").rightAlign(6)
	for _, e := range d.Entries {
		g.row(e.PayeeID, e.EffectiveOn, e.Kind, e.Reason, e.Component, e.Period, grouped(e.Amount), e.From+" → "+e.To, shortID(e.EntryID))
	}
	g.writeTo(p)
}

func byPlan(id string) string {
	if id == "" {
		return ""
	}
	return " It is attributed by " + plainText(id) + "."
}

func (p *printer) dealPayee(x *DealPayee) {
	state := "does not count"
	switch {
	case x.Counted:
		state = "counts: " + grouped(x.CreditedARR) + " " + x.Currency
	case x.Part == string(account.ForSource) && len(x.Earned) > 0:
		state = "is paid beside the split"
	case x.Why != "":
		state += ": " + x.Why
	}
	p.linef("\n  %s (%s) %s", plainText(cmp.Or(x.PayeeID, "nobody")), x.Part, state)
	for _, t := range x.Text {
		p.line("    " + plainText(t))
	}
	for _, l := range x.Earned {
		p.linef("    %s: %s", plainText(l.Component), plainText(l.Text))
	}
	for _, g := range x.Gates {
		p.linef("    held by the gate %s: %s", g.Gate, plainText(g.Text))
	}
	for _, l := range x.Lost {
		p.linef("    lost on %s, %s: %s", l.On, l.Reason, plainText(l.Text))
	}
	for _, l := range x.AtRisk {
		p.linef("    may be taken back, %s, %s: %s", l.Reason, until(l.On), plainText(l.Text))
	}
}

func until(day string) string {
	if day == "" {
		return "without end"
	}
	return "until " + day
}

var dealColumns = []string{
	"opportunity_id", "account_id", "origin", "booked_on", "arr", "currency", "plan", "payee_id", "part", "credited_arr", "credited_currency", "counted", "why",
	"text", "earned", "gates", "lost", "at_risk",
}

// dealRows has a row per payee and part, and one for an account or a deal without.
func dealRows(d *Deal) [][]string {
	rows := [][]string{dealColumns}
	for _, a := range d.Accounts {
		deals := a.Deals
		if len(deals) == 0 {
			deals = []DealPart{{Text: a.Text}}
		}
		for _, part := range deals {
			payees := part.Payees
			if len(payees) == 0 {
				payees = []DealPayee{{Text: []string{part.Text}}}
			}
			for _, x := range payees {
				row := texts(d.OpportunityID, a.AccountID, part.Origin, part.BookedOn)
				row = append(row, part.ARR)
				row = append(row, texts(part.Currency, part.Plan, x.PayeeID, x.Part)...)
				row = append(row, x.CreditedARR)
				row = append(row, texts(x.Currency, fmt.Sprint(x.Counted), x.Why, joined(x.Text, func(s string) string { return s }))...)
				rows = append(rows, append(row, texts(
					joined(x.Earned, func(l DealLine) string { return l.Component + " " + l.Amount }),
					joined(x.Gates, func(g DealGate) string { return g.Gate + " " + g.Opens }),
					joined(x.Lost, func(l DealLoss) string { return l.Reason + " " + l.On }),
					joined(x.AtRisk, func(l DealLoss) string { return l.Reason + " " + l.On }))...))
			}
		}
	}
	return rows
}
