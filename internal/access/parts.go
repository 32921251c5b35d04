package access

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// What several people have a part of is answered to each without the others'.

// Entry implements report.Reader.
func (l limited) Entry(ctx context.Context, id string) (*report.Entry, error) {
	s, err := l.scope(ctx, "an entry", paid...)
	if err != nil {
		return nil, err
	}
	e, err := l.reader.Entry(ctx, id)
	switch {
	case err != nil:
		return nil, s.hidden(err, "entry", id)
	case s.seesAll():
		return e, nil
	case !s.sees(e.PayeeID):
		return nil, notTheirs("entry", id)
	}
	own := *e
	own.Facts = make([]report.Fact, len(e.Facts))
	for i, f := range e.Facts {
		own.Facts[i] = f
		if own.Facts[i].Event, err = s.fact(f.Event); err != nil {
			return nil, err
		}
	}
	return &own, nil
}

// fact is an event without what it says about others: of one that is about
// another payee its data, of a split the others' shares.
func (s scope) fact(canonical json.RawMessage) (json.RawMessage, error) {
	var e struct {
		Data struct {
			PayeeID string         `json:"payee_id"`
			Split   map[string]any `json:"split_bps"`
		} `json:"data"`
	}
	if err := json.Unmarshal(canonical, &e); err != nil {
		return nil, err
	}
	others := len(e.Data.Split) > 0
	about := e.Data.PayeeID != "" && !s.sees(e.Data.PayeeID)
	if !others && !about {
		return canonical, nil
	}
	var whole map[string]any
	if err := json.Unmarshal(canonical, &whole); err != nil {
		return nil, err
	}
	data, _ := whole["data"].(map[string]any)
	if about {
		whole["data"] = map[string]any{"payee_id": e.Data.PayeeID}
	} else if split, ok := data["split_bps"].(map[string]any); ok {
		for id := range split {
			if !s.sees(id) {
				delete(split, id)
			}
		}
	}
	return json.Marshal(whole)
}

// Deal implements report.Reader.
func (l limited) Deal(ctx context.Context, opportunity event.OpportunityID, account event.AccountID) (*report.Deal, error) {
	s, err := l.scope(ctx, "a deal", paid...)
	if err != nil {
		return nil, err
	}
	d, err := l.reader.Deal(ctx, opportunity, account)
	if err != nil || s.seesAll() {
		return d, s.hidden(err, "opportunity", string(opportunity))
	}
	own := *d
	own.Entries = slices.DeleteFunc(slices.Clone(d.Entries), func(e report.Posted) bool { return !s.sees(e.PayeeID) })
	own.Accounts = []report.DealAccount{}
	for _, a := range d.Accounts {
		part := slices.ContainsFunc(own.Entries, func(e report.Posted) bool { return e.AccountID == a.AccountID })
		shown, parts := s.deals(a)
		if !part && !parts {
			_, err := l.timeline(ctx, s, event.AccountID(a.AccountID))
			if _, others := errors.AsType[Forbidden](err); others {
				continue
			} else if err != nil {
				return nil, err
			}
		}
		own.Accounts = append(own.Accounts, shown)
	}
	if len(own.Accounts) == 0 {
		return nil, notTheirs("opportunity", string(opportunity))
	}
	return &own, nil
}

// deals is an account's part of an opportunity without the others' shares, and
// whether the scope has any itself.
func (s scope) deals(a report.DealAccount) (report.DealAccount, bool) {
	has := false
	a.Deals = slices.Clone(a.Deals)
	for i, part := range a.Deals {
		var others []string
		kept := []report.DealPayee{}
		for _, p := range part.Payees {
			switch {
			case p.PayeeID != "" && s.sees(p.PayeeID):
				has = true
				kept = append(kept, p)
			case p.PayeeID == "": // nobody's
				kept = append(kept, p)
			default:
				others = append(others, p.PayeeID)
			}
		}
		for k, p := range kept {
			kept[k].Text = slices.Clone(p.Text)
			for n := range kept[k].Text {
				kept[k].Text[n] = withoutShares(kept[k].Text[n], others)
			}
		}
		a.Deals[i].Payees = kept
	}
	return a, has
}

// withoutShares leaves out of a sentence what shares others have, as a decided
// dispute lists them: "csm-1 60%, ae-1 40%".
func withoutShares(text string, others []string) string {
	for _, id := range others {
		text = regexp.MustCompile(`(^|, |: )`+regexp.QuoteMeta(id)+` [0-9.]+%`).ReplaceAllString(text, "${1}another's part")
	}
	return text
}

// Timeline implements report.Reader.
func (l limited) Timeline(ctx context.Context, account event.AccountID) (*report.Timeline, error) {
	s, err := l.scope(ctx, "an account", paid...)
	if err != nil {
		return nil, err
	}
	return l.timeline(ctx, s, account)
}

// timeline is an account's, for those who own or owned it or have a part of one
// of its deals.
func (l limited) timeline(ctx context.Context, s scope, account event.AccountID) (*report.Timeline, error) {
	t, err := l.reader.Timeline(ctx, account)
	if err != nil || s.seesAll() {
		return t, s.hidden(err, "account", string(account))
	}
	theirs := slices.ContainsFunc(t.Owners, func(o report.TimelineOwner) bool { return s.sees(o.PayeeID) })
	own := *t
	own.Deals = slices.Clone(t.Deals)
	for i, d := range own.Deals {
		own.Deals[i].Payees = slices.DeleteFunc(slices.Clone(d.Payees), func(id string) bool { return !s.sees(id) })
		theirs = theirs || len(own.Deals[i].Payees) > 0
	}
	if !theirs {
		return nil, notTheirs("account", string(account))
	}
	own.Episodes = slices.DeleteFunc(slices.Clone(t.Episodes), func(e report.Episode) bool { return !s.sees(e.PayeeID) })
	own.Flags = slices.DeleteFunc(slices.Clone(t.Flags), func(f report.Flag) bool { return f.PayeeID != "" && !s.sees(f.PayeeID) })
	return &own, nil
}
