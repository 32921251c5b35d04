// Package web answers questions about a ledger over HTTP, as JSON, and asks
// them: the server is a running worker's, the client is the command line's. The
// server also takes decisions, as events to be published.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log" //nolint:depguard // net/http takes no other logger
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/decision"
	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/pages"
	"github.com/trueup/trueup/internal/report"
)

// Options say how a server answers. The zero value is fine for a server on
// loopback.
type Options struct {
	// Listen is the host:port the server listens on; requests for its host are
	// answered, as those for loopback always are.
	Listen string
	// Ready lists the parts of the worker, and why they cannot do their work now;
	// nil: it always can.
	Ready func() []Part
	// Metrics serves how the worker does, with amounts or without; nil: nothing
	// does.
	Metrics func(amounts bool) http.Handler
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
	// Clock is the worker's, which may be played; nil: as of the latest arrival.
	Clock func() time.Time
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
	Publish func(context.Context, []decision.Message) error
	// Entitled says why the plans let nobody of a role in the company decide
	// something; nil: that is seen when the event comes to the ledger.
	Entitled func(event.Event) error
	Tenant   string
	Log      zerolog.Logger
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
		clock := o.Clock // by which decisions are dated
		if clock == nil {
			clock = o.Now
		}
		s.desk = decision.NewDesk(o.Tenant, s.reader, o.Publish, clock)
		s.desk.Entitled = o.Entitled
	}
	mux := s.mux()
	if o.Tokens != nil {
		s.sessions = access.NewSessions(o.Tokens)
		mux.HandleFunc(loginPath, s.dispatch(map[string]http.HandlerFunc{http.MethodGet: s.login, http.MethodPost: s.signIn}))
		mux.HandleFunc(logoutPath, s.dispatch(map[string]http.HandlerFunc{http.MethodPost: s.logout}))
	}
	s.pages = pages.New(func(*http.Request) report.Reader { return s.reader }, pages.Options{
		Who: s.asker, MayAct: s.mayAct, Entitled: s.entitled, SignIn: o.Tokens != nil, Code: func(err error) int { code, _, _ := failed(err); return code }, Clock: o.Clock, Log: o.Log,
	})
	mux.HandleFunc("/", s.page)
	return &Server{s.guard(mux), s}
}

type server struct {
	reader    report.Reader
	opts      Options
	pages     *pages.Pages
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
	Parts []Part `json:"parts,omitempty"` // of a worker that is not ready
}

// fail answers with an error, and logs those that are this side's.
func (s *server) fail(w http.ResponseWriter, req *http.Request, err error) {
	code, later, body := failed(err)
	if code == http.StatusInternalServerError && req.Context().Err() == nil { // else nobody hears the answer
		s.opts.Log.Error().Err(err).Str(field.Path, req.Pattern).Msg("question not answered")
	}
	if later {
		w.Header().Set("Retry-After", "10")
	}
	if s.person(req) {
		s.pages.Problem(w, req, code, body.Error)
		return
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
	if parts, is := errors.AsType[unready](err); is {
		body.Parts = parts
		return http.StatusServiceUnavailable, false, body
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
	if _, is := errors.AsType[decision.Unpublished](err); is {
		return http.StatusServiceUnavailable, true, body
	}
	if _, is := errors.AsType[report.Mistake](err); is {
		return http.StatusBadRequest, false, body
	}
	if _, is := errors.AsType[report.Working](err); is {
		return http.StatusServiceUnavailable, true, body
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
		s.opts.Log.Debug().Err(err).Str(field.Path, req.Pattern).Msg("answer not written whole")
	}
}

// person reports whether a browser shows the answer to somebody: a page, or what
// became of a form.
func (s *server) person(req *http.Request) bool {
	form := req.Method == http.MethodPost && isForm(req.Header)
	return s.pages != nil && strings.Contains(req.Header.Get("Accept"), "text/html") && (form || !strings.HasPrefix(req.URL.Path, "/v1/"))
}

// asker is who asks for a page.
func (s *server) asker(req *http.Request) pages.Asker {
	p, known := access.Of(req.Context())
	if !known || s.opts.Tokens == nil {
		return pages.Asker{}
	}
	return pages.Asker{Name: p.Name, Role: string(p.Role), Payee: string(p.Payee)}
}

// mayAct reports whether whoever asks for a page may decide something.
func (s *server) mayAct(req *http.Request, action string) bool {
	p, known := access.Of(req.Context())
	return known && s.desk != nil && slices.ContainsFunc(decision.Actions(), func(a decision.Action) bool {
		return a.Name == action && p.Is(a.Roles...)
	})
}

// entitled says why the role in the company of whoever asks for a page lets them
// not decide something that they may else.
func (s *server) entitled(req *http.Request, action string) error {
	p, known := access.Of(req.Context())
	if !known || s.desk == nil {
		return access.Forbidden{Text: "nobody is known to ask"}
	}
	return s.desk.MayTake(action, p)
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
