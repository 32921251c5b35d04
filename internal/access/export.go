package access

import (
	"context"

	"github.com/trueup/trueup/internal/report"
)

// Export implements report.Reader. What is exported is narrowed as the same
// things are elsewhere: the journal, payroll and credits to those whose pay one
// sees, the SLA history also for whoever operates the worker.
func (l limited) Export(ctx context.Context, q report.ExportQuery, to report.Exporting) error {
	roles := paid
	if q.What == report.ExportSLA {
		roles = everybody
	}
	s, err := l.scope(ctx, "an export", roles...)
	switch {
	case err != nil:
		return err
	case s.seesAll() || s.Role == Ops:
		return l.reader.Export(ctx, q, to)
	case q.Payee != "" && !s.payees[q.Payee]:
		return notTheirs("payee", string(q.Payee))
	case q.Payee == "" && s.Role == Payee:
		q.Payee = s.Payee
	}
	each := to.Each
	to.Each = func(x *report.Exported) error {
		if !s.sees(x.PayeeID()) {
			return nil
		}
		return each(x)
	}
	return l.reader.Export(ctx, q, to)
}
