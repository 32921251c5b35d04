package report

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/ledger"
)

// gather goes through the payee's ledger and credits.
func (v *viewer) gather() error {
	err := v.src.EntriesOf(v.id, func(e *ledger.Entry) error {
		var d *dealSum
		if e.Opportunity != "" {
			d = v.deal(dealID{e.Account, e.Opportunity})
			var err error
			if d.stands, err = d.stands.Move(e.Minor, e.From, e.To); err != nil {
				return err
			}
		}
		if e.Period != v.q {
			return nil
		}
		v.lines = append(v.lines, LineOf(e))
		if v.components[e.Component] == nil {
			v.components[e.Component] = &viewSum{}
		}
		for _, s := range []*viewSum{&v.all, v.components[e.Component]} {
			if err := s.add(e); err != nil {
				return err
			}
		}
		if d != nil {
			return d.quarter.add(e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	credits, err := v.src.Credits(v.id)
	for _, c := range credits {
		d := v.deal(dealID{c.Account, c.Opportunity})
		d.credits = append(d.credits, c)
	}
	return err
}

func (v *viewer) deal(id dealID) *dealSum {
	d := v.sums[id]
	if d == nil {
		d = &dealSum{}
		v.sums[id] = d
	}
	return d
}

// add takes an entry.
func (s *viewSum) add(e *ledger.Entry) error {
	m, err := ledger.MovesOf(e)
	if err != nil {
		return err
	}
	s.lines++
	s.Moves, err = s.Plus(m)
	return err
}

// deals tells of each deal that the quarter has, and of those of any quarter
// that hold money or may still lose it.
func (v *viewer) deals(out *PayeeView) error {
	ids := make([]dealID, 0, len(v.sums))
	for id := range v.sums {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b dealID) int {
		return cmp.Or(cmp.Compare(v.sums[b].booked(), v.sums[a].booked()), cmp.Compare(a.opportunity, b.opportunity), cmp.Compare(a.account, b.account))
	})
	for _, id := range ids {
		d := v.sums[id]
		mine := d.quarter.lines > 0 || slices.ContainsFunc(d.credits, func(c account.Credit) bool { return v.cal.QuarterOf(c.Booked) == v.q })
		left := d.stands.Held + d.stands.Payable + d.stands.Paid
		if !mine && left == 0 && d.stands.Held == 0 {
			continue
		}
		if !mine && v.beyond(d) {
			continue
		}
		parts, text, err := v.parts(id)
		if err != nil {
			return err
		}
		if mine {
			out.Deals = append(out.Deals, v.viewDeal(id, d, parts, text))
		}
		if d.stands.Held != 0 {
			out.Held = append(out.Held, v.viewHeld(id, d, parts))
		}
		if r := viewRisk(id, v.decimal(left), parts); r != nil && left > 0 {
			out.AtRisk = append(out.AtRisk, *r)
		}
	}
	soonest := func(a, b string) int { // what is not known comes last
		if (a == "") != (b == "") {
			return cmp.Compare(b, a)
		}
		return cmp.Compare(a, b)
	}
	slices.SortStableFunc(out.Held, func(a, b ViewHeld) int { return soonest(a.Until, b.Until) })
	slices.SortStableFunc(out.AtRisk, func(a, b ViewRisk) int { return soonest(a.Until, b.Until) })
	return nil
}

// booked is the last day on which the deal was booked.
func (d *dealSum) booked() (last civil.Date) {
	for _, c := range d.credits {
		last = max(last, c.Booked)
	}
	return last
}

// beyond reports whether nothing takes back what a deal came to on a day that is
// known: nothing of it is held, every window after its booking has passed, and
// nothing is an advance. Of a large ledger most deals are, and are not looked at.
func (v *viewer) beyond(d *dealSum) bool {
	if d.stands.Held != 0 {
		return false
	}
	for _, p := range v.Plans {
		if p.Payability.Renewal == "advance" || d.booked().Add(p.Clawback.WindowDays) >= v.today() {
			return false
		}
	}
	return len(d.credits) > 0
}

// parts are what the payee has in an opportunity, and why there is no deal
// where there is none.
func (v *viewer) parts(id dealID) ([]account.PartStory, string, error) {
	state, err := v.look.Account(id.account)
	if err != nil {
		return nil, "", err
	}
	story, err := state.Story(id.opportunity, v.today())
	if err != nil {
		return nil, "", err
	}
	var out []account.PartStory
	for _, d := range story.Deals {
		for _, p := range d.Parts {
			if p.Payee == v.id {
				out = append(out, p)
			}
		}
	}
	return out, story.Text, nil
}

func (v *viewer) viewDeal(id dealID, d *dealSum, parts []account.PartStory, text string) ViewDeal {
	out := ViewDeal{
		OpportunityID: string(id.opportunity), AccountID: string(id.account), Lines: d.quarter.lines,
		Movement: v.movement(d.quarter.Moves), Stands: v.balances(d.stands),
	}
	for _, c := range d.credits { // an uplift has several: those of the quarter, or else the last
		if out.BookedOn == "" || v.cal.QuarterOf(c.Booked) == v.q {
			out.BookedOn, out.CreditedARR, out.Currency = c.Booked.String(), c.ARR.Decimal(), string(c.ARR.Currency)
			out.Counted, out.Why = c.Counted(), string(c.Why)
		}
	}
	if d.stands != (ledger.Balances{}) {
		return out
	}
	out.Nothing = whyNothing(parts, text)
	return out
}

// whyNothing is what took a deal away, or else why nothing was ever earned.
func whyNothing(parts []account.PartStory, text string) []string {
	var lost, told []string
	if text != "" {
		told = append(told, text)
	}
	for _, p := range parts {
		for _, l := range p.Lost {
			if len(p.Lines) > 0 { // what has earned no money loses credit alone
				lost = append(lost, l.Text)
			}
		}
		if p.Part != account.ForSource || len(parts) == 1 {
			told = append(told, p.Text...)
		}
	}
	if len(lost) > 0 {
		return lost
	}
	return told
}

func (v *viewer) viewHeld(id dealID, d *dealSum, parts []account.PartStory) ViewHeld {
	out := ViewHeld{OpportunityID: string(id.opportunity), AccountID: string(id.account), Amount: v.decimal(d.stands.Held), Gates: []DealGate{}}
	until := civil.Date(0)
	for _, p := range parts {
		for _, g := range p.Gates {
			gate := DealGate{g.Gate, dayOrNone(g.Opens), g.Text}
			until = max(until, g.Opens)
			if !slices.Contains(out.Gates, gate) { // sourcing and split wait for the same
				out.Gates = append(out.Gates, gate)
			}
		}
	}
	if until != 0 {
		out.Until = dayOrNone(until)
	}
	return out
}

func viewRisk(id dealID, amount string, parts []account.PartStory) *ViewRisk {
	out := ViewRisk{OpportunityID: string(id.opportunity), AccountID: string(id.account), Amount: amount}
	for _, p := range parts {
		for _, l := range losses(p.AtRisk) {
			if l.On != "" && !slices.Contains(out.Reasons, l) {
				out.Reasons = append(out.Reasons, l)
				out.Until = max(out.Until, l.On)
			}
		}
	}
	if len(out.Reasons) == 0 {
		return nil
	}
	return &out
}
