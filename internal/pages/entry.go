package pages

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/trueup/trueup/internal/report"
)

// entryData is one line with all there is to know of it.
type entryData struct {
	*report.Entry
	Working []workingRow
	Posted  bool // what the figures come to is what was posted
	Behind  []factRow
}

// workingRow is a figure of the sum.
type workingRow struct{ Sign, Value, Name, Field string }

// factRow is an event behind the line.
type factRow struct {
	report.Fact
	Type, Source, ID, Time string
}

var signs = map[string]string{"times": "×", "over": "÷", "plus": "+", "minus": minus}

func (a *asked) entry() (view, error) {
	id := strings.ToLower(a.PathValue("id"))
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != 16 {
		return view{}, report.NotFound{What: "entry", ID: a.PathValue("id")}
	}
	e, err := a.Entry(a.Context(), id)
	if err != nil {
		return view{}, err
	}
	d := entryData{Entry: e}
	if e.Detail != nil {
		d.Posted = e.Detail.Amount == e.Amount
		for i, f := range e.Detail.Figures {
			row := workingRow{signs[f.Op], f.Shown(), f.Name, f.Field}
			if i == 0 && (f.Op == "times" || f.Op == "plus") {
				row.Sign = ""
			}
			d.Working = append(d.Working, row)
		}
	}
	for _, f := range e.Facts {
		row := factRow{Fact: f}
		_ = json.NewDecoder(bytes.NewReader(f.Event)).Decode(&struct {
			Type, Source, ID, Time *string
		}{&row.Type, &row.Source, &row.ID, &row.Time}) // what is not there stays empty
		d.Behind = append(d.Behind, row)
	}
	return a.standing(view{page: "entry", title: "Line " + short(e.EntryID) + " of " + e.PayeeID, place: "Payees", data: d}), nil
}
