package pages

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
)

// asked is a request for a page, and who answers it.
type asked struct {
	*http.Request
	report.Reader
	handler *handler
	query   url.Values
	who     Asker
	refused *Refused // the form that was sent; nil: none was, or it was taken
}

func (h *handler) ask(req *http.Request) *asked {
	a := &asked{Request: req, Reader: h.reader(req), handler: h, query: req.URL.Query()}
	if h.opts.Who != nil {
		a.who = h.opts.Who(req)
	}
	return a
}

// shell is what the layout shows around a page.
type shell struct {
	Title   string
	Place   string
	Tenant  string
	AsOf    string // as the answer says
	Clock   string // the worker's, RFC 3339
	Who     Asker
	SignIn  bool
	Acts    bool // whoever looks may decide something
	May     map[string]bool
	Self    string // the page's own address
	Query   string // what was looked for
	Sent    *sent
	Refused *Refused
	Key     string // of the forms on the page: what is sent twice acts once
	Data    any
}

func (a *asked) shell(v view) shell {
	self := a.URL.EscapedPath()
	if a.URL.RawQuery != "" {
		self += "?" + a.query.Encode()
	}
	s := shell{
		Title: v.title, Place: v.place, Tenant: v.tenant, AsOf: v.asOf, Who: a.who, SignIn: a.handler.opts.SignIn, May: map[string]bool{}, Self: self,
		Query: a.query.Get("q"), Sent: v.sent, Refused: a.refused, Data: v.data,
	}
	if s.Sent == nil {
		s.Sent = a.sent()
	}
	if at := a.clock(v.asOf); !at.IsZero() {
		s.Clock = at.UTC().Format(time.RFC3339)
	}
	for _, action := range []string{"lock", "reopen", "confirm", "retry", "discard", "adjust", "dispute", "decide", "approve"} {
		s.May[action] = a.mayAct(action)
		s.Acts = s.Acts || s.May[action]
	}
	if s.Acts {
		var key [16]byte
		_, _ = rand.Read(key[:]) // never fails
		s.Key = "page-" + hex.EncodeToString(key[:])
	}
	if a.refused != nil && v.code == http.StatusServiceUnavailable { // it may have left: again it is the same
		s.Key = a.refused.Form.Get("key")
	}
	return s
}

// patience is how long a page waits for an answer that is being worked out,
// before it says so.
const patience = 700 * time.Millisecond

// shortly is the context of a question that may take longer than a page waits.
func (a *asked) shortly() context.Context {
	ctx, cancel := context.WithTimeout(a.Context(), patience)
	context.AfterFunc(a.Context(), cancel)
	return ctx
}

// mayAct says whether whoever looks may take a kind of decision.
func (a *asked) mayAct(action string) bool {
	return a.handler.opts.MayAct != nil && a.handler.opts.MayAct(a.Request, action)
}

// clock is what time it is for the worker: by its clock, or else as of what was
// answered.
func (a *asked) clock(asOf string) time.Time {
	if a.handler.opts.Clock != nil {
		return a.handler.opts.Clock()
	}
	at, _ := instantOf(asOf)
	return at
}

// standing is the tenant, and as of when it is looked at, where the answer to a
// page does not say. Whoever may not ask gets a page without.
func (a *asked) standing(v view) view {
	if st, err := a.Status(a.Context()); err == nil {
		v.tenant, v.asOf = st.Tenant, st.AsOf.UTC().Format(time.RFC3339)
	}
	return v
}

// sent is an action that was sent from a page, which shows whether it is applied.
type sent struct {
	ID      string
	Tries   int            // that a parked event had before it was tried again
	Applied string         // what became of it, where the page knows
	Parked  *report.Parked // where it could not be applied
}

// Follows reports whether the page is to be loaded again until it is known.
func (s *sent) Follows() bool { return s.Applied == "" && s.Parked == nil }

// sent reads what the actions' answer put into the address, and looks whether
// that was parked, as far as whoever looks may see it.
func (a *asked) sent() *sent {
	id := a.query.Get("sent")
	if id == "" {
		return nil
	}
	tries, _ := strconv.Atoi(a.query.Get("tries"))
	out := &sent{ID: id, Tries: tries}
	list, _ := a.Parked(a.Context(), "parked") // who may not see it is told less
	for i := range list {
		if p := &list[i]; p.Source == decisionSource && (p.ID == id || strings.HasPrefix(p.ID, id+"/")) {
			out.Parked = p
		}
	}
	return out
}

// decisionSource is the source of what is decided here, as an event.
const decisionSource = "trueup/web"

// quarter is the period of the query; nil: none is asked for.
func (a *asked) quarter() (*civil.Quarter, error) {
	text := a.query.Get("period")
	if text == "" {
		return nil, nil
	}
	q, err := civil.ParseQuarter(text)
	if err != nil {
		return nil, badRequest{err.Error()}
	}
	return &q, nil
}

// badRequest is a mistake in what was asked.
type badRequest struct{ text string }

func (e badRequest) Error() string { return e.text }
