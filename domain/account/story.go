package account

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// A story says in sentences why a deal came to what it did, or to nothing. It
// decides nothing: it reads what was derived, and names the numbers of it.

// OpportunityStory is the story of an opportunity on one account.
type OpportunityStory struct {
	Known bool   // anything at all is told of it
	Text  string // why there is no deal; empty where there is one
	Deals []DealStory
}

// DealStory is the story of one of an opportunity's deals.
type DealStory struct {
	*Deal
	Home  money.Money // its ARR in the tenant's currency; without a rate nothing
	Rules *plan.Plan  // that attribute it; nil: none is in force
	Text  string
	Parts []PartStory
}

// Part is what somebody is to a deal.
type Part string

// The parts.
const (
	ForCSM    Part = "csm"
	ForAE     Part = "ae"
	ForSource Part = "source" // whoever found the opportunity
	ForSplit  Part = "split"  // named by a dispute's decision alone
)

// PartStory is what a deal came to for one payee in one part.
type PartStory struct {
	Part    Part
	Payee   event.PayeeID // empty: nobody has the part
	Credit  money.Money   // as of the day
	Counted bool
	Why     ledger.Reason // why it does not count, where the closed list has it
	Text    []string      // sentences
	Lines   []StoryLine   // as they were earned
	Gates   []StoryGate   // still closed
	Lost    []StoryLoss   // by the day
	AtRisk  []StoryLoss   // that may still be lost, or is known to be
}

// StoryLine is what a component paid for the part.
type StoryLine struct {
	Component string
	Amount    money.Money
	Text      string
}

// StoryGate is a condition that holds the lines, and what would open it.
type StoryGate struct {
	Gate  string
	Opens civil.Date // civil.Never: not known to
	Text  string
}

// StoryLoss is what is or may be taken away: on a day, or up to one.
type StoryLoss struct {
	Reason ledger.Reason
	On     civil.Date // civil.Never: whenever it happens
	Text   string
}

// Story is the story of an opportunity as known on a day. It is to be asked
// after Settling.
func (s *State) Story(opp event.OpportunityID, day civil.Date) (OpportunityStory, error) {
	st := OpportunityStory{Known: s.attention.sourced.Has(opp) || s.opps.Has(opp) || s.uplifts[opp] != nil || len(s.leads[opp])+len(s.handoffs[opp]) > 0}
	for _, d := range s.dealsOf(opp) {
		one, err := s.dealStory(d, day)
		if err != nil {
			return st, err
		}
		st.Known, st.Deals = true, append(st.Deals, one)
	}
	if len(st.Deals) > 0 {
		return st, nil
	}
	for _, r := range s.arr.renewals {
		if r.opp == opp {
			home := s.set.Plans.Settings(r.date).Currency
			st.Known, st.Text = true, fmt.Sprintf("Nothing is earned: it is a renewal on %s, from %s to %s, and only what is above the ARR it replaces is expansion. In retention it counts as kept.",
				r.date, money.Money{Minor: r.before, Currency: home}, money.Money{Minor: r.after, Currency: home})
			return st, nil
		}
	}
	if st.Known {
		st.Text = s.noDeal(opp)
	}
	return st, nil
}

// noDeal says why an opportunity that is known makes no deal.
func (s *State) noDeal(opp event.OpportunityID) string {
	told := s.attention.sourced.Get(opp)
	switch o := s.opps.Get(opp); {
	case o != nil:
		last := o.told[len(o.told)-1]
		return fmt.Sprintf("Nothing is earned: it was never told as won; the last word on it is %s of %s.", factID(last.Header), utc(last.Time))
	case s.uplifts[opp] != nil && s.uplifts[opp].schedule != nil:
		return "Nothing is earned: the uplift was cancelled before its first step took effect."
	case told != nil && told.latest.won:
		return fmt.Sprintf("Nothing is earned: %s says it is won, but %s is no evidence of an expansion here (evidence.expansion).",
			factID(told.latest.Header), told.latest.Type)
	case len(s.leads[opp]) > 0:
		return fmt.Sprintf("Nothing is earned: %s says they found it, and it is not told as won.", s.leads[opp][0].Payee)
	}
	return "Nothing is earned: it is not told as won."
}

