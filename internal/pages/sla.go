package pages

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// episodeRow is a clock with how long it has left.
type episodeRow struct {
	report.Episode
	Left string
	Over bool // its deadline has passed
}

// episodeRows are episodes seen at the worker's time.
func (a *asked) episodeRows(list []report.Episode, asOf string) []episodeRow {
	now := a.clock(asOf)
	out := make([]episodeRow, len(list))
	for i, e := range list {
		row := episodeRow{Episode: e}
		if at, err := time.Parse(time.RFC3339Nano, e.Deadline); err == nil && !now.IsZero() {
			left := at.Sub(now)
			row.Over, row.Left = left < 0, "in "+span(left)
			if row.Over {
				row.Left = span(left) + " ago"
			}
		}
		out[i] = row
	}
	return out
}

// slaData is the board of clocks.
type slaData struct {
	Status, Payee string
	Statuses      []string
	Rows          []episodeRow
	Page          pager
	Of            int
	Soonest       bool // the soonest deadline first; else the latest
}

func (a *asked) sla() (view, error) {
	d := slaData{Payee: a.query.Get("payee"), Status: a.query.Get("status"), Statuses: report.EpisodeStatuses()}
	if d.Status == "" && !a.query.Has("status") {
		d.Status = "open"
	}
	if d.Status != "" && !slices.Contains(d.Statuses, d.Status) {
		return view{}, badRequest{"There is no state " + d.Status + " of a clock."}
	}
	f := report.Filter{Payee: event.PayeeID(d.Payee), Status: d.Status}
	list, err := a.SLA(a.Context(), f)
	if err != nil {
		return view{}, err
	}
	list = report.Soonest(list, f)
	if d.Soonest = d.Status == "open"; !d.Soonest {
		slices.Reverse(list) // of what is over the latest matters
	}
	d.Of = len(list)
	shown, page := paged(a, list, "clocks", "offset", rowsShown)
	v := a.standing(view{page: "sla", title: "SLA board", place: "SLA"})
	d.Rows, d.Page = a.episodeRows(shown, v.asOf), page
	v.data = d
	return v, nil
}
