package pages

import (
	"slices"

	"github.com/trueup/trueup/internal/report"
)

// parkedData is what could not be applied.
type parkedData struct {
	State  string
	States []string
	Rows   []report.Parked
	Page   pager
	Of     int
}

func (a *asked) parked() (view, error) {
	d := parkedData{State: a.query.Get("state"), States: report.ParkedStates()}
	if !a.query.Has("state") {
		d.State = "parked"
	}
	if d.State != "" && !slices.Contains(d.States, d.State) {
		return view{}, badRequest{"There is no state " + d.State + " of a parked event."}
	}
	list, err := a.Parked(a.Context(), d.State)
	if err != nil {
		return view{}, err
	}
	slices.Reverse(list) // the newest first
	d.Of = len(list)
	d.Rows, d.Page = paged(a, list, "events", "offset", rowsShown)
	return a.standing(view{page: "parked", title: "Parked events", place: "Parked", data: d}), nil
}

func (a *asked) parkedByID() (view, error) {
	p, err := a.ParkedByID(a.Context(), a.PathValue("id"))
	if err != nil {
		return view{}, err
	}
	return a.standing(view{page: "parkedone", title: "Parked event " + p.ParkedID, place: "Parked", data: p}), nil
}
