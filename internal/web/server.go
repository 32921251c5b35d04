// Package web answers questions about a ledger over HTTP, as JSON, and asks
// them: the server is a running worker's, the client is the command line's. The
// server also takes decisions, as events to be published.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log" //nolint:depguard // net/http takes no other logger
	"net/http"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/decision"
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
	// Now is the time of day: how long a client may leave a long answer unread,
	// how often it may ask, how long its token holds. Nil: nothing of that is
	// bounded, and there can be no Tokens and no Publish.
	Now func() time.Time
	// Tokens are of those who may ask; nil: whoever reaches the server may, and
	// decides nothing.
	Tokens *access.Tokens
	// Organisation says whose statements a manager sees; nil: their own.
	Organisation *access.Organisation
	// TLS is the certificate that the server shows, whose names are the server's
	// too; nil: it speaks plain HTTP.
	TLS func() *tls.Certificate
	// Live tells pages what is recorded while they are open; nil: nothing does.
	Live Feed
	// Publish hands over what was decided, for Tenant; nil: nothing can be.
	Publish func(context.Context, decision.Message) error
	Tenant  string
	Log     zerolog.Logger
}

// Server answers over HTTP, and what it answers there it answers elsewhere too.
type Server struct {
	http.Handler
	server *server
}

// NewServer serves what r answers to whoever asks, and takes decisions.
func NewServer(r report.Reader, o Options) *Server {
	s := &server{
		reader: access.ByAsker(r, o.Organisation), opts: o, verifying: make(chan struct{}, 1), copying: make(chan struct{}, 1),
		listening: make(chan struct{}, mostListeners),
		clients:   newThrottle(askRate, askBurst), failures: newThrottle(failRate, failBurst), origins: http.NewCrossOriginProtection(),
	}
	if o.Publish != nil {
		s.desk = decision.NewDesk(o.Tenant, s.reader, o.Publish, o.Now)
	}
	mux := s.mux()
	if o.Tokens != nil {
		s.sessions = access.NewSessions(o.Tokens)
		mux.HandleFunc(loginPath, s.dispatch(map[string]http.HandlerFunc{http.MethodGet: s.login, http.MethodPost: s.signIn}))
		mux.HandleFunc(logoutPath, s.dispatch(map[string]http.HandlerFunc{http.MethodPost: s.logout}))
	}
	mux.HandleFunc("/{$}", s.dispatch(map[string]http.HandlerFunc{http.MethodGet: s.index}))
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		s.fail(w, req, report.NotFound{What: "page", ID: req.URL.Path})
	})
	return &Server{s.guard(mux), s}
}

type server struct {
	reader    report.Reader
	opts      Options
	verifying chan struct{} // holds one while a verification is under way
	copying   chan struct{} // holds one while a snapshot is under way
	listening chan struct{} // holds one for each page that listens

	sessions *access.Sessions // nil: there are no tokens
	desk     *decision.Desk   // nil: no decisions are taken
	clients  *throttle
	failures *throttle // of tokens that are nobody's
	origins  *http.CrossOriginProtection
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
	code  int
	text  string
	later bool // it is worth asking again
}

func (r refusal) Error() string { return r.text }

func badRequestf(format string, args ...any) error {
	return refusal{code: http.StatusBadRequest, text: fmt.Sprintf(format, args...)}
}

// Failure is the body of every answer that is no answer. What and ID say what
// was not found.
type Failure struct {
	Error string `json:"error"`
	What  string `json:"what,omitempty"`
	ID    string `json:"id,omitempty"`
}

// fail answers with an error, and logs those that are this side's.
func (s *server) fail(w http.ResponseWriter, req *http.Request, err error) {
	code, later, body := failed(err)
	if code == http.StatusInternalServerError && req.Context().Err() == nil { // else nobody hears the answer
		s.opts.Log.Error().Err(err).Str("path", req.Pattern).Msg("question not answered")
	}
	if later {
		w.Header().Set("Retry-After", "10")
	}
	s.write(w, req, code, body)
}

// failed is what is answered in place of an answer, and whether it is worth
// asking again.
func failed(err error) (code int, later bool, body Failure) {
	body = Failure{Error: err.Error()}
	if missing, is := errors.AsType[report.NotFound](err); is {
		body.What, body.ID = missing.What, missing.ID
		return http.StatusNotFound, false, body
	}
	if refused, is := errors.AsType[refusal](err); is {
		return refused.code, refused.later, body
	}
	if _, is := errors.AsType[access.Forbidden](err); is {
		return http.StatusForbidden, false, body
	}
	if _, is := errors.AsType[decision.Conflict](err); is {
		return http.StatusConflict, false, body
	}
	if _, is := errors.AsType[report.Mistake](err); is {
		return http.StatusBadRequest, false, body
	}
	if _, is := errors.AsType[report.Busy](err); is {
		return http.StatusConflict, true, body
	}
	return http.StatusInternalServerError, false, body
}

// write sends v as JSON. A client that went away is no concern of ours; what
// cannot be written as JSON is a bug in this repository.
func (s *server) write(w http.ResponseWriter, req *http.Request, code int, v any) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(code)
	if err := report.Render(w, report.JSON, v); err != nil && req.Context().Err() == nil {
		s.opts.Log.Debug().Err(err).Str("path", req.Pattern).Msg("answer not written whole")
	}
}

func (s *server) index(w http.ResponseWriter, req *http.Request) {
	if _, err := (Operation{}).queried(req.URL.RawQuery); err != nil {
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
<style>` + pageStyle + `</style>
<h1>trueup</h1>
<p>This worker answers in JSON. Decisions are taken with POST, and are events: nothing here writes the ledger.</p>
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
