package pages

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// formData is a page with one form about something.
type formData struct {
	Action  string
	Title   string
	About   string // the id of what it is about
	Back    string // the page about that
	Post    string // where the form goes
	Next    string // the page shown then
	Says    []string
	Hidden  []formField
	Fields  []formField
	Button  string
	Locked  string // why it cannot be sent; empty: it can
	Splits  []splitRow
	Dispute string
}

// splitRow is a line of a split: a payee, and their part.
type splitRow struct {
	Payee, Percent formField
}

// formPage is the page of a form, for those who may send it.
func (a *asked) formPage(d formData) (view, error) {
	if !a.mayAct(d.Action) {
		return view{}, notYours{d.Title}
	}
	if err := a.entitled(d.Action); err != nil {
		d.Locked = err.Error()
	}
	return a.standing(view{page: "decide", title: d.Title + " " + d.About, place: "Payees", data: d}), nil
}

// notYours is a form that whoever asks may not send.
type notYours struct{ what string }

func (e notYours) Error() string { return e.what + " is not for you: sign in as somebody who may." }

func (a *asked) entitled(action string) error {
	if a.handler.opts.Entitled == nil {
		return nil
	}
	return a.handler.opts.Entitled(a.Request, action)
}

// mayTake reports whether whoever looks may take an action, by the plans too.
func (a *asked) mayTake(action string) bool { return a.mayAct(action) && a.entitled(action) == nil }

// adjust is the form that gives a payee an amount, or takes it.
func (a *asked) adjust() (view, error) {
	id := a.PathValue("id")
	x, err := a.PayeeView(a.Context(), report.Filter{Payee: event.PayeeID(id)})
	if err != nil {
		return view{}, err
	}
	today := x.AsOf
	if at, _ := instantOf(x.AsOf); !at.IsZero() {
		today = at.Format("2006-01-02")
	}
	return a.formPage(formData{
		Action: "adjust", Title: "Adjust", About: id, Back: payeePath(id), Post: "/v1/payees/" + url.PathEscape(id) + "/adjustments", Next: payeePath(id) + "?",
		Says: []string{
			"The amount is payable at once, or taken from what is payable, and the reason is in the statement for good.",
			"Now payable: " + amount(x.Balances.Payable) + " " + x.Currency + "; held: " + amount(x.Balances.Held) + " " + x.Currency + ".",
		},
		Hidden: []formField{{Name: "amount.currency", Value: x.Currency}},
		Fields: a.fields("adjust",
			formField{Name: "amount.amount", Label: "Amount in " + x.Currency, Kind: "decimal", Required: true, Note: "like 250.00; with a minus it is taken"},
			formField{Name: "effective_on", Label: "As of", Kind: "date", Required: true, Value: today, Note: "decides the quarter; of one that is locked it is posted in the next that is open"},
			formField{Name: "reason", Label: "Reason", Kind: "text", Required: true, Note: "the payee reads it"},
		),
		Button: "Post the adjustment",
	})
}

// exception is the form that takes an account out of retention.
func (a *asked) exception() (view, error) {
	id := a.PathValue("id")
	if _, err := a.Timeline(a.Context(), event.AccountID(id)); err != nil {
		return view{}, err
	}
	return a.formPage(formData{
		Action: "approve", Title: "Approve an exception for", About: id, Back: accountPath(id), Post: "/v1/exceptions", Next: accountPath(id) + "?",
		Says: []string{
			"The account is taken out of retention in every window that ends after the first day, and what is held on it or could be clawed back is not lost to its end.",
			"Approved by anyone but the CFO it lifts no multiplier above 1.0.",
		},
		Hidden: []formField{{Name: "account_id", Value: id}},
		Fields: a.fields("approve",
			formField{Name: "kind", Label: "Kind", Kind: "select", Options: []string{"merger", "other"}, Required: true, Value: "merger"},
			formField{Name: "from", Label: "From", Kind: "date", Required: true},
			formField{Name: "until", Label: "Until, if it ends", Kind: "date"},
			formField{Name: "evidence", Label: "Evidence", Kind: "text", Required: true, Note: "where somebody who checks it can read it"},
		),
		Button: "Approve the exception",
	})
}

// dispute is the form that contests how a deal is split.
func (a *asked) dispute() (view, error) {
	id, account := a.PathValue("id"), a.query.Get("account")
	if _, err := a.Deal(a.Context(), event.OpportunityID(id), event.AccountID(account)); err != nil {
		return view{}, err
	}
	return a.formPage(formData{
		Action: "dispute", Title: "Dispute", About: id, Back: dealPath(id, account), Post: "/v1/disputes", Next: dealPath(id, account) + "&",
		Says: []string{
			"All lines of the deal are held, whoever they pay and what was released too, until the dispute is decided. The deal desk’s clock starts.",
		},
		Hidden: []formField{{Name: "opportunity_id", Value: id}, {Name: "account_id", Value: account}},
		Fields: a.fields("dispute", formField{Name: "note", Label: "What is contested", Kind: "text", Required: true, Note: "who should have which part, and why"}),
		Button: "Open the dispute",
	})
}

// mostShares is how many rows a form has for those who share a deal.
const mostShares = 6

// decide is the form that decides how a disputed deal is split.
func (a *asked) decide() (view, error) {
	id, account, dispute := a.PathValue("id"), a.query.Get("account"), a.query.Get("dispute")
	deal, err := a.Deal(a.Context(), event.OpportunityID(id), event.AccountID(account))
	if err != nil {
		return view{}, err
	}
	d := formData{
		Action: "decide", Title: "Decide the dispute about", About: id, Back: dealPath(id, account), Dispute: dispute,
		Post: "/v1/disputes/" + url.PathEscape(dispute) + "/decide", Next: dealPath(id, account) + "&",
		Says:   []string{"The parts replace the split of the deal, and what the dispute holds is released. They add up to 100%. Of two decisions the later stands."},
		Hidden: []formField{{Name: "opportunity_id", Value: id}, {Name: "account_id", Value: account}},
		Button: "Decide",
	}
	payees := partners(deal)
	rows := min(max(len(payees)+2, 3), max(mostShares, len(payees)))
	for i := range rows {
		no, who := strconv.Itoa(i+1), ""
		if i < len(payees) {
			who = payees[i]
		}
		both := a.fields("decide",
			formField{Name: "payee." + no, Label: "Payee " + no, Kind: "text", Value: who}, formField{Name: "percent." + no, Label: "Part of payee " + no + " in %", Kind: "decimal"})
		d.Splits = append(d.Splits, splitRow{both[0], both[1]})
	}
	return a.formPage(d)
}

// partners are those who have a part of a deal, in the order of its story.
func partners(d *report.Deal) (out []string) {
	for _, on := range d.Accounts {
		for _, part := range on.Deals {
			for _, p := range part.Payees {
				if p.PayeeID != "" && !slices.Contains(out, p.PayeeID) {
					out = append(out, p.PayeeID)
				}
			}
		}
	}
	return out
}
