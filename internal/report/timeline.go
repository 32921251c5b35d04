package report

import (
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// Timeline is an account over time, on one axis from From to Until. Amounts are
// decimal strings in major units of the ledger's currency.
type Timeline struct {
	Tenant    string           `json:"tenant"`
	AsOf      string           `json:"as_of"`
	AccountID string           `json:"account_id"`
	Name      string           `json:"name,omitempty"`
	Segment   string           `json:"segment,omitempty"` // today
	Currency  string           `json:"currency"`
	ARR       string           `json:"arr"`    // today
	Living    bool             `json:"living"` // has not churned
	From      string           `json:"from"`   // the first day anything is known of
	Until     string           `json:"until"`  // the last day anything is known of, at least today
	Levels    []TimelineLevel  `json:"levels"`
	Terms     []TimelineTerm   `json:"terms"`
	Owners    []TimelineOwner  `json:"owners"`
	Health    []TimelineScore  `json:"health"`
	Deals     []TimelineDeal   `json:"deals"`
	Episodes  []Episode        `json:"episodes"`
	Notices   []TimelineNotice `json:"notices"`
	Flags     []Flag           `json:"flags"`
	// Exceptions take the account out of retention.
	Exceptions []TimelineException `json:"exceptions"`
}

// TimelineLevel is the account's ARR from a day on.
type TimelineLevel struct {
	On     string `json:"on"`
	ARR    string `json:"arr"`
	Change string `json:"change"` // from the level before
	// What did it, of those of the day: started changed renewed churned
	// reactivated expanded contracted cancelled.
	What  string `json:"what"`
	Event Cause  `json:"event"`
}

// TimelineTerm is a term: [From, Until).
type TimelineTerm struct {
	From  string `json:"from"`
	Until string `json:"until"`
	// Ended is how it ended: renewed, churned, lapsed (over, and nothing followed);
	// empty: it has not.
	Ended string `json:"ended,omitempty"`
	On    string `json:"on,omitempty"` // the day it ended; before Until where it was stopped
}

// TimelineOwner owns the account in a role: [From, Until).
type TimelineOwner struct {
	PayeeID string `json:"payee_id"`
	Role    string `json:"role"`
	From    string `json:"from"`
	Until   string `json:"until,omitempty"` // empty: still
}

// TimelineScore is a health score.
type TimelineScore struct {
	At    string `json:"at"`
	Score string `json:"score"` // out of 100, six decimals
	Low   bool   `json:"low"`   // below what opens a risk episode
}

// TimelineDeal is a deal and its window.
type TimelineDeal struct {
	OpportunityID string `json:"opportunity_id"`
	Origin        string `json:"origin"` // expansion uplift renewal pipeline
	BookedOn      string `json:"booked_on"`
	ARR           string `json:"arr"`
	Currency      string `json:"currency"`               // of the deal
	WindowUntil   string `json:"window_until,omitempty"` // last day of the clawback window; empty: it has none
	// Outcome is held (some of what it earned still is), released (payable or
	// paid), lost (nothing is left of it), none (it earns nothing: the deal says
	// why), open (it has not taken effect yet).
	Outcome string   `json:"outcome"`
	Payees  []string `json:"payees"` // whom it credits, sorted
}

// TimelineNotice is what was announced about the account.
type TimelineNotice struct {
	On            string `json:"on"`
	Notice        string `json:"notice"` // renewal_window expansion_review
	TermEnd       string `json:"term_end,omitempty"`
	OpportunityID string `json:"opportunity_id,omitempty"`
}

// TimelineException takes the account out of retention in every window that
// reaches into From to Until, both included.
type TimelineException struct {
	ExceptionID string `json:"exception_id"`
	Kind        string `json:"kind"` // merger other
	From        string `json:"from"`
	Until       string `json:"until,omitempty"` // empty: for good
	ByRole      string `json:"by_role"`         // of whoever approved it; of anyone but the cfo it lifts no multiplier above 1.0
	Event       Cause  `json:"event"`
}

// BuildTimeline makes an account's timeline. An account nobody has heard of is
// NotFound.
func BuildTimeline(set Setting, src Source, id event.AccountID) (*Timeline, error) {
	b, err := newBuilder(set, src)
	if err != nil {
		return nil, err
	}
	known := false
	err = src.Facts(event.OfAccount(id), func(event.Event, tenant.Sum) error {
		known = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	if id == "" || !known {
		return nil, NotFound{"account", string(id)}
	}
	state, err := b.look.Account(id)
	if err != nil {
		return nil, err
	}
	h := state.History(b.today())
	out := &Timeline{
		Tenant: set.Tenant, AsOf: b.today().String(), AccountID: string(id), Name: h.Name, Segment: h.Segment, Currency: string(b.home.Currency),
		ARR: b.decimal(h.ARR), Living: h.Living, Levels: []TimelineLevel{}, Terms: []TimelineTerm{}, Owners: []TimelineOwner{}, Health: []TimelineScore{},
		Deals: []TimelineDeal{}, Episodes: []Episode{}, Notices: []TimelineNotice{},
		Exceptions: []TimelineException{},
	}
	axis := axis{b.today(), b.today()}
	b.timelineARR(out, &h, &axis)
	for _, s := range h.Scores {
		out.Health = append(out.Health, TimelineScore{instant(s.At), s.Of100.FloatString(6), s.Low})
		axis.see(civil.In(s.At, b.home.Zone))
	}
	for _, e := range h.Exceptions {
		one := TimelineException{ExceptionID: e.Exception, Kind: e.Kind, From: e.From.String(), ByRole: e.ByRole, Event: Cause{e.Source, e.ID}}
		if axis.see(e.From); e.Until != nil {
			one.Until = e.Until.String()
		}
		out.Exceptions = append(out.Exceptions, one)
	}
	if err := b.timelineDeals(out, &h, &axis); err != nil {
		return nil, err
	}
	episodes, err := src.Episodes(id)
	if err != nil {
		return nil, err
	}
	for _, e := range episodes {
		out.Episodes = append(out.Episodes, EpisodeOf(e))
		axis.see(civil.In(e.Opened, b.home.Zone))
		axis.see(civil.In(e.Deadline, b.home.Zone))
	}
	if err := b.timelineNotices(out, id); err != nil {
		return nil, err
	}
	out.From, out.Until = axis.from.String(), axis.until.String()
	out.Flags, err = Flags(src, Filter{Account: id})
	return out, err
}

// axis is the days that something is known of.
type axis struct{ from, until civil.Date }

func (a *axis) see(d civil.Date) {
	if d != civil.Never {
		a.from, a.until = min(a.from, d), max(a.until, d)
	}
}

func (b *builder) timelineARR(out *Timeline, h *account.History, axis *axis) {
	for _, l := range h.Levels {
		out.Levels = append(out.Levels, TimelineLevel{
			l.On.String(), b.decimal(l.Minor), b.decimal(l.Minor - l.Before), l.What, Cause{l.Told.Source, l.Told.ID},
		})
		axis.see(l.On)
	}
	for _, t := range h.Terms {
		out.Terms = append(out.Terms, TimelineTerm{t.From.String(), t.Until.String(), t.Ended, dayOrNone(t.On)})
		axis.see(t.From)
		axis.see(t.Until)
	}
	for _, o := range h.Owners {
		out.Owners = append(out.Owners, TimelineOwner{string(o.Payee), string(o.Role), o.From.String(), dayOrNone(o.Until)})
		axis.see(o.From)
	}
}

// timelineDeals adds the deals, and what is left of each by what it has made
// due; what is dated before the ledger starts was the old system's.
func (b *builder) timelineDeals(out *Timeline, h *account.History, axis *axis) error {
	for _, d := range h.Deals {
		var left ledger.Balances
		steps := slices.DeleteFunc(slices.Clone(d.Due), func(s ledger.Step) bool {
			starts := b.Plans.Settings(s.Effective).LedgerStarts
			return starts != nil && s.Effective < *starts
		})
		for _, s := range steps {
			var err error
			if left, err = left.Move(s.Minor, s.From, s.To); err != nil {
				return err
			}
		}
		one := TimelineDeal{
			OpportunityID: string(d.Opportunity), Origin: d.Origin.String(), BookedOn: d.Booked.String(), ARR: d.ARR.Decimal(), Currency: string(d.ARR.Currency),
			WindowUntil: dayOrNone(d.Window), Outcome: "none", Payees: []string{},
		}
		switch {
		case left.Held != 0:
			one.Outcome = "held"
		case left.Payable != 0:
			one.Outcome = "released"
		case len(steps) > 0:
			one.Outcome = "lost"
		case d.Booked > b.today():
			one.Outcome = "open"
		}
		for _, p := range d.Payees {
			one.Payees = append(one.Payees, string(p))
		}
		out.Deals = append(out.Deals, one)
		axis.see(d.Booked)
		axis.see(d.Window)
	}
	return nil
}

func (b *builder) timelineNotices(out *Timeline, id event.AccountID) error {
	var list []account.Notice
	if err := b.src.Notices(id, func(n account.Notice) { list = append(list, n) }); err != nil {
		return err
	}
	slices.SortFunc(list, account.Notice.Compare)
	for _, n := range list {
		one := TimelineNotice{On: n.Due.String(), Notice: "expansion_review", OpportunityID: string(n.Opportunity)}
		if n.Opportunity == "" {
			one.Notice, one.TermEnd = "renewal_window", n.TermEnd.String()
		}
		out.Notices = append(out.Notices, one)
	}
	return nil
}
