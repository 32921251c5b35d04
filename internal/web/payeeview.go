package web

import (
	"context"
	"net/url"

	"github.com/trueup/trueup/internal/report"
)

// PayeeView implements report.Reader.
func (c *client) PayeeView(ctx context.Context, f report.Filter) (*report.PayeeView, error) {
	q := narrowed(f)
	q.Del("payee")
	return one[report.PayeeView](ctx, c, patience, "/v1/payees/"+url.PathEscape(string(f.Payee)), q)
}
