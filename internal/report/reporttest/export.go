package reporttest

import (
	"context"
	"slices"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/report"
)

// Export implements report.Reader. A played case keeps no log of its outputs: its
// cursors are all of its end, after which nothing came.
func (r Reader) Export(ctx context.Context, q report.ExportQuery, to report.Exporting) error {
	if q.Since != "" {
		c, err := report.ParseCursor(q.Since, q.What, q.Filter)
		if err == nil {
			err = c.Follows([32]byte{}, c.Output == 0, 0)
		}
		if err != nil {
			return err
		}
	}
	ids, err := r.Played.Payees()
	if err != nil {
		return err
	}
	if q.Payee != "" && !slices.Contains(ids, q.Payee) {
		return report.NotFound{What: "payee", ID: string(q.Payee)}
	}
	if err := to.Next(report.CursorAt(q.What, q.Filter, 0, [32]byte{}).String()); err != nil {
		return err
	}
	list, err := r.exported(ctx, q)
	for i := range list {
		if err == nil && (q.Since == "" || q.What == report.ExportCredits) {
			err = to.Each(&list[i])
		}
	}
	return err
}

func (r Reader) exported(ctx context.Context, q report.ExportQuery) (out []report.Exported, err error) {
	switch q.What {
	case report.ExportJournal:
		err = r.Journal(ctx, q.Filter, func(p *report.Posted) error {
			entry := *p
			out = append(out, report.Exported{Entry: &entry})
			return nil
		})
	case report.ExportCredits:
		list, bad := report.Credits(r.Setting, r.Played, q.Filter)
		for i := range list {
			out = append(out, report.Exported{Credit: &list[i]})
		}
		err = bad
	case report.ExportSLA:
		err = r.AllEpisodes(func(e tenant.Episode) error {
			if h := report.EpisodeHistoryOf(e); q.Payee == "" || e.Payee == q.Payee {
				out = append(out, report.Exported{Episode: &h})
			}
			return nil
		})
	case report.ExportPayroll:
		return r.payroll(q)
	}
	return out, err
}

func (r Reader) payroll(q report.ExportQuery) (out []report.Exported, err error) {
	locks, err := r.Locks()
	if err != nil {
		return nil, err
	}
	of := map[event.PayeeID][]tenant.Statement{}
	for _, l := range locks {
		statements, err := r.Statements(l.Period)
		if err != nil {
			return nil, err
		}
		for _, st := range statements {
			of[st.Payee] = append(of[st.Payee], st)
		}
	}
	ids, err := r.Played.Payees()
	for _, id := range ids {
		if err != nil || q.Payee != "" && id != q.Payee {
			continue
		}
		var list []report.Payment
		list, err = report.Payments(of[id], func(yield func(*ledger.Entry) error) error { return r.EntriesOf(id, yield) })
		for i := range list {
			if q.Period == nil || list[i].Period == q.Period.String() {
				out = append(out, report.Exported{Payment: &list[i]})
			}
		}
	}
	return out, err
}
