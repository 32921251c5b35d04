package access

import (
	"context"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
)

// How the worker does, and what everybody together is paid.

// Parked implements report.Reader.
func (l limited) Parked(ctx context.Context, state string) ([]report.Parked, error) {
	if _, err := l.scope(ctx, "the list of parked inputs", operating...); err != nil {
		return nil, err
	}
	return l.reader.Parked(ctx, state)
}

// ParkedByID implements report.Reader.
func (l limited) ParkedByID(ctx context.Context, id string) (*report.Parked, error) {
	if _, err := l.scope(ctx, "a parked input", operating...); err != nil {
		return nil, err
	}
	return l.reader.ParkedByID(ctx, id)
}

// Status implements report.Reader.
func (l limited) Status(ctx context.Context) (*report.Status, error) {
	if _, err := l.scope(ctx, "the status", everybody...); err != nil {
		return nil, err
	}
	return l.reader.Status(ctx)
}

// Verify implements report.Reader.
func (l limited) Verify(ctx context.Context, progress func(string, int)) (*report.Verification, error) {
	if _, err := l.scope(ctx, "a verification", operating...); err != nil {
		return nil, err
	}
	return l.reader.Verify(ctx, progress)
}

// Overview implements report.Reader.
func (l limited) Overview(ctx context.Context) (*report.Overview, error) {
	s, err := l.scope(ctx, "the overview", operating...)
	if err != nil {
		return nil, err
	}
	o, err := l.reader.Overview(ctx)
	if err != nil || s.seesAll() {
		return o, err
	}
	bare := *o
	bare.Balances, bare.Quarter, bare.Months, bare.Periods = report.Balances{}, report.Movement{}, []report.Month{}, withoutAmounts(o.Periods)
	return &bare, nil
}

// Periods implements report.Reader.
func (l limited) Periods(ctx context.Context) (*report.PeriodList, error) {
	s, err := l.scope(ctx, "the list of periods", everybody...)
	if err != nil {
		return nil, err
	}
	p, err := l.reader.Periods(ctx)
	if err != nil || s.seesAll() {
		return p, err
	}
	bare := *p
	bare.Periods = withoutAmounts(p.Periods)
	return &bare, nil
}

// withoutAmounts leaves out what everybody together is paid: such amounts are
// empty.
func withoutAmounts(periods []report.PeriodState) []report.PeriodState {
	out := slices.Clone(periods)
	for i := range out {
		out[i].Requested, out[i].Totals = "", report.Movement{}
	}
	return out
}

// LockPreview implements report.Reader.
func (l limited) LockPreview(ctx context.Context, period civil.Quarter) (*report.LockPreview, error) {
	if _, err := l.scope(ctx, "the preview of a lock", closing...); err != nil {
		return nil, err
	}
	return l.reader.LockPreview(ctx, period)
}

// WhatIf implements report.Reader.
func (l limited) WhatIf(ctx context.Context, plan []byte) (*report.WhatIf, error) {
	if _, err := l.scope(ctx, "a comparison of plans", closing...); err != nil {
		return nil, err
	}
	return l.reader.WhatIf(ctx, plan)
}

// WhatIfByID implements report.Reader.
func (l limited) WhatIfByID(ctx context.Context, id string) (*report.WhatIf, error) {
	if _, err := l.scope(ctx, "a comparison of plans", closing...); err != nil {
		return nil, err
	}
	return l.reader.WhatIfByID(ctx, id)
}
