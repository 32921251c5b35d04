package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

// exportStep is how many outputs are read in one view of the ledger.
const exportStep = 1000

// Export implements report.Reader.
func (r fileReader) Export(ctx context.Context, q report.ExportQuery, to report.Exporting) error {
	x := exporting{fileReader: r, query: q, to: to}
	if err := x.begin(); err != nil {
		return err
	}
	switch q.What {
	case report.ExportJournal:
		return x.journal(ctx)
	case report.ExportPayroll:
		return x.payroll(ctx)
	case report.ExportCredits:
		return x.credits(ctx)
	case report.ExportSLA:
		return x.sla(ctx)
	}
	return report.Mistake{Text: fmt.Sprintf("export %q is not one of %s", q.What, strings.Join(report.Exports(), ", "))}
}

// exporting is an export under way.
type exporting struct {
	fileReader
	query report.ExportQuery
	to    report.Exporting
	since *report.Cursor // nil: the whole
}

// begin checks what is asked for.
func (x *exporting) begin() error {
	if x.query.Since != "" {
		c, err := report.ParseCursor(x.query.Since, x.query.What, x.query.Filter)
		if err != nil {
			return err
		}
		hash, there, err := x.store.OutputHash(c.Output)
		if err != nil {
			return err
		}
		last, err := x.store.LastOutput()
		if err != nil {
			return err
		}
		if err := c.Follows(hash, there, last); err != nil {
			return err
		}
		x.since = &c
	}
	if x.query.Payee == "" {
		return nil
	}
	return x.store.View(func(v *store.View) error {
		ids, err := v.Payees()
		if err == nil && !slices.Contains(ids, x.query.Payee) {
			err = report.NotFound{What: "payee", ID: string(x.query.Payee)}
		}
		return err
	})
}

// upTo tells where the next export goes on: after the last output of a view.
func (x *exporting) upTo(v *store.View) (last uint64, next string, err error) {
	last, hash, err := v.LastOutput()
	return last, report.CursorAt(x.query.What, x.query.Filter, last, hash).String(), err
}

// outputs goes through the outputs after the cursor up to one, in short views.
func (x *exporting) outputs(ctx context.Context, last uint64, yield func(*store.View, tenant.Output) error) error {
	for at := x.since.Output; at < last; {
		if err := ctx.Err(); err != nil {
			return err
		}
		from := at
		err := x.store.View(func(v *store.View) (err error) {
			at, err = v.EachOutput(at, last, exportStep, func(o tenant.Output) error { return yield(v, o) })
			return err
		})
		if err != nil {
			return err
		}
		if at == from {
			return domain.Errorf(domain.Corrupt, "the out log ends after output %d, not %d", at, last)
		}
	}
	return nil
}