// teller tells one deal's story.
type teller struct {
	*State
	deal    *Deal
	day     civil.Date
	rules   *plan.Plan
	csm, ae event.PayeeID
	arb     arbitration
	life    life
}

func (s *State) dealStory(d *Deal, day civil.Date) (DealStory, error) {
	t := teller{State: s, deal: d, day: day, csm: d.CSM, ae: d.AE, arb: s.arbitrate(d.Opportunity), life: s.lifeOf(d)}
	if t.csm == "" {
		t.csm = s.owners.at(event.CSM, d.Booked)
	}
	if t.ae == "" {
		t.ae = s.owners.at(event.AE, d.Booked)
	}
	terms, err := s.set.Payees.Terms(t.csm, d.Booked)
	if err != nil {
		return DealStory{}, err
	}
	if t.rules = terms.Plan; t.rules == nil {
		t.rules = s.set.Plans.First(d.Booked)
	}
	out := DealStory{Deal: d, Home: d.home, Rules: t.rules, Text: t.aboutDeal()}
	for i := range d.derived.shares {
		part, err := t.share(&d.derived.shares[i])
		if err != nil {
			return out, err
		}
		out.Parts = append(out.Parts, part)
	}
	out.Parts = append(out.Parts, t.withNothing(out.Parts)...)
	return out, nil
}

var origins = [...]string{Booked: "expansion", Uplift: "uplift", Renewed: "renewal", Pipeline: "pipeline"}

// String is what the deal's origin is called.
func (o Origin) String() string { return origins[o] }

var originsInText = [...]string{
	Booked: "An expansion", Uplift: "A step of an uplift", Renewed: "The growth of a renewal", Pipeline: "A qualified opportunity",
}

func (t *teller) aboutDeal() string {
	d := t.deal
	text := fmt.Sprintf("%s of %s a year, booked on %s", originsInText[d.Origin], d.ARR, d.Booked)
	switch d.Origin {
	case Booked, Pipeline:
		text += " (closed " + utc(d.ClosedAt) + ")"
	case Uplift:
		text += " (signed " + utc(d.ClosedAt) + ")"
	case Renewed:
		text += ", the first day of the renewed term (signed " + utc(d.ClosedAt) + ")"
	}
	text += ", told by " + factID(d.told) + "."
	switch {
	case d.noRate:
		text += fmt.Sprintf(" No rate from %s to %s is in force on that day.", d.ARR.Currency, d.home.Currency)
	case d.rate.Type != "":
		text += fmt.Sprintf(" At %s, the rate from %s, that is %s.", d.rate.Rate, d.rate.Effective, d.home)
	}
	if d.Left != civil.Never {
		text += fmt.Sprintf(" It was cancelled on %s (%s/%s).", d.Left, d.LeftTold.Source, d.LeftTold.ID)
	}
	if d.Booked > t.day {
		text += " It has not taken effect yet."
	}
	return text
}

// divided says how the deal is divided between CSM and AE, and what the AE's
// part is by a band or a mode.
//
// Source: rules §2, §4, as State.split does it.
func (t *teller) divided() (ae money.Ratio, why string) {
	d, r := t.deal, t.rules
	band := r.Crediting.BandOf(d.home)
	switch mode := r.Crediting.Mode; {
	case t.arb.split != nil:
		var parts []string
		for _, p := range t.arb.split.Split {
			part := money.Ratio{Num: int64(p.BPS), Den: 10000}
			parts = append(parts, fmt.Sprintf("%s %s", p.Payee, part.Percent()))
		}
		return nought, fmt.Sprintf("the dispute %s was decided: %s", t.arb.split.Dispute, strings.Join(parts, ", "))
	case mode == "dual":
		return money.One, "under crediting.mode dual the AE has the whole deal, and the CSM is credited only for having found it"
	case mode == "split" && handedOver(d, r):
		if above := r.Crediting.HandoffAbove; d.home.Minor > above.Minor {
			return money.One, fmt.Sprintf("under ownership %s a deal above %s (crediting.handoff_above) is the AE's, and this one is %s", r.Ownership, above, d.home)
		}
		return money.One, fmt.Sprintf("under ownership %s a deal with a flag is the AE's, and this one has %s", r.Ownership, strings.Join(d.Flags, ", "))
	case mode == "pod", mode == "spif":
		return nought, "under crediting.mode " + mode + " the CSM has the whole deal"
	case t.ae != "" && t.ae == t.csm:
		return nought, "one person is both CSM and AE"
	}
	return band.AE, fmt.Sprintf("in the band %s the CSM has %s and the AE %s (crediting.bands)", bandName(r.Crediting, band), band.CSM.Percent(), band.AE.Percent())
}

