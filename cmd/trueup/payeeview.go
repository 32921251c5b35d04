package main

import (
	"context"

	"github.com/trueup/trueup/internal/report"
)

// PayeeView implements report.Reader.
func (r fileReader) PayeeView(_ context.Context, f report.Filter) (*report.PayeeView, error) {
	return aboutOne(r, func(set report.Setting, src report.Source) (*report.PayeeView, error) {
		return report.BuildPayeeView(set, src, f)
	})
}
