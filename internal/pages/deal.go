package pages

import (
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// dealData is a deal's story.
type dealData struct {
	*report.Deal
	Lines []report.Posted
	Page  pager
	// On are, by account, what whoever looks may decide about the deal.
	On map[string]dealDecisions
}

// dealDecisions are the decisions about a deal on one account.
type dealDecisions struct {
	Disputes []report.Episode // that wait for a decision, for those who may see them
	decided  []report.Episode
	Dispute  bool // whether one may be opened
	Decide   bool
}

func (a *asked) deal() (view, error) {
	x, err := a.Deal(a.Context(), event.OpportunityID(a.PathValue("id")), event.AccountID(a.query.Get("account")))
	if err != nil {
		return view{}, err
	}
	d := dealData{Deal: x, On: map[string]dealDecisions{}}
	for _, on := range x.Accounts {
		d.On[on.AccountID] = a.decisionsOn(x, on.AccountID)
	}
	d.Lines, d.Page = paged(a, x.Entries, "lines", "lines", rowsShown)
	became := a.sent()
	if became != nil {
		became.Applied = d.became(became.ID)
	}
	return view{page: "deal", title: "Deal " + x.OpportunityID, place: "Payees", tenant: x.Tenant, asOf: x.AsOf, sent: became, data: d}, nil
}

// decisionsOn is what whoever looks may decide about a deal on an account. Whoever
// may not decide anything is not asked about.
func (a *asked) decisionsOn(x *report.Deal, account string) (d dealDecisions) {
	if !a.mayAct("dispute") {
		return d
	}
	t, err := a.Timeline(a.Context(), event.AccountID(account))
	if err != nil {
		return d // somebody who sees their part of the deal and not the account
	}
	d.Disputes = report.Undecided(t.Episodes, event.OpportunityID(x.OpportunityID))
	for _, e := range t.Episodes {
		if e.OpportunityID == x.OpportunityID && e.DisputeID != "" && (e.Status == "met" || e.Status == "resolved") {
			d.decided = append(d.decided, e)
		}
	}
	d.Dispute = len(d.Disputes) == 0
	d.Decide = len(d.Disputes) > 0 && a.mayTake("decide")
	return d
}

// became says of what was sent from the page what the deal shows of it by now;
// empty: nothing yet.
func (d *dealData) became(id string) string {
	action, rest, _ := strings.Cut(id, "/")
	at := max(0, strings.LastIndexByte(rest, '/'))
	target, key := rest[:at], strings.TrimPrefix(rest[at:], "/")
	for _, on := range d.On {
		switch {
		case action == "dispute" && slices.ContainsFunc(on.Disputes, func(e report.Episode) bool { return e.DisputeID == key }):
			return "The deal is disputed: its lines are held until that is decided."
		case action == "decide" && slices.ContainsFunc(on.decided, func(e report.Episode) bool { return e.DisputeID == target }):
			return "The dispute is decided."
		}
	}
	return ""
}
