package web

import (
	"context"
	"net/url"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// payeeView answers with a payee's quarter as its page shows it.
func (s *server) payeeView(q question) (any, error) {
	f, err := q.filter()
	if err != nil {
		return nil, err
	}
	f.Payee = event.PayeeID(q.PathValue("id"))
	return s.reader.PayeeView(q.Context(), f)
}

// PayeeView implements report.Reader.
func (c *client) PayeeView(ctx context.Context, f report.Filter) (*report.PayeeView, error) {
	q := narrowed(f)
	q.Del("payee")
	return one[report.PayeeView](ctx, c, patience, "/v1/payees/"+url.PathEscape(string(f.Payee)), q)
}
