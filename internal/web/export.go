package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/report"
)

// CursorHeader says where an export goes on the next time.
const CursorHeader = "Trueup-Cursor"

// The formats of an export over HTTP, the default first.
const (
	formatLines = "ndjson"
	formatCSV   = "csv"
)

// The media of exports.
const (
	linesType = "application/x-ndjson"
	csvType   = "text/csv"
	utf8      = "; charset=utf-8"
)

// exports are the operations that other programs take records by, a page a
// time: by the cursor of the page before. Statements have no cursor.
func (s *server) exports() []Operation {
	var out []Operation
	for _, what := range report.Exports() {
		out = append(out, Operation{
			Name: "export_" + what, Path: "/v1/export/" + what, Media: linesType, Texts: []string{csvType}, Summary: exported[what] +
				", one record on a line; the last line has how many there are, or the error that broke it off. The header " + CursorHeader + " is where the next one goes on",
			Params: []Param{
				payeeParam(), periodParam(), sinceParam(),
				oneOf("format", "lines of JSON, or CSV with a header, which is broken off where it is not whole", []string{formatLines, formatCSV}),
			},
			Answer: report.Exported{}, Codes: []int{http.StatusNotFound}, stream: s.export(what),
		})
	}
	return append(out, s.mappedPayroll(), s.statements())
}

func sinceParam() Param { return text("since", "the cursor to go on from") }

var exported = map[string]string{
	report.ExportJournal: "Every entry, payee by payee; after a cursor those posted since, in the order posted",
	report.ExportPayroll: "What payroll was asked to pay, with what each payment is made of; after a cursor what was asked since",
	report.ExportCredits: "Every credit as it is now; they are corrected in place, so that a cursor is only checked",
	report.ExportSLA:     "Every episode and dispute with its instants; after a cursor those that turned since, as they stand now",
}

// exportLine is a line of an export: a record, how many there were, or an error.
type exportLine struct {
	report.Exported
	Records *int   `json:"records,omitempty"`
	Error   string `json:"error,omitempty"`
}

// export streams an export. Rows for payroll are another matter: see payroll.
func (s *server) export(what string) func(http.ResponseWriter, *http.Request, question) {
	return func(w http.ResponseWriter, req *http.Request, q question) {
		out := s.newLines(w)
		write, end := func(x *report.Exported) error { return out.encoder.Encode(x) }, func() error { return out.encoder.Encode(exportLine{Records: &out.n}) }
		inCSV := q.values["format"] == formatCSV
		switch {
		case inCSV && what == report.ExportPayroll:
			s.payroll(w, req, q, nil)
			return
		case inCSV:
			rows, err := report.NewRecordWriter(out.buffer, what, report.CSV, false)
			if err != nil {
				s.fail(w, req, err)
				return
			}
			write, end, out.kind = rows.Write, rows.Close, csvType+utf8
		}
		err := q.reader.Export(req.Context(), report.ExportQuery{What: what, Filter: q.filter(), Since: q.values["since"]}, report.Exporting{
			Next: func(cursor string) error {
				w.Header().Set(CursorHeader, cursor)
				if inCSV {
					attached(w, what, formatCSV)
				}
				return nil
			},
			Each: func(x *report.Exported) error {
				out.n++
				return write(x)
			},
		})
		switch {
		case err == nil:
			err = end()
		case out.n == 0: // nothing was sent: it can still be another answer
			w.Header().Del(CursorHeader)
			w.Header().Del("Content-Disposition")
			s.fail(w, req, err)
			return
		case req.Context().Err() == nil && !out.broken:
			s.opts.Log.Error().Err(err).Str(field.Path, req.Pattern).Msg("export broken off")
			if inCSV {
				panic(http.ErrAbortHandler) // rows cannot say that more are missing; a connection that is cut off does
			}
			err = out.encoder.Encode(Failure{Error: err.Error()})
		}
		s.written(req, errors.Join(err, out.buffer.Flush()))
	}
}

// written notes an answer that did not come to its end, as when a client goes
// away.
func (s *server) written(req *http.Request, err error) {
	if err != nil && req.Context().Err() == nil {
		s.opts.Log.Debug().Err(err).Str(field.Path, req.Pattern).Msg("answer not written whole")
	}
}

// attached has a browser keep an answer as a file, and not show it.
func attached(w http.ResponseWriter, what, format string) {
	w.Header().Set("Content-Disposition", `attachment; filename="`+what+`.`+format+`"`)
}

// Export implements report.Reader.
func (c *client) Export(ctx context.Context, q report.ExportQuery, to report.Exporting) error {
	params := narrowed(q.Filter)
	set(params, "since", q.Since)
	resp, err := c.open(ctx, "/v1/export/"+url.PathEscape(q.What), params)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	cursor := resp.Header.Get(CursorHeader)
	if cursor == "" {
		return fmt.Errorf("the worker at %s does not say where its export goes on", c.base)
	}
	if err := to.Next(cursor); err != nil {
		return err
	}
	return c.records(ctx, resp.Body, to.Each)
}

// records reads the lines of an export.
func (c *client) records(ctx context.Context, body io.Reader, yield func(*report.Exported) error) error {
	scanner := bufio.NewScanner(body)
	scanner.Buffer(make([]byte, journalBuffer), maxEntry)
	n := 0
	for scanner.Scan() {
		var line exportLine
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			return fmt.Errorf("the answer of the worker at %s cannot be read: %w", c.base, err)
		}
		switch {
		case line.Error != "":
			return fmt.Errorf("the worker at %s: %s", c.base, line.Error)
		case line.Records == nil:
			n++
			if err := yield(&line.Exported); err != nil {
				return err
			}
		case *line.Records != n:
			return fmt.Errorf("the worker at %s tells of %d records and sent %d", c.base, *line.Records, n)
		default:
			return nil
		}
	}
	if err := scanner.Err(); err != nil {
		return c.unreachable(ctx, err)
	}
	return fmt.Errorf("the answer of the worker at %s is cut off after %d records", c.base, n)
}
