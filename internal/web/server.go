// Package web answers questions about a ledger over HTTP, as JSON, and asks
// them: the server is a running worker's, the client is the command line's.
package web

import (
	"context"
	"errors"
	"fmt"
	"log" //nolint:depguard // net/http takes no other logger
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/pages"
	"github.com/trueup/trueup/internal/report"
)

// Options say how a server answers. The zero value is fine for a server on
// loopback.
type Options struct {
	// Listen is the host:port the server listens on; requests for its host are
	// answered, as those for loopback always are.
	Listen string
	// Ready says why the worker cannot do its work now; nil: it always can.
	Ready func(context.Context) error
	// Snapshot is the ledger file of this moment, at its start, for the server to
	// close; nil: there is none to give.
	Snapshot func() (*os.File, error)
	// Ending is closed when the worker is to stop: what a client takes long to
	// read is broken off then; nil: it is not.
	Ending <-chan struct{}
	// Now bounds how long a client may leave a long answer unread; nil: it may.
	Now func() time.Time
	// Clock is the worker's, which may be played; nil: as of the latest arrival.
	Clock func() time.Time
	Log   zerolog.Logger
}

// NewServer serves what r answers. It only reads.
func NewServer(r report.Reader, o Options) http.Handler {
	s := &server{reader: r, opts: o, pages: pages.New(func(*http.Request) report.Reader { return r }, pages.Options{Clock: o.Clock, Log: o.Log}), verifying: make(chan struct{}, 1), copying: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.page)
	mux.HandleFunc("/healthz", s.healthz)
	mux.HandleFunc("/readyz", s.readyz)
	mux.HandleFunc("/v1/status", s.answer(s.status))
	mux.HandleFunc("/v1/statement", s.answer(s.statement, "payee", "period"))
	mux.HandleFunc("/v1/entries/{id}", s.answer(s.entry))
	mux.HandleFunc("/v1/deals/{id}", s.answer(s.deal, "account"))
	mux.HandleFunc("/v1/books/{id}", s.answer(s.book, "period"))
	mux.HandleFunc("/v1/payees/{id}", s.answer(s.payeeView, "period"))
	mux.HandleFunc("/v1/flags", s.answer(s.flags, "payee", "account", "period"))
	mux.HandleFunc("/v1/journal", s.journal)
	mux.HandleFunc("/v1/sla", s.answer(s.sla, "payee", "status"))
	mux.HandleFunc("/v1/parked", s.answer(s.parked, "state"))
	mux.HandleFunc("/v1/parked/{id}", s.answer(s.parkedByID))
	mux.HandleFunc("/v1/overview", s.answer(s.overview))
	mux.HandleFunc("/v1/payees", s.answer(s.payees, payeesParameters...))
	mux.HandleFunc("/v1/accounts/{id}", s.answer(s.timeline))
	mux.HandleFunc("/v1/periods", s.answer(s.periods))
	mux.HandleFunc("/v1/periods/{period}/preview", s.answer(s.lockPreview))
	mux.HandleFunc("/v1/what-if/{id}", s.answer(s.whatIfByID))
	mux.HandleFunc("/v1/verify", s.verify)
	mux.HandleFunc("/v1/backup", s.backup)
	return s.guard(mux)
}

type server struct {
	reader    report.Reader
	opts      Options
	pages     *pages.Pages
	verifying chan struct{} // holds one while a verification is under way
	copying   chan struct{} // holds one while a snapshot is under way
}

// HTTPServer is a server for h with bounds on what a client can hold. The
// caller listens, and shuts it down.
func HTTPServer(h http.Handler, logger zerolog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(logger, "", 0),
	}
}

// refusal is an answer other than 200 that is the asker's own doing.
type refusal struct {
	code int
	text string
}

func (r refusal) Error() string { return r.text }

func badRequestf(format string, args ...any) error {
	return refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// guard refuses what no page takes, and sets what every answer has.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		h.Set("Referrer-Policy", "no-referrer")
		switch {
		case !s.ours(req.Host):
			s.fail(w, req, refusal{http.StatusMisdirectedRequest, fmt.Sprintf("host %q is not where this worker listens", req.Host)})
		case req.Method != http.MethodGet && req.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			s.fail(w, req, refusal{http.StatusMethodNotAllowed, fmt.Sprintf("method %q is not GET or HEAD: nothing is changed over HTTP", req.Method)})
		default:
			next.ServeHTTP(w, req)
		}
	})
}

// ours reports whether a Host header names this worker. A page of another site
// whose name was made to resolve to loopback has that site's name here.
func (s *server) ours(host string) bool {
	name := hostname(host)
	if strings.EqualFold(name, "localhost") {
		return true
	}
	listen := hostname(s.opts.Listen)
	if ip, err := netip.ParseAddr(name); err == nil {
		on, err := netip.ParseAddr(listen)
		// Listening on all addresses, an address is ours; a name is anybody's.
		return ip.IsLoopback() || listen == "" && s.opts.Listen != "" || err == nil && (on == ip || on.IsUnspecified())
	}
	return listen != "" && strings.EqualFold(name, listen)
}

// hostname is a host:port without the port and the brackets of an IPv6 address.
func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
}

// failure is the body of every answer that is no answer. What and ID say what
// was not found.
type failure struct {
	Error string `json:"error"`
	What  string `json:"what,omitempty"`
	ID    string `json:"id,omitempty"`
}

// fail answers with an error, and logs those that are this side's.
func (s *server) fail(w http.ResponseWriter, req *http.Request, err error) {
	body, code := failure{Error: err.Error()}, http.StatusInternalServerError
	missing, isMissing := errors.AsType[report.NotFound](err)
	refused, isRefused := errors.AsType[refusal](err)
	_, isMistake := errors.AsType[report.Mistake](err)
	_, isBusy := errors.AsType[report.Busy](err)
	switch {
	case isMissing:
		body.What, body.ID, code = missing.What, missing.ID, http.StatusNotFound
	case isRefused:
		code = refused.code
	case isMistake:
		code = http.StatusBadRequest
	case isBusy:
		code = http.StatusConflict
	case req.Context().Err() != nil: // nobody hears the answer
	default:
		s.opts.Log.Error().Err(err).Str("path", req.Pattern).Msg("question not answered")
	}
	s.write(w, req, code, body)
}

// write sends v as JSON. A client that went away is no concern of ours; what
// cannot be written as JSON is a bug in this repository.
func (s *server) write(w http.ResponseWriter, req *http.Request, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := report.Render(w, report.JSON, v); err != nil && req.Context().Err() == nil {
		s.opts.Log.Debug().Err(err).Str("path", req.Pattern).Msg("answer not written whole")
	}
}

// page shows a page to people. A program that asks for one that is not there is
// told so as JSON.
func (s *server) page(w http.ResponseWriter, req *http.Request) {
	if !s.pages.Has(req) && !strings.Contains(req.Header.Get("Accept"), "text/html") {
		s.fail(w, req, report.NotFound{What: "page", ID: req.URL.Path})
		return
	}
	s.pages.ServeHTTP(w, req)
}
