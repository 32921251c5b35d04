package web

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// question is a request whose query was checked.
type question struct {
	*http.Request
	query url.Values
}

// answer makes a handler that takes the named query parameters.
func (s *server) answer(of func(question) (any, error), parameters ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		q, err := query(req, parameters...)
		if err != nil {
			s.fail(w, req, err)
			return
		}
		v, err := of(question{req, q})
		if err != nil {
			s.fail(w, req, err)
			return
		}
		s.write(w, req, http.StatusOK, v)
	}
}

// query is a request's query, each of the parameters at most once and no others.
func query(req *http.Request, parameters ...string) (url.Values, error) {
	q, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return nil, badRequestf("query %q cannot be read: %v", req.URL.RawQuery, err)
	}
	for name, values := range q {
		switch {
		case !slices.Contains(parameters, name) && len(parameters) == 0:
			return nil, badRequestf("parameter %q: this page takes none", name)
		case !slices.Contains(parameters, name):
			return nil, badRequestf("parameter %q is not one of %s", name, strings.Join(parameters, ", "))
		case len(values) > 1:
			return nil, badRequestf("parameter %q is there %d times", name, len(values))
		}
	}
	return q, nil
}

// oneOf is a parameter's value from a closed list, or empty.
func (q question) oneOf(name string, allowed []string) (string, error) {
	v := q.query.Get(name)
	if v != "" && !slices.Contains(allowed, v) {
		return "", badRequestf("parameter %q: %q is not one of %s", name, v, strings.Join(allowed, ", "))
	}
	return v, nil
}

func (s *server) status(q question) (any, error) { return s.reader.Status(q.Context()) }

func (s *server) statement(q question) (any, error) {
	f, err := q.filter()
	if err != nil {
		return nil, err
	}
	return s.reader.Statement(q.Context(), f)
}

// filter is a payee and a period, where they are asked for.
func (q question) filter() (report.Filter, error) {
	f := report.Filter{Payee: event.PayeeID(q.query.Get("payee"))}
	if text := q.query.Get("period"); text != "" {
		period, err := civil.ParseQuarter(text)
		if err != nil {
			return f, badRequestf("parameter \"period\": %v", err)
		}
		f.Period = &period
	}
	return f, nil
}

func (s *server) entry(q question) (any, error) {
	id := strings.ToLower(q.PathValue("id"))
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != entryIDBytes {
		return nil, badRequestf("entry id %q is not %d hexadecimal digits", q.PathValue("id"), 2*entryIDBytes)
	}
	return s.reader.Entry(q.Context(), id)
}

const entryIDBytes = 16

func (s *server) deal(q question) (any, error) {
	return s.reader.Deal(q.Context(), event.OpportunityID(q.PathValue("id")), event.AccountID(q.query.Get("account")))
}

func (s *server) book(q question) (any, error) {
	f, err := q.filter()
	if err != nil {
		return nil, err
	}
	f.Payee = event.PayeeID(q.PathValue("id"))
	return s.reader.Book(q.Context(), f)
}

func (s *server) flags(q question) (any, error) {
	f, err := q.filter()
	if err != nil {
		return nil, err
	}
	f.Account = event.AccountID(q.query.Get("account"))
	return s.reader.Raised(q.Context(), f)
}

func (s *server) sla(q question) (any, error) {
	status, err := q.oneOf("status", report.EpisodeStatuses())
	if err != nil {
		return nil, err
	}
	f := report.Filter{Payee: event.PayeeID(q.query.Get("payee")), Status: status}
	episodes, err := s.reader.SLA(q.Context(), f)
	if err != nil {
		return nil, err
	}
	return report.Soonest(episodes, f), nil
}

func (s *server) parked(q question) (any, error) {
	state, err := q.oneOf("state", report.ParkedStates())
	if err != nil {
		return nil, err
	}
	return s.reader.Parked(q.Context(), state)
}

func (s *server) parkedByID(q question) (any, error) {
	return s.reader.ParkedByID(q.Context(), q.PathValue("id"))
}

// verify walks the whole ledger, one asker at a time.
func (s *server) verify(w http.ResponseWriter, req *http.Request) {
	select {
	case s.verifying <- struct{}{}:
		defer func() { <-s.verifying }()
	default:
		w.Header().Set("Retry-After", "10")
		s.fail(w, req, refusal{http.StatusServiceUnavailable, "a verification is under way already"})
		return
	}
	// It may take longer than any answer; what cannot lift the deadline has none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	s.answer(func(q question) (any, error) { return s.reader.Verify(q.Context(), nil) })(w, req)
}

type health struct {
	Status string `json:"status"`
}

// healthz says that the process answers at all.
func (s *server) healthz(w http.ResponseWriter, req *http.Request) {
	s.answer(func(question) (any, error) { return health{"ok"}, nil })(w, req)
}

// readyz says whether the worker does its work.
func (s *server) readyz(w http.ResponseWriter, req *http.Request) {
	s.answer(func(q question) (any, error) {
		if s.opts.Ready != nil {
			if err := s.opts.Ready(q.Context()); err != nil {
				return nil, refusal{http.StatusServiceUnavailable, "not ready: " + err.Error()}
			}
		}
		return health{"ready"}, nil
	})(w, req)
}
