package report

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// Hledger is a plain-text journal, one of the formats of JournalWriter.
const Hledger = "hledger"

// JournalFormats are the formats of JournalWriter, the default first.
func JournalFormats() []string { return []string{Hledger, CSV, JSON} }

// Ledgers is what a journal is made of.
type Ledgers interface {
	Payees() ([]event.PayeeID, error)
	// EntriesOf goes through a payee's ledger in its order.
	EntriesOf(payee event.PayeeID, yield func(*ledger.Entry) error) error
}

// Journal goes through the entries a filter takes, payee by payee, one at a
// time. A payee the filter names and nobody has heard of is NotFound.
func Journal(src Ledgers, f Filter, yield func(*Posted) error) error {
	ids, err := src.Payees()
	if err != nil {
		return err
	}
	if f.Payee != "" {
		if !slices.Contains(ids, f.Payee) {
			return NotFound{"payee", string(f.Payee)}
		}
		ids = []event.PayeeID{f.Payee}
	}
	for _, id := range ids {
		err := src.EntriesOf(id, func(e *ledger.Entry) error {
			if f.Period != nil && e.Period != *f.Period {
				return nil
			}
			p := PostedOf(e)
			return yield(&p)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// JournalWriter writes entries one at a time; it keeps none of them. The same
// entries in the same order give the same bytes. Nothing is written before the
// first entry or Close, so that what fails at once leaves nothing behind.
type JournalWriter struct {
	out     *bufio.Writer
	form    journalForm
	entries int
}

// journalForm is a format; its errors are those of the writer below.
type journalForm interface {
	head() error
	entry(n int, p *Posted) error // n counts from 0
	end(n int) error
}

// NewJournalWriter writes to w in one of the JournalFormats.
//
// In hledger's form an entry is one transaction, dated when it took effect, of
// two postings that sum to zero: payee:ID:held, payable or paid, and
// expense:ID:COMPONENT where the company's side is one of them. Signs are the
// payee's: what is given is positive. Ids come from outside and may hold what
// hledger would read as something else (a colon, a semicolon, two spaces, a
// comma) or not at all (no UTF-8 locale), so the bytes of names other than
// letters, digits and -_.~@/+ are percent-encoded, and the percent sign too.
// There are no balance assertions: hledger checks them in the order of dates,
// and a late entry is dated before those it was posted after.
//
// In JSON it is one array with an entry on each line; in CSV the columns are
// those of explain.
func NewJournalWriter(w io.Writer, format string) (*JournalWriter, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	forms := map[string]journalForm{
		Hledger: &hledgerForm{w: out, declared: map[string]bool{}},
		CSV:     csvForm{w: csv.NewWriter(out)},
		JSON:    jsonForm{out, json.NewEncoder(out)},
	}
	form, ok := forms[format]
	if !ok {
		return nil, fmt.Errorf("format %q is not one of %s", format, strings.Join(JournalFormats(), ", "))
	}
	return &JournalWriter{out: out, form: form}, nil
}

// Bare leaves out the row of names that CSV begins with.
func (j *JournalWriter) Bare() {
	if f, ok := j.form.(csvForm); ok {
		f.bare = true
		j.form = f
	}
}

// Write writes the next entry.
func (j *JournalWriter) Write(p *Posted) error {
	if j.entries == 0 {
		if err := j.form.head(); err != nil {
			return err
		}
	}
	j.entries++
	return j.form.entry(j.entries-1, p)
}

// Flush writes out what was written so far, for a journal that cannot go on.
func (j *JournalWriter) Flush() error { return j.out.Flush() }

// Close ends a journal that is whole. It does not close what is below.
func (j *JournalWriter) Close() error {
	if j.entries == 0 {
		if err := j.form.head(); err != nil {
			return err
		}
	}
	if err := j.form.end(j.entries); err != nil {
		return err
	}
	return j.out.Flush()
}

// csvForm writes straight into the journal's buffer: a csv.Writer takes one
// that is large enough as its own.
type csvForm struct {
	w    *csv.Writer
	bare bool // without its head
}

// statusColumn is the one of entryColumns that no entry fills.
var statusColumn = slices.Index(entryColumns, "period_status")

func (f csvForm) row(cells []string) error {
	return f.w.Write(slices.Delete(cells, statusColumn, statusColumn+1))
}

func (f csvForm) head() error {
	if f.bare {
		return nil
	}
	return f.row(slices.Clone(entryColumns))
}

func (f csvForm) entry(_ int, p *Posted) error { return f.row(entryRow(p)) }

func (f csvForm) end(int) error {
	f.w.Flush()
	return f.w.Error()
}

type jsonForm struct {
	w       *bufio.Writer
	encoder *json.Encoder
}

func (f jsonForm) head() error {
	f.encoder.SetEscapeHTML(false)
	return f.w.WriteByte('[')
}

func (f jsonForm) entry(n int, p *Posted) error {
	if n > 0 {
		if err := f.w.WriteByte(','); err != nil {
			return err
		}
	}
	whole := *p
	whole.CausedBy = list(whole.CausedBy)
	return f.encoder.Encode(whole)
}

func (f jsonForm) end(int) error {
	_, err := f.w.WriteString("]\n")
	return err
}
