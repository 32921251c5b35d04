package pages

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/internal/report"
)

// timeRow is something that happened to an account, for the table that says the
// same as the picture.
type timeRow struct {
	On     string
	What   string
	Text   string
	Payee  string
	Deal   string
	Amount string // of ARR, with its sign
	Level  string // the ARR after it
	Tone   string
	Until  string
}

// rowsOf lists all of a timeline but the scores that say nothing new, the latest
// first.
func rowsOf(t *report.Timeline) []timeRow {
	var out []timeRow
	for _, l := range t.Levels {
		out = append(out, timeRow{On: l.On, What: "ARR", Text: word(l.What), Amount: l.Change, Level: l.ARR, Tone: map[bool]string{true: "bad"}[negative(l.Change)]})
	}
	for _, x := range t.Terms {
		r := timeRow{On: x.From, What: "Term", Text: "runs on", Until: x.Until}
		if x.Ended != "" {
			r.Text = word(x.Ended)
			if x.On != "" && x.On != x.Until {
				r.Text += " on " + day(x.On)
			}
		}
		if x.Ended == "churned" || x.Ended == "lapsed" {
			r.Tone = "bad"
		}
		out = append(out, r)
	}
	for _, o := range t.Owners {
		out = append(out, timeRow{On: o.From, What: "Owner", Text: "as " + word(o.Role), Payee: o.PayeeID, Until: o.Until})
	}
	for _, d := range t.Deals {
		out = append(out, timeRow{On: d.BookedOn, What: "Deal", Text: word(d.Origin) + ", " + word(d.Outcome), Deal: d.OpportunityID, Amount: d.ARR, Until: d.WindowUntil, Tone: map[bool]string{true: "bad"}[d.Outcome == "lost"]})
	}
	for i, s := range t.Health {
		if i == 0 || s.Low != t.Health[i-1].Low {
			text := "score " + score(s.Score) + " of 100"
			if s.Low {
				text += ", at risk"
			}
			out = append(out, timeRow{On: s.At, What: "Health", Text: text, Tone: map[bool]string{true: "bad"}[s.Low]})
		}
	}
	for _, e := range t.Episodes {
		out = append(out, timeRow{On: e.OpenedAt, What: "Clock", Text: word(e.SLA) + ", " + e.Status, Payee: e.PayeeID, Deal: e.OpportunityID, Until: e.Deadline, Tone: map[bool]string{true: "bad"}[e.Status == "breached"]})
	}
	for _, x := range t.Exceptions {
		out = append(out, timeRow{On: x.From, What: "Exception", Text: word(x.Kind) + ", out of retention", Until: x.Until})
	}
	for _, n := range t.Notices {
		out = append(out, timeRow{On: n.On, What: "Notice", Text: word(n.Notice), Deal: n.OpportunityID, Until: n.TermEnd})
	}
	slices.SortStableFunc(out, func(a, b timeRow) int { return cmp.Compare(b.On, a.On) })
	return out
}
