package reporttest

import (
	"context"
	"errors"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

var errNotYet = errors.New("not yet")

// Overview implements report.Reader.
func (r Reader) Overview(context.Context) (*report.Overview, error) { return nil, errNotYet }

// Payees implements report.Reader.
func (r Reader) Payees(context.Context, report.PayeesQuery) (*report.PayeeList, error) {
	return nil, errNotYet
}

// Timeline implements report.Reader.
func (r Reader) Timeline(context.Context, event.AccountID) (*report.Timeline, error) {
	return nil, errNotYet
}

// Periods implements report.Reader.
func (r Reader) Periods(context.Context) (*report.PeriodList, error) { return nil, errNotYet }

// LockPreview implements report.Reader.
func (r Reader) LockPreview(context.Context, civil.Quarter) (*report.LockPreview, error) {
	return nil, errNotYet
}

// WhatIf implements report.Reader.
func (r Reader) WhatIf(context.Context, []byte) (*report.WhatIf, error) { return nil, errNotYet }

// WhatIfByID implements report.Reader.
func (r Reader) WhatIfByID(context.Context, string) (*report.WhatIf, error) { return nil, errNotYet }
