package main

import (
	"context"
	"errors"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

var errNotYet = errors.New("not yet")

// Overview implements report.Reader.
func (r fileReader) Overview(context.Context) (*report.Overview, error) { return nil, errNotYet }

// Payees implements report.Reader.
func (r fileReader) Payees(context.Context, report.PayeesQuery) (*report.PayeeList, error) {
	return nil, errNotYet
}

// Timeline implements report.Reader.
func (r fileReader) Timeline(context.Context, event.AccountID) (*report.Timeline, error) {
	return nil, errNotYet
}

// Periods implements report.Reader.
func (r fileReader) Periods(context.Context) (*report.PeriodList, error) { return nil, errNotYet }

// LockPreview implements report.Reader.
func (r fileReader) LockPreview(context.Context, civil.Quarter) (*report.LockPreview, error) {
	return nil, errNotYet
}

// WhatIf implements report.Reader.
func (r fileReader) WhatIf(context.Context, []byte) (*report.WhatIf, error) { return nil, errNotYet }

// WhatIfByID implements report.Reader.
func (r fileReader) WhatIfByID(context.Context, string) (*report.WhatIf, error) {
	return nil, errNotYet
}
