// Package web answers questions about a ledger over HTTP, as JSON, and asks
// them: the server is a running worker's, the client is the command line's.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log" //nolint:depguard // net/http takes no other logger
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

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
	Log zerolog.Logger
}

// NewServer serves what r answers. It only reads.
func NewServer(r report.Reader, o Options) http.Handler {
	s := &server{reader: r, opts: o, verifying: make(chan struct{}, 1), copying: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", s.index)
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		s.fail(w, req, report.NotFound{What: "page", ID: req.URL.Path})
	})
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

func (s *server) index(w http.ResponseWriter, req *http.Request) {
	if _, err := query(req); err != nil {
		s.fail(w, req, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, indexPage) // a client that went away
}

const indexPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>trueup</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:50rem}code{font-size:.95em}</style>
<h1>trueup</h1>
<p>This worker answers in JSON. It only reads: nothing is changed over HTTP.</p>
<ul>
<li><a href="/v1/status">/v1/status</a>: where the worker stands</li>
<li><a href="/v1/overview">/v1/overview</a>: what is earned, held, payable and taken back, what is late, what waits for somebody</li>
<li><a href="/v1/payees">/v1/payees</a>: payees with their quarter; <code>?period=2027-Q1&amp;role=csm&amp;sort=earned&amp;order=desc&amp;limit=20</code>, <code>team</code>, <code>manager</code>, <code>search</code>, <code>offset</code></li>
<li><code>/v1/accounts/ACCOUNT</code>: an account over time: ARR, terms, owners, health, deals and their windows</li>
<li><a href="/v1/periods">/v1/periods</a>: the quarters and how far each has come; <code>/v1/periods/2027-Q1/preview</code>: what a lock now would freeze</li>
<li><a href="/v1/statement">/v1/statement</a>: every payee's statement; narrow it with <code>?payee=csm-1&amp;period=2027-Q1</code></li>
<li><code>/v1/entries/ID</code>: one entry: its rule and the numbers it is worked out of, and the facts behind it</li>
<li><code>/v1/deals/OPPORTUNITY</code>: why a deal earned what it did, or nothing; where several accounts have it, <code>?account=acct-1</code></li>
<li><code>/v1/books/PAYEE</code>: a payee's accounts, measures and flags; <code>?period=2027-Q1</code></li>
<li><a href="/v1/flags">/v1/flags</a>: what a person should look at; narrow it with <code>?payee=csm-1</code>, <code>account</code>, <code>period</code></li>
<li><a href="/v1/journal">/v1/journal</a>: every entry in the order posted, one on a line; narrow it as the statement; the last line counts them, or says what went wrong</li>
<li><a href="/v1/sla">/v1/sla</a>: risk interventions, the soonest deadline first; <a href="/v1/sla?status=open">those open</a>, <a href="/v1/sla?status=breached">those breached</a>; or <code>?payee=csm-1</code></li>
<li><a href="/v1/parked">/v1/parked</a>: inputs set aside; <a href="/v1/parked?state=parked">those that wait</a>; <code>/v1/parked/ID</code> has one with its bytes</li>
<li><a href="/v1/verify">/v1/verify</a>: walks the whole ledger and says what is wrong; takes a while</li>
<li><code>/v1/backup</code>: the ledger file of this moment, for <code>trueup backup</code>, which also verifies it</li>
<li><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>: for what watches the worker</li>
</ul>
<p>On the command line: <code>trueup status</code>, <code>trueup statement</code>, <code>trueup explain</code>, <code>trueup book</code>, <code>trueup flags</code>, <code>trueup sla</code>, <code>trueup parked</code>, <code>trueup export</code>, <code>trueup verify</code>, <code>trueup backup</code>.</p>
</html>
`
