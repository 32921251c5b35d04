package main

import (
	"context"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

// whole is a view as reports about everybody read it.
type whole struct{ *store.Summed }

// Rejections implements report.Source.
func (w whole) Rejections(yield func(report.Rejected) error) error { return rejections(w.View, yield) }

// aboutAll answers a question about everybody, from the ledger and what is kept
// at hand of it.
func aboutAll[T any](ctx context.Context, r fileReader, build func(report.Setting, report.Whole) (*T, error)) (out *T, err error) {
	if err := r.warming.wait(ctx); err != nil {
		return nil, err
	}
	return through(r, r.summary.View, func(set report.Setting, v *store.Summed) (*T, error) {
		return build(set, whole{v})
	})
}

// aboutOne answers a question about one payee, account or deal.
func aboutOne[T any](r fileReader, build func(report.Setting, report.Source) (*T, error)) (out *T, err error) {
	view := func(read func(*store.Summed) error) error {
		return r.store.View(func(v *store.View) error { return read(&store.Summed{View: v}) })
	}
	return through(r, view, func(set report.Setting, v *store.Summed) (*T, error) { return build(set, source{v.View}) })
}

// through answers through the lens.
func through[T any](r fileReader, view func(func(*store.Summed) error) error, build func(report.Setting, *store.Summed) (*T, error)) (out *T, err error) {
	r.lens.mu.Lock()
	defer r.lens.mu.Unlock()
	err = view(func(v *store.Summed) error {
		set := r.setting(v.View)
		if set.Look, err = r.lens.at(v.View); err != nil {
			return err
		}
		out, err = build(set, v)
		return err
	})
	if err != nil && !report.Refused(err) {
		r.lens.of.Forget() // what was derived up to the error may not be whole
	}
	return out, err
}

// Overview implements report.Reader.
func (r fileReader) Overview(ctx context.Context) (*report.Overview, error) {
	return aboutAll(ctx, r, report.BuildOverview)
}

// Payees implements report.Reader.
func (r fileReader) Payees(ctx context.Context, q report.PayeesQuery) (*report.PayeeList, error) {
	return aboutAll(ctx, r, func(set report.Setting, src report.Whole) (*report.PayeeList, error) {
		return report.BuildPayees(set, src, q)
	})
}

// Timeline implements report.Reader.
func (r fileReader) Timeline(_ context.Context, account event.AccountID) (*report.Timeline, error) {
	return aboutOne(r, func(set report.Setting, src report.Source) (*report.Timeline, error) {
		return report.BuildTimeline(set, src, account)
	})
}

// Periods implements report.Reader.
func (r fileReader) Periods(ctx context.Context) (*report.PeriodList, error) {
	return aboutAll(ctx, r, report.BuildPeriods)
}

// managers is whom payees report to today.
func (r fileReader) managers(ctx context.Context) (out map[event.PayeeID]event.PayeeID, err error) {
	if err := r.warming.wait(ctx); err != nil {
		return nil, err
	}
	err = r.summary.View(func(v *store.Summed) error {
		out, err = report.Managers(r.setting(v.View), whole{v})
		return err
	})
	return out, err
}

// entitled says why the plans in force do not let somebody decide something.
func (r fileReader) entitled(ev event.Event) error {
	_, err := aboutOne(r, func(set report.Setting, _ report.Source) (*struct{}, error) {
		if err := tenant.Entitled(set.Look.Plans(), set.Plans[0].Zone, ev); err != nil {
			return nil, report.Mistake{Text: err.Error()}
		}
		return nil, nil
	})
	return err
}

// WhatIf implements report.Reader.
func (r fileReader) WhatIf(_ context.Context, document []byte) (*report.WhatIf, error) {
	if r.whatIfs == nil {
		return nil, report.Mistake{Text: "plans are compared by a running worker"}
	}
	return r.whatIfs.Begin(document)
}

// WhatIfByID implements report.Reader.
func (r fileReader) WhatIfByID(_ context.Context, id string) (*report.WhatIf, error) {
	if r.whatIfs == nil {
		return nil, report.NotFound{What: "comparison", ID: id}
	}
	return r.whatIfs.ByID(id)
}

// history is what came to a ledger. It implements scenario.Ledger.
type history struct{ *store.Store }

// History implements scenario.Ledger.
func (h history) History() (facts uint64, asOf time.Time, err error) {
	err = h.View(func(v *store.View) error {
		facts, err = v.LastFact()
		asOf = v.State().AsOf
		return err
	})
	return facts, asOf, err
}

// InputsAfter implements scenario.Ledger.
func (h history) InputsAfter(n uint64, most int, yield func(tenant.Input) error) (upTo uint64, err error) {
	err = h.View(func(v *store.View) error {
		upTo, err = v.InputsAfter(n, most, yield)
		return err
	})
	return upTo, err
}
