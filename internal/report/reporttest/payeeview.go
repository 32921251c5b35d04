package reporttest

import (
	"context"

	"github.com/trueup/trueup/internal/report"
)

// PayeeView implements report.Reader.
func (r Reader) PayeeView(_ context.Context, f report.Filter) (*report.PayeeView, error) {
	return report.BuildPayeeView(r.Setting, r.Played, f)
}
