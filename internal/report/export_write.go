package report

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// RecordWriter writes the records of an export one at a time. Nothing is written
// before the first record, Flush or Close.
type RecordWriter interface {
	Write(*Exported) error
	// Flush writes out what was written so far, for an export that cannot go on.
	Flush() error
	// Close ends an export that is whole. It does not close what is below.
	Close() error
}

// ExportFormats are the formats of an export, the default first.
func ExportFormats(what string) []string {
	if what == ExportJournal {
		return JournalFormats()
	}
	return []string{CSV, JSON}
}

// How a credit came into an export.
const (
	Credited  = "credited"
	Withdrawn = "withdrawn" // it was exported before and is no more, or is another now
)

// CreditChange is a credit that is new since a cursor, or one that is no more:
// then its ARR has the other sign, so that everything exported adds up to what
// there is.
type CreditChange struct {
	Change string `json:"change"` // credited, withdrawn
	Credit
}

var (
	creditColumns  = []string{"change", "payee_id", "opportunity_id", "account_id", "credited_arr", "currency", "booked_on", "counted", "why"}
	historyColumns = []string{
		"sla", "episode_id", "account_id", "payee_id", "dispute_id", "opportunity_id", "status", "opened_at", "due_at", "warned_at", "met_at",
		"closed_at", "breached_at", "resolved_at", "late_by_seconds", "retracted_at", "turns",
	}
)

// NewRecordWriter writes the journal, credits or the SLA history in one of their
// formats. bare leaves out the row of names that CSV begins with.
func NewRecordWriter(w io.Writer, what, format string, bare bool) (RecordWriter, error) {
	switch what {
	case ExportJournal:
		j, err := NewJournalWriter(w, format)
		if err == nil && bare {
			j.Bare()
		}
		return entryWriter{j}, err
	case ExportCredits:
		return NewRowWriter(w, format, bare, creditColumns, func(x *Exported) ([]string, any) {
			c := CreditChange{cmp.Or(x.Change, Credited), *x.Credit}
			return append(texts(c.Change, c.PayeeID, c.OpportunityID, c.AccountID), append([]string{c.CreditedARR},
				texts(c.Currency, c.BookedOn, strconv.FormatBool(c.Counted), c.Why)...)...), c
		})
	case ExportSLA:
		return NewRowWriter(w, format, bare, historyColumns, func(x *Exported) ([]string, any) { return historyRow(x.Episode), x.Episode })
	}
	return nil, fmt.Errorf("no export %q is written in rows", what)
}

func historyRow(e *EpisodeHistory) []string {
	late := ""
	if e.ResolvedAt != "" {
		late = strconv.FormatInt(e.LateBySeconds, 10)
	}
	turns := joined(e.Turns, func(t EpisodeTurn) string { return t.Turn + " " + t.At })
	return texts(e.SLA, e.EpisodeID, e.AccountID, e.PayeeID, e.DisputeID, e.OpportunityID, e.Status, e.OpenedAt, e.DueAt, e.WarnedAt, e.MetAt,
		e.ClosedAt, e.BreachedAt, e.ResolvedAt, late, e.RetractedAt, turns)
}

// entryWriter is a journal.
type entryWriter struct{ *JournalWriter }

// Write implements RecordWriter.
func (w entryWriter) Write(x *Exported) error { return w.JournalWriter.Write(x.Entry) }

// rowWriter writes rows of CSV, or one array of JSON with a record on a line.
type rowWriter struct {
	out   *bufio.Writer
	table *csv.Writer   // nil: JSON
	json  *json.Encoder // nil: CSV
	head  []string      // nil: none
	row   func(*Exported) (row []string, value any)
	begun bool
	n     int
}

// NewRowWriter writes records as rows in CSV, or as the values of one array in
// JSON; row makes both of a record.
func NewRowWriter(w io.Writer, format string, bare bool, head []string, row func(*Exported) ([]string, any)) (RecordWriter, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	r := &rowWriter{out: out, row: row}
	switch format {
	case CSV:
		r.table = csv.NewWriter(out)
		if !bare {
			r.head = head
		}
	case JSON:
		r.json = json.NewEncoder(out)
		r.json.SetEscapeHTML(false)
	default:
		return nil, fmt.Errorf("format %q is not one of %s", format, strings.Join([]string{CSV, JSON}, ", "))
	}
	return r, nil
}

func (r *rowWriter) begin() error {
	if r.begun {
		return nil
	}
	r.begun = true
	if r.json != nil {
		return r.out.WriteByte('[')
	}
	if r.head != nil {
		return r.table.Write(r.head)
	}
	return nil
}

// Write implements RecordWriter.
func (r *rowWriter) Write(x *Exported) error {
	if err := r.begin(); err != nil {
		return err
	}
	row, value := r.row(x)
	r.n++
	if r.json == nil {
		return r.table.Write(row)
	}
	if r.n > 1 {
		if err := r.out.WriteByte(','); err != nil {
			return err
		}
	}
	return r.json.Encode(value)
}

// Flush implements RecordWriter.
func (r *rowWriter) Flush() error {
	if r.table != nil {
		r.table.Flush()
		if err := r.table.Error(); err != nil {
			return err
		}
	}
	return r.out.Flush()
}

// Close implements RecordWriter.
func (r *rowWriter) Close() error {
	if err := r.begin(); err != nil {
		return err
	}
	if r.json != nil {
		if _, err := r.out.WriteString("]\n"); err != nil {
			return err
		}
	}
	return r.Flush()
}

// CreditChanges is what turns the credits before into those there are now: what
// is no more, with the other sign, then what is new, each in its order. Of
// credits that are alike each counts.
func CreditChanges(before, now []Credit) []CreditChange {
	count := map[Credit]int{}
	for _, c := range now {
		count[c]++
	}
	var out []CreditChange
	for _, c := range before {
		if count[c]--; count[c] < 0 {
			gone := c
			if strings.Trim(c.CreditedARR, "-0.") != "" {
				gone.CreditedARR = negated(c.CreditedARR)
			}
			out = append(out, CreditChange{Withdrawn, gone})
		}
	}
	clear(count)
	for _, c := range before {
		count[c]++
	}
	for _, c := range now {
		if count[c]--; count[c] < 0 {
			out = append(out, CreditChange{Credited, c})
		}
	}
	return out
}
