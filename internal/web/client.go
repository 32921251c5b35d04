package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

const (
	maxAnswer = 512 << 20 // the statements of a very large tenant
	maxError  = 64 << 10
	patience  = 2 * time.Minute // for any answer but a verification's
)

// client asks a running worker.
type client struct {
	base string
	http *http.Client
	most int64
}

// NewClient asks the worker whose server answers at baseURL, such as
// http://127.0.0.1:8080. A nil hc is a client that follows no redirects.
func NewClient(baseURL string, hc *http.Client) report.Reader { return newClient(baseURL, hc) }

func newClient(baseURL string, hc *http.Client) *client {
	if hc == nil {
		hc = Bearer("")
	}
	return &client{strings.TrimRight(baseURL, "/"), hc, maxAnswer}
}

// CheckURL reports whether a worker can be asked at baseURL.
func CheckURL(baseURL string) error {
	u, err := url.Parse(baseURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q is not the URL of a worker, such as http://127.0.0.1:8080", baseURL)
	}
	return nil
}

// Statement implements report.Reader.
func (c *client) Statement(ctx context.Context, f report.Filter) (*report.Document, error) {
	return one[report.Document](ctx, c, patience, "/v1/statement", narrowed(f))
}

// narrowed asks for a payee and a period.
func narrowed(f report.Filter) url.Values {
	q := url.Values{}
	set(q, "payee", string(f.Payee))
	if f.Period != nil {
		q.Set("period", f.Period.String())
	}
	return q
}

// Entry implements report.Reader.
func (c *client) Entry(ctx context.Context, id string) (*report.Entry, error) {
	e, err := one[report.Entry](ctx, c, patience, "/v1/entries/"+url.PathEscape(id), nil)
	if err != nil {
		return nil, err
	}
	for i, f := range e.Facts { // canonical again: answers are indented
		var canonical bytes.Buffer
		if err := json.Compact(&canonical, f.Event); err != nil {
			return nil, err
		}
		e.Facts[i].Event = canonical.Bytes()
	}
	return e, nil
}

// Deal implements report.Reader.
func (c *client) Deal(ctx context.Context, opportunity event.OpportunityID, account event.AccountID) (*report.Deal, error) {
	q := url.Values{}
	set(q, "account", string(account))
	return one[report.Deal](ctx, c, patience, "/v1/deals/"+url.PathEscape(string(opportunity)), q)
}

// Book implements report.Reader.
func (c *client) Book(ctx context.Context, f report.Filter) (*report.Book, error) {
	q := narrowed(f)
	q.Del("payee")
	return one[report.Book](ctx, c, patience, "/v1/books/"+url.PathEscape(string(f.Payee)), q)
}

// Raised implements report.Reader.
func (c *client) Raised(ctx context.Context, f report.Filter) ([]report.Flag, error) {
	q := narrowed(f)
	set(q, "account", string(f.Account))
	return ask[[]report.Flag](ctx, c, patience, "/v1/flags", q)
}

// SLA implements report.Reader.
func (c *client) SLA(ctx context.Context, f report.Filter) ([]report.Episode, error) {
	q := url.Values{}
	set(q, "payee", string(f.Payee))
	set(q, "status", f.Status)
	return ask[[]report.Episode](ctx, c, patience, "/v1/sla", q)
}

// Parked implements report.Reader.
func (c *client) Parked(ctx context.Context, state string) ([]report.Parked, error) {
	q := url.Values{}
	set(q, "state", state)
	return ask[[]report.Parked](ctx, c, patience, "/v1/parked", q)
}

// ParkedByID implements report.Reader.
func (c *client) ParkedByID(ctx context.Context, id string) (*report.Parked, error) {
	return one[report.Parked](ctx, c, patience, "/v1/parked/"+url.PathEscape(id), nil)
}

// Status implements report.Reader.
func (c *client) Status(ctx context.Context) (*report.Status, error) {
	return one[report.Status](ctx, c, patience, "/v1/status", nil)
}

func set(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

// one asks a question whose answer is one thing.
func one[T any](ctx context.Context, c *client, wait time.Duration, path string, q url.Values) (*T, error) {
	answer, err := ask[T](ctx, c, wait, path, q)
	if err != nil {
		return nil, err
	}
	return &answer, nil
}

// ask asks one question and waits for the answer, without end where wait is 0.
func ask[T any](ctx context.Context, c *client, wait time.Duration, path string, q url.Values) (answer T, err error) {
	if wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, wait)
		defer cancel()
	}
	body, err := c.get(ctx, path, q)
	if err != nil {
		return answer, err
	}
	defer body.Close()
	err = c.read(ctx, body, &answer)
	return answer, err
}

// get is what is answered to one question, for the caller to read and close.
func (c *client) get(ctx context.Context, path string, q url.Values) (io.ReadCloser, error) {
	resp, err := c.open(ctx, path, q)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// open is the answer to one question, whose body is for the caller to close.
func (c *client) open(ctx context.Context, path string, q url.Values) (*http.Response, error) {
	if err := CheckURL(c.base); err != nil {
		return nil, err
	}
	target := c.base + path
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if httptrace.ContextClientTrace(ctx) != nil { // somebody listens to what comes before the answer
		req.Header.Set(progressHeader, "1")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, c.refused(resp)
	}
	return resp, nil
}

// unreachable says in one line why no answer came.
func (c *client) unreachable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
		return cause
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return fmt.Errorf("no worker answers at %s; start one with trueup run, or read a stopped worker's file with --db FILE", c.base)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the worker at %s does not answer in time", c.base)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fmt.Errorf("the worker at %s: %w", c.base, err)
}

// refused is the error in an answer other than 200.
func (c *client) refused(resp *http.Response) error {
	var body Failure
	err := json.NewDecoder(io.LimitReader(resp.Body, maxError)).Decode(&body)
	switch {
	case err != nil || body.Error == "":
		return fmt.Errorf("what answers at %s is not a trueup worker: %s", c.base, resp.Status)
	case resp.StatusCode == http.StatusNotFound && body.What != "":
		return report.NotFound{What: body.What, ID: body.ID}
	}
	return fmt.Errorf("the worker at %s: %s", c.base, body.Error)
}

// read decodes an answer that is one JSON value.
func (c *client) read(ctx context.Context, from io.Reader, into any) error {
	body := &io.LimitedReader{R: from, N: c.most + 1}
	err := json.NewDecoder(body).Decode(into)
	switch {
	case err == nil:
		return nil
	case body.N <= 0:
		return fmt.Errorf("the answer of the worker at %s is larger than %d MiB; ask for one payee or period", c.base, c.most>>20)
	case ctx.Err() != nil:
		return c.unreachable(ctx, context.Cause(ctx))
	}
	return fmt.Errorf("the answer of the worker at %s cannot be read: %w", c.base, err)
}