func bandName(c plan.Crediting, band plan.Band) string {
	from, inclusive := "", false
	for _, b := range c.Bands {
		if b == band {
			break
		}
		if b.Edge != nil {
			from, inclusive = b.Edge.String(), b.Inclusive
		}
	}
	var words []string
	switch {
	case from != "" && inclusive:
		words = append(words, "above "+from)
	case from != "":
		words = append(words, "from "+from)
	}
	switch {
	case band.Edge != nil && band.Inclusive:
		words = append(words, "up to "+band.Edge.String())
	case band.Edge != nil:
		words = append(words, "below "+band.Edge.String())
	}
	if len(words) == 0 {
		return "of every size"
	}
	return strings.Join(words, " ")
}

// withNothing tells of those who might have had a part and have none.
func (t *teller) withNothing(have []PartStory) []PartStory {
	d := t.deal
	none := money.Money{Currency: d.home.Currency}
	var out []PartStory
	say := func(part Part, payee event.PayeeID, format string, args ...any) {
		if !slices.ContainsFunc(have, func(p PartStory) bool { return p.Part == part && (payee == "" || p.Payee == payee) }) {
			out = append(out, PartStory{Part: part, Payee: payee, Credit: none, Text: []string{fmt.Sprintf(format, args...)}})
		}
	}
	switch {
	case t.rules == nil:
		say(ForCSM, t.csm, "Nothing is credited: no plan is in force on %s.", d.Booked)
		return out
	case t.rules.Crediting.Mode == "pipeline" && d.Origin != Pipeline:
		say(ForCSM, t.csm, "Nothing is credited on a close: under crediting.mode pipeline of %s the opportunity's qualifying is what counts.", t.rules.ID())
		return out
	case d.Origin == Pipeline && t.rules.Crediting.Mode != "pipeline":
		say(ForSource, d.SourcedBy, "Nothing is credited for qualifying: crediting.mode of %s is %s.", t.rules.ID(), t.rules.Crediting.Mode)
		return out
	case d.Origin == Pipeline:
		say(ForSource, "", "Nothing is credited: nobody says they found the opportunity.")
		return out
	}
	ae, why := t.divided()
	if t.csm == "" {
		say(ForCSM, "", "Nobody is named as CSM, and nobody owned the account as one on %s; %s.", d.Booked, why)
	}
	switch {
	case t.ae == "" && ae.Num != 0:
		say(ForAE, "", "The AE's %s go to nobody: no AE is named, and the account had none on %s; %s.", ae.Percent(), d.Booked, why)
	case t.ae != "" && t.ae != t.csm:
		say(ForAE, t.ae, "%s, the AE, has nothing of it: %s.", t.ae, why)
	}
	if d.Origin != Booked {
		return out
	}
	claims := t.claims(d.Opportunity, d)
	for _, c := range claims {
		if first := t.source(claims, t.arb); c.payee != first {
			say(ForSource, c.payee, "%s says they found the opportunity (%s of %s), and so does %s, whose claim stands%s.",
				c.payee, factID(c.told), utc(c.told.Time), first, t.claimOf(first))
		}
	}
	return out
}

func factID(h event.Header) string { return h.Source + "/" + h.ID }

func utc(at time.Time) string { return at.UTC().Format(time.RFC3339) }
