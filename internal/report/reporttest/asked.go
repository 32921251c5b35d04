package reporttest

import (
	"context"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// Overview implements report.Reader.
func (r Reader) Overview(context.Context) (*report.Overview, error) {
	return report.BuildOverview(r.Setting, r.Played)
}

// Payees implements report.Reader.
func (r Reader) Payees(_ context.Context, q report.PayeesQuery) (*report.PayeeList, error) {
	return report.BuildPayees(r.Setting, r.Played, q)
}

// Timeline implements report.Reader.
func (r Reader) Timeline(_ context.Context, account event.AccountID) (*report.Timeline, error) {
	return report.BuildTimeline(r.Setting, r.Played, account)
}

// Periods implements report.Reader.
func (r Reader) Periods(context.Context) (*report.PeriodList, error) {
	return report.BuildPeriods(r.Setting, r.Played)
}

// LockPreview implements report.Reader.
func (r Reader) LockPreview(_ context.Context, q civil.Quarter) (*report.LockPreview, error) {
	return report.BuildLockPreview(r.Setting, r.Played, q)
}

// WhatIf implements report.Reader: nothing is compared.
func (r Reader) WhatIf(context.Context, []byte) (*report.WhatIf, error) {
	return nil, report.Mistake{Text: "plans are compared by a running worker"}
}

// WhatIfByID implements report.Reader.
func (r Reader) WhatIfByID(_ context.Context, id string) (*report.WhatIf, error) {
	return nil, report.NotFound{What: "comparison", ID: id}
}