// journal is every entry, payee by payee; after a cursor those posted since, in
// the order posted. Each entry has one output.
func (x *exporting) journal(ctx context.Context) error {
	if x.since == nil {
		m, err := x.moment(x.query.Payee)
		if err != nil {
			return err
		}
		if err := x.to.Next(report.CursorAt(x.query.What, x.query.Filter, m.lastOut, m.outHash).String()); err != nil {
			return err
		}
		return report.Journal(m, x.query.Filter, func(p *report.Posted) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return x.to.Each(&report.Exported{Entry: p})
		})
	}
	last, err := x.lastOut()
	if err != nil {
		return err
	}
	var chunk []*ledger.Entry
	flush := func() error { // outside of the view: whoever takes them may be slow
		for _, e := range chunk {
			p := report.PostedOf(e)
			if err := x.to.Each(&report.Exported{Entry: &p}); err != nil {
				return err
			}
		}
		chunk = chunk[:0]
		return nil
	}
	for at := x.since.Output; at < last; at = min(at+exportStep, last) {
		x.since.Output = at
		err := x.outputs(ctx, min(at+exportStep, last), func(v *store.View, o tenant.Output) error {
			e, err := entryOfOutput(v, o)
			if e != nil && x.takes(e.Payee) && (x.query.Period == nil || e.Period == *x.query.Period) {
				chunk = append(chunk, e)
			}
			return err
		})
		if err != nil {
			return err
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return nil
}

// lastOut is where an export that goes on ends, and says so.
func (x *exporting) lastOut() (last uint64, err error) {
	next := ""
	err = x.store.View(func(v *store.View) (err error) {
		last, next, err = x.upTo(v)
		return err
	})
	if err != nil {
		return 0, err
	}
	return last, x.to.Next(next)
}

func (x *exporting) takes(payee event.PayeeID) bool {
	return x.query.Payee == "" || payee == x.query.Payee
}

// entryOfOutput is the entry that an output tells of, nil where it is of
// something else.
func entryOfOutput(v *store.View, o tenant.Output) (*ledger.Entry, error) {
	if !saysOf(o, "payout.", ".adjustment.issued") {
		return nil, nil
	}
	raw, err := hex.DecodeString(o.ID)
	if err != nil || len(raw) != len(ledger.EntryID{}) {
		return nil, domain.Errorf(domain.Corrupt, "output %d is of entry %q", o.N, o.ID)
	}
	e, there, err := v.Entry(ledger.EntryID(raw))
	if err == nil && !there {
		err = domain.Errorf(domain.Corrupt, "output %d is of entry %s, which is not there", o.N, o.ID)
	}
	return e, err
}

// saysOf reports whether an output's subject, of whichever tenant, is one.
func saysOf(o tenant.Output, head, tail string) bool {
	return strings.HasPrefix(o.Subject, head) && strings.HasSuffix(o.Subject, tail)
}

// payroll is what payroll was asked to pay, in the order it was asked; after a
// cursor what it was asked since.
func (x *exporting) payroll(ctx context.Context) error {
	wanted := map[string]bool{} // references, where there is a cursor
	if x.since != nil {
		last, err := x.store.LastOutput()
		if err != nil {
			return err
		}
		if err := x.outputs(ctx, last, func(_ *store.View, o tenant.Output) error { return note(wanted, o) }); err != nil {
			return err
		}
		x.since.Output = last
	}
	var statements []tenant.Statement
	next := ""
	err := x.store.View(func(v *store.View) error {
		last, after, err := x.upTo(v)
		next = after
		if err == nil && x.since != nil { // what came while we looked
			_, err = v.EachOutput(x.since.Output, last, int(last-x.since.Output)+1, func(o tenant.Output) error { return note(wanted, o) }) //nolint:gosec // a few
		}
		if err == nil {
			statements, err = v.AllStatements()
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := x.to.Next(next); err != nil {
		return err
	}
	list, err := x.payments(ctx, statements, func(st *tenant.Statement) bool {
		return st.Requested.Minor > 0 && x.takes(st.Payee) && (x.query.Period == nil || st.Period == *x.query.Period) &&
			(x.since == nil || wanted[st.Reference])
	})
	if err != nil {
		return err
	}
	for i := range list {
		if err := x.to.Each(&report.Exported{Payment: &list[i]}); err != nil {
			return err
		}
	}
	return nil
}

// note remembers the reference of a payment that an output asks for.
func note(wanted map[string]bool, o tenant.Output) error {
	if saysOf(o, "payout.", ".payment.requested") {
		reference, ok := strings.CutPrefix(o.ID, "payment/")
		if !ok {
			return domain.Errorf(domain.Corrupt, "output %d asks for payment %q", o.N, o.ID)
		}
		wanted[reference] = true
	}
	return nil
}

// payments breaks down the statements that are wanted, in the order given.
func (x *exporting) payments(ctx context.Context, statements []tenant.Statement, want func(*tenant.Statement) bool) ([]report.Payment, error) {
	of := report.ByPayee(statements)
	done := map[string]report.Payment{}
	m := &moment{store: x.store, last: map[event.PayeeID]uint64{}, most: momentChunk}
	var out []report.Payment
	for i := range statements {
		st := &statements[i]
		if !want(st) {
			continue
		}
		if _, there := done[st.Reference]; !there {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := m.add(st.Payee); err != nil {
				return nil, err
			}
			list, err := report.Payments(of[st.Payee], func(yield func(*ledger.Entry) error) error { return m.EntriesOf(st.Payee, yield) })
			if err != nil {
				return nil, err
			}
			for _, p := range list {
				done[p.Reference] = p
			}
		}
		out = append(out, done[st.Reference])
	}
	return out, nil
}
