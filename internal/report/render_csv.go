package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Rows of CSV: a header, then one per item.
var (
	lineColumns = []string{
		"payee", "currency", "period", "period_status", "entry_id", "kind", "reason", "component", "amount", "from", "to", "effective_on",
		"applies_to", "account_id", "opportunity_id", "plan", "recoverable", "caused_by", "explanation",
	}
	entryColumns = append(lineColumns[:len(lineColumns):len(lineColumns)],
		"seq", "posted_at", "held_after", "payable_after", "paid_after", "hash")
	episodeColumns = []string{"sla", "account_id", "payee_id", "episode_id", "opened_at", "deadline", "status", "since"}
	parkedColumns  = []string{"parked_id", "state", "code", "reason", "source", "id", "subject", "at", "tries", "by", "note", "bytes"}
	statusColumns  = []string{
		"tenant", "version", "running", "as_of", "plan_versions", "stream_created", "sequence", "sequence_time", "pending", "outbox", "outputs",
		"facts", "entries", "payees", "parked", "timers", "next_timer", "file_bytes", "broker", "alarms",
	}
	effectColumns       = []string{"payee", "currency", "period", "applies_to", "component", "entries", "earned", "held", "payable", "paid"}
	verificationColumns = []string{"ok", "facts", "payees", "entries", "outputs", "accounts", "problems"}
	planColumns         = []string{"plan", "hash", "effective_from", "lint", "path", "figure", "threshold", "text"}
)

func renderCSV(w io.Writer, v any) error {
	rows, err := csvRows(v)
	if err != nil {
		return err
	}
	return csv.NewWriter(w).WriteAll(rows)
}

func csvRows(v any) ([][]string, error) {
	switch v := v.(type) {
	case *Document:
		return documentRows(v), nil
	case *Entry:
		return [][]string{
			append(slices.Clone(entryColumns), detailColumns...), append(entryRow(&v.Posted), detailRow(v.Detail)...),
		}, nil
	case *Deal:
		return dealRows(v), nil
	case *Book:
		return bookRows(v), nil
	case []Flag:
		return rowsOf(flagColumns, v, flagRow), nil
	case []Episode:
		return rowsOf(episodeColumns, v, func(e Episode) []string {
			return texts(e.SLA, e.AccountID, e.PayeeID, e.EpisodeID, e.OpenedAt, e.Deadline, e.Status, e.Since)
		}), nil
	case []Parked:
		return rowsOf(parkedColumns, v, parkedRow), nil
	case *Parked:
		return [][]string{parkedColumns, parkedRow(*v)}, nil
	case *Status:
		return [][]string{statusColumns, statusRow(v)}, nil
	case *Verification:
		return [][]string{verificationColumns, {
			strconv.FormatBool(v.OK), strconv.FormatUint(v.Facts, 10), strconv.Itoa(v.Payees), strconv.FormatInt(v.Entries, 10),
			strconv.FormatUint(v.Outputs, 10), strconv.Itoa(v.Accounts), text(strings.Join(v.Problems, "; ")),
		}}, nil
	case []PlanChecked:
		return planRows(v), nil
	case *Advice:
		return adviceRows(v), nil
	case []Figure:
		return figureRows(v), nil
	case *PlanDiff:
		return diffRows(v), nil
	case *Effect:
		return rowsOf(effectColumns, v.Moved, func(m Moved) []string {
			return append(texts(m.PayeeID, m.Currency, m.Period, m.AppliesTo, m.Component, strconv.Itoa(m.Entries)), m.Earned, m.Held, m.Payable, m.Paid)
		}), nil
	}
	return nil, unknown(v)
}

func documentRows(doc *Document) [][]string {
	rows := [][]string{lineColumns}
	for _, p := range doc.Payees {
		for _, q := range p.Periods {
			for _, l := range q.Lines {
				rows = append(rows, lineRow(p.ID, p.Currency, q.Period, q.Status, l))
			}
		}
	}
	return rows
}

func lineRow(payee, currency, period, status string, l Line) []string {
	causes := make([]string, len(l.CausedBy))
	for i, c := range l.CausedBy {
		causes[i] = c.Source + "/" + c.ID
	}
	row := texts(payee, currency, period, status, l.EntryID, l.Kind, l.Reason, l.Component)
	row = append(row, l.Amount)
	row = append(row, texts(l.From, l.To, l.EffectiveOn, l.AppliesTo, l.AccountID, l.OpportunityID, l.Plan)...)
	return append(row, strconv.FormatBool(l.Recoverable), text(strings.Join(causes, "; ")), text(l.Explanation))
}

// entryRow has no period status: an entry does not know it.
func entryRow(p *Posted) []string {
	row := lineRow(p.PayeeID, p.Currency, p.Period, "", p.Line)
	return append(row, strconv.FormatUint(p.Seq, 10), stamp(p.PostedAt), p.After.Held, p.After.Payable, p.After.Paid, p.Hash)
}

// planRows has a row per lint, and one for a plan without.
func planRows(list []PlanChecked) [][]string {
	rows := [][]string{planColumns}
	for _, p := range list {
		lints := p.Lints
		if len(lints) == 0 {
			lints = []PlanLint{{}}
		}
		for _, l := range lints {
			rows = append(rows, texts(p.Plan, p.Hash, p.EffectiveFrom, l.Lint, l.Path, l.Figure, l.Threshold, l.Text))
		}
	}
	return rows
}

func parkedRow(p Parked) []string {
	row := texts(p.ParkedID, p.State, p.Code, p.Reason, p.Source, p.ID, p.Subject, stamp(p.At))
	return append(row, strconv.Itoa(p.Tries), text(p.By), text(p.Note), strconv.Itoa(p.Bytes))
}

func statusRow(s *Status) []string {
	return []string{
		text(s.Tenant), text(s.Version), strconv.FormatBool(s.Running), stamp(s.AsOf), text(strings.Join(s.PlanVersions, "; ")),
		stamp(s.Position.StreamCreated), strconv.FormatUint(s.Position.Sequence, 10), stamp(s.Position.Time),
		strconv.FormatUint(s.Pending, 10), strconv.FormatUint(s.Outbox, 10), strconv.FormatUint(s.Outputs, 10), strconv.FormatUint(s.Facts, 10),
		strconv.FormatInt(s.Entries, 10), strconv.Itoa(s.Payees), strconv.Itoa(s.Parked), strconv.Itoa(s.Timers), stamp(s.NextTimer),
		strconv.FormatInt(s.FileBytes, 10), text(s.Broker), text(strings.Join(s.Alarms, "; ")),
	}
}

func rowsOf[T any](header []string, items []T, row func(T) []string) [][]string {
	rows := [][]string{header}
	for _, item := range items {
		rows = append(rows, row(item))
	}
	return rows
}

// text is a cell of text. Spreadsheets run what starts like a formula, and ids
// come from outside: such a cell starts with an apostrophe. Amounts, which may
// start with a minus, are no text. The full-width signs are read as the plain
// ones by some.
func text(s string) string {
	if first, _ := utf8.DecodeRuneInString(s); s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}

func texts(cells ...string) []string {
	for i, c := range cells {
		cells[i] = text(c)
	}
	return cells
}

// stamp is an instant in a cell, empty where there is none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return instant(t)
}

// joined is a list in one cell.
func joined[T any](list []T, item func(T) string) string {
	var out []string
	for _, x := range list {
		out = append(out, strings.TrimSpace(item(x)))
	}
	return strings.Join(out, "; ")
}

// Cell is a text as a cell of CSV that no spreadsheet runs as a formula.
func Cell(s string) string { return text(s) }
