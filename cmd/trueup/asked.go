package main

import (
	"context"
	"errors"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

// whole is a view as reports about everybody read it.
type whole struct{ *store.Summed }

// Rejections implements report.Source.
func (w whole) Rejections(yield func(report.Rejected) error) error { return rejections(w.View, yield) }

// aboutAll answers a question about everybody, from the ledger and what is kept
// at hand of it.
func aboutAll[T any](r fileReader, build func(report.Setting, report.Whole) (*T, error)) (out *T, err error) {
	err = r.summary.View(func(v *store.Summed) error {
		out, err = build(r.setting(v.View), whole{v})
		return err
	})
	return out, err
}

// Overview implements report.Reader.
func (r fileReader) Overview(context.Context) (*report.Overview, error) {
	return aboutAll(r, report.BuildOverview)
}

// Payees implements report.Reader.
func (r fileReader) Payees(_ context.Context, q report.PayeesQuery) (*report.PayeeList, error) {
	return aboutAll(r, func(set report.Setting, src report.Whole) (*report.PayeeList, error) {
		return report.BuildPayees(set, src, q)
	})
}

// Timeline implements report.Reader.
func (r fileReader) Timeline(_ context.Context, account event.AccountID) (out *report.Timeline, err error) {
	err = r.store.View(func(v *store.View) error {
		out, err = report.BuildTimeline(r.setting(v), source{v}, account)
		return err
	})
	return out, err
}

// Periods implements report.Reader.
func (r fileReader) Periods(context.Context) (*report.PeriodList, error) {
	return aboutAll(r, report.BuildPeriods)
}

// LockPreview implements report.Reader.
func (r fileReader) LockPreview(_ context.Context, q civil.Quarter) (*report.LockPreview, error) {
	return aboutAll(r, func(set report.Setting, src report.Whole) (*report.LockPreview, error) {
		return report.BuildLockPreview(set, src, q)
	})
}

var errNotYet = errors.New("not yet")

// WhatIf implements report.Reader.
func (r fileReader) WhatIf(context.Context, []byte) (*report.WhatIf, error) { return nil, errNotYet }

// WhatIfByID implements report.Reader.
func (r fileReader) WhatIfByID(context.Context, string) (*report.WhatIf, error) {
	return nil, errNotYet
}
