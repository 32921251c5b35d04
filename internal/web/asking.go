package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// Overview implements report.Reader.
func (c *client) Overview(ctx context.Context) (*report.Overview, error) {
	return one[report.Overview](ctx, c, patience, "/v1/overview", nil)
}

// Payees implements report.Reader. Among is for whoever answers.
func (c *client) Payees(ctx context.Context, p report.PayeesQuery) (*report.PayeeList, error) {
	q := url.Values{}
	if p.Period != nil {
		q.Set("period", p.Period.String())
	}
	for name, value := range map[string]string{
		"role": string(p.Role), "team": p.Team, "manager": string(p.Manager), "search": p.Search, "sort": p.Sort, "order": p.Order,
	} {
		set(q, name, value)
	}
	for name, n := range map[string]int{"offset": p.Offset, "limit": p.Limit} {
		if n != 0 {
			q.Set(name, fmt.Sprint(n))
		}
	}
	return one[report.PayeeList](ctx, c, patience, "/v1/payees", q)
}

// Timeline implements report.Reader.
func (c *client) Timeline(ctx context.Context, account event.AccountID) (*report.Timeline, error) {
	return one[report.Timeline](ctx, c, patience, "/v1/accounts/"+url.PathEscape(string(account)), nil)
}

// Periods implements report.Reader.
func (c *client) Periods(ctx context.Context) (*report.PeriodList, error) {
	return one[report.PeriodList](ctx, c, patience, "/v1/periods", nil)
}

// LockPreview implements report.Reader.
func (c *client) LockPreview(ctx context.Context, period civil.Quarter) (*report.LockPreview, error) {
	return one[report.LockPreview](ctx, c, patience, "/v1/periods/"+period.String()+"/preview", nil)
}

// WhatIf implements report.Reader.
func (c *client) WhatIf(ctx context.Context, plan []byte) (*report.WhatIf, error) {
	if err := CheckURL(c.base); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/what-if", bytes.NewReader(plan))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/yaml")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return nil, c.refused(resp)
	}
	var begun report.WhatIf
	return &begun, c.read(ctx, resp.Body, &begun)
}

// WhatIfByID implements report.Reader.
func (c *client) WhatIfByID(ctx context.Context, id string) (*report.WhatIf, error) {
	return one[report.WhatIf](ctx, c, patience, "/v1/what-if/"+url.PathEscape(id), nil)
}
