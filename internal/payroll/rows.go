package payroll

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/internal/report"
)

// Row is a row for payroll: what of a payment has one earning code.
type Row struct {
	WorkerID, EarningCode string
	Amount                money.Money // signed
	Note                  string
	Payment               *report.Payment
}

// Rows are the rows of a payment, by earning code, those that come to nothing
// left out. They add up to what is requested, or there is an error.
func (m *Mapping) Rows(p *report.Payment) ([]Row, error) {
	worker, err := m.workerOf(p)
	if err != nil {
		return nil, err
	}
	currency := money.Currency(p.Currency)
	by := map[string]*Row{}
	sum := money.Money{Currency: currency}
	for i := range p.Parts {
		part := &p.Parts[i]
		code, err := m.codeOf(p, part)
		if err != nil {
			return nil, err
		}
		amount, err := money.Parse(part.Amount, currency)
		if err != nil {
			return nil, err
		}
		r := by[code]
		if r == nil {
			r = &Row{WorkerID: worker, EarningCode: code, Amount: money.Money{Currency: currency}, Payment: p}
			by[code] = r
		} else {
			r.Note += "; "
		}
		r.Note += noted(p, part)
		if r.Amount, err = r.Amount.Add(amount); err != nil {
			return nil, err
		}
		if sum, err = sum.Add(amount); err != nil {
			return nil, err
		}
	}
	if requested, err := money.Parse(p.Amount, currency); err != nil || requested != sum {
		return nil, mistake(cmp.Or(m.name, "payroll"), p.Reference, "%s is requested and its parts come to %s", p.Amount, sum.Decimal())
	}
	var out []Row
	for _, code := range slices.Sorted(maps.Keys(by)) {
		if r := by[code]; r.Amount.Minor != 0 {
			out = append(out, *r)
		}
	}
	return out, nil
}

// noted says what a part is: "expansion, renewal released 480.00".
func noted(p *report.Payment, part *report.PaymentPart) string {
	said := strings.ReplaceAll(part.Kind, "_", " ")
	if part.Component != "" {
		said = part.Component + ", " + strings.ReplaceAll(part.Reason, "_", " ")
	}
	said += " " + part.Amount
	if part.AppliesTo != "" && part.AppliesTo != p.Period {
		said += " about " + part.AppliesTo
	}
	if part.Kind == report.CarriedForward && len(p.Unconfirmed) > 0 {
		said += ", not confirmed by then: " + strings.Join(p.Unconfirmed, ", ")
	}
	return said
}

// Form says how payments are written.
type Form struct {
	Format  string   // csv, or json: the payments themselves, without a mapping
	Mapping *Mapping // nil: Default
	Bare    bool     // CSV without the row of names
}

// NewExportWriter writes any export, payroll's by a form.
func NewExportWriter(w io.Writer, what string, f Form) (report.RecordWriter, error) {
	if what != report.ExportPayroll {
		return report.NewRecordWriter(w, what, f.Format, f.Bare)
	}
	if f.Format != report.CSV {
		return report.NewRowWriter(w, f.Format, f.Bare, nil, func(x *report.Exported) ([]string, any) { return nil, x.Payment })
	}
	m := f.Mapping
	if m == nil {
		m = Default()
	}
	var head []string
	for _, c := range m.Columns {
		head = append(head, c.Name)
	}
	rows, err := report.NewRowWriter(w, report.CSV, f.Bare, head, func(x *report.Exported) ([]string, any) { return x.Row, nil })
	return &writer{rows, m}, err
}

// writer writes several rows for a payment.
type writer struct {
	report.RecordWriter
	mapping *Mapping
}

// Write implements report.RecordWriter. A payment is written whole or not at all.
func (w *writer) Write(x *report.Exported) error {
	rows, err := w.mapping.Rows(x.Payment)
	if err != nil {
		return err
	}
	for i := range rows {
		if err := w.RecordWriter.Write(&report.Exported{Row: w.mapping.cells(&rows[i])}); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mapping) cells(r *Row) []string {
	out := make([]string, len(m.Columns))
	p := r.Payment
	for i, c := range m.Columns {
		switch c.Field {
		case "worker_id":
			out[i] = r.WorkerID
		case "earning_code":
			out[i] = r.EarningCode
		case "amount":
			out[i] = r.Amount.Decimal()
		case "currency":
			out[i] = p.Currency
		case "period":
			out[i] = p.Period
		case "reference":
			out[i] = p.Reference
		case "note":
			out[i] = report.Cell(r.Note)
		case "payee_id":
			out[i] = report.Cell(p.PayeeID)
		case "employee_id":
			out[i] = report.Cell(p.EmployeeID)
		case "requested_at":
			out[i] = p.RequestedAt
		}
	}
	return out
}
