package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/trueup/trueup/internal/pages"
	"github.com/trueup/trueup/internal/payroll"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
)

// Some exports are made whole before anything of them is sent, so that what is
// wrong on the way is another answer and not half a file.

// formatHTML is of statements to be printed.
const formatHTML = "html"

// maxMapping bounds a mapping of payroll: worker ids of tens of thousands.
const maxMapping = 4 << 20

// statements are what "trueup export statements" writes, byte for byte.
func (s *server) statements() Operation {
	return Operation{
		Name: "export_statements", Path: "/v1/export/statements", Texts: []string{csvType, "text/html"},
		Summary: "Statements for other programs and for paper: the document, a row for every line, or one file of HTML to be printed, a payee from a page of their own",
		Params: []Param{
			payeeParam(), periodParam(),
			oneOf("format", "JSON where it is not said; CSV and HTML are files", []string{report.JSON, formatCSV, formatHTML}),
		},
		Answer: report.Document{}, Codes: []int{http.StatusNotFound}, stream: s.exportStatements,
	}
}

func (s *server) exportStatements(w http.ResponseWriter, req *http.Request, q question) {
	doc, err := q.reader.Statement(req.Context(), q.filter())
	if err != nil {
		s.fail(w, req, err)
		return
	}
	out := s.newLines(w)
	switch q.values["format"] {
	case formatCSV:
		out.kind = csvType + utf8
		attached(w, "statements", formatCSV)
		err = report.Render(out.buffer, report.CSV, doc)
	case formatHTML:
		out.kind = "text/html" + utf8
		attached(w, "statements", formatHTML) // the policy of pages lets none of its style be shown
		err = pages.Print(out.buffer, doc)
	default:
		out.kind = jsonType
		err = report.Render(out.buffer, report.JSON, doc)
	}
	s.written(req, errors.Join(err, out.buffer.Flush()))
}

// mappedPayroll is payroll by a mapping that whoever asks sends along.
func (s *server) mappedPayroll() Operation {
	return Operation{
		Name: "export_payroll_mapped", Method: http.MethodPost, Path: "/v1/export/payroll", Media: csvType,
		Summary: "What payroll was asked to pay, as CSV with the columns, codes and worker ids of a mapping. It is written whole or not at all; the header " +
			CursorHeader + " is where the next one goes on",
		Params: []Param{payeeParam(), periodParam(), sinceParam()},
		Body:   &Body{Media: "application/yaml", Meaning: "the mapping: docs/exports.md has one", Most: maxMapping},
		Codes:  []int{http.StatusNotFound, http.StatusRequestEntityTooLarge},
		stream: func(w http.ResponseWriter, req *http.Request, q question) {
			m, err := payroll.ReadMapping("mapping", q.body)
			if err != nil {
				s.fail(w, req, mistaken(err))
				return
			}
			s.payroll(w, req, q, m)
		},
	}
}

// payroll answers with rows for payroll; nil is the mapping where there is none.
func (s *server) payroll(w http.ResponseWriter, req *http.Request, q question, m *payroll.Mapping) {
	var whole bytes.Buffer
	rows, err := payroll.NewExportWriter(&whole, report.ExportPayroll, payroll.Form{Format: report.CSV, Mapping: m})
	if err != nil {
		s.fail(w, req, err)
		return
	}
	next := ""
	err = q.reader.Export(req.Context(), report.ExportQuery{What: report.ExportPayroll, Filter: q.filter(), Since: q.values["since"]}, report.Exporting{
		Next: func(cursor string) error { next = cursor; return nil },
		Each: rows.Write,
	})
	if err = errors.Join(err, rows.Close()); err != nil {
		s.fail(w, req, mistaken(err))
		return
	}
	w.Header().Set(CursorHeader, next)
	attached(w, report.ExportPayroll, formatCSV)
	out := s.newLines(w)
	out.kind = csvType + utf8
	_, err = io.Copy(out.buffer, &whole)
	s.written(req, errors.Join(err, out.buffer.Flush()))
}

// mistaken makes what is wrong with a mapping the asker's own doing, in the
// words of the command line. It names payees and amounts, so no log has it.
func mistaken(err error) error {
	if one, is := errors.AsType[planfile.Error](err); is {
		return report.Mistake{Text: one.Error()}
	}
	if all, is := errors.AsType[planfile.Errors](err); is {
		return report.Mistake{Text: all.Error()}
	}
	return err
}
