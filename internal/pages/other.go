package pages

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/report"
)

// loginData is where to go on after signing in.
type loginData struct {
	Next  string
	Wrong bool // the token shown is nobody's
	Often bool // and so were many before
}

func (a *asked) login() (view, error) {
	return view{page: "login", title: "Sign in", data: loginData{Next: "/"}}, nil
}

// SignIn shows where a person signs in, and why they are not yet.
func (p *Pages) SignIn(w http.ResponseWriter, req *http.Request, code int, next string) {
	d := loginData{Next: next, Wrong: code == http.StatusUnauthorized, Often: code == http.StatusTooManyRequests}
	p.handler.write(w, p.handler.ask(req), view{page: "login", title: "Sign in", data: d, code: code})
}

// findData is what an id might be.
type findData struct {
	Text  string
	Found []report.PayeeRow
	Of    int
}

// find leads to what an id names: an entry by its form, a payee or an account by
// asking. A deal is asked for only by whoever follows its link, because one that
// nobody has heard of is looked for on every account.
func (a *asked) find() (view, error) {
	text := strings.TrimSpace(a.query.Get("q"))
	if text == "" {
		return view{}, elsewhere("/payees")
	}
	if raw, err := hex.DecodeString(strings.ToLower(text)); err == nil && len(raw) == 16 {
		return view{}, elsewhere(entryPath(strings.ToLower(text)))
	}
	if strings.HasPrefix(text, "p-") {
		if _, err := a.ParkedByID(a.Context(), text); err == nil {
			return view{}, elsewhere(parkedPath(text))
		}
	}
	d := findData{Text: text}
	if list, err := a.Payees(a.shortly(), report.PayeesQuery{Search: text, Limit: fewShown}); err == nil {
		for _, row := range list.Rows {
			if row.PayeeID == text || row.EmployeeID == text {
				return view{}, elsewhere(payeePath(row.PayeeID))
			}
		}
		d.Found, d.Of = list.Rows, list.Of
	}
	if _, err := a.Timeline(a.Context(), event.AccountID(text)); err == nil {
		return view{}, elsewhere(accountPath(text))
	}
	return view{page: "find", title: "Find " + text, data: d}, nil
}

// missing is any address that no page has.
func (a *asked) missing() (view, error) {
	return view{}, report.NotFound{What: "page", ID: a.URL.Path}
}

// problemData says what is wrong, and what to do.
type problemData struct {
	Title, Text string
	Login       bool
	Again       bool
	Working     *report.Working // the answer comes by itself
}

// problem is the page that says why there is no other.
func (a *asked) problem(err error) view {
	missing, isMissing := errors.AsType[report.NotFound](err)
	mistake, isMistake := errors.AsType[report.Mistake](err)
	bad, isBad := errors.AsType[badRequest](err)
	busy, isBusy := errors.AsType[report.Busy](err)
	working, isWorking := errors.AsType[report.Working](err)
	_, isOthers := errors.AsType[notYours](err)
	code := 0
	if a.handler.opts.Code != nil {
		code = a.handler.opts.Code(err)
	}
	switch {
	case isMissing:
		return problemView(http.StatusNotFound, "There is no "+missing.What+" "+missing.ID+".")
	case isMistake:
		return problemView(http.StatusBadRequest, mistake.Text)
	case isWorking:
		return workingView(working)
	case isOthers:
		return problemView(http.StatusForbidden, err.Error())
	case isBad:
		return problemView(http.StatusBadRequest, bad.text)
	case isBusy:
		return problemView(http.StatusServiceUnavailable, busy.Error()+".")
	case code != 0 && code != http.StatusInternalServerError:
		return problemView(code, err.Error())
	case a.Context().Err() != nil: // nobody reads it
	default:
		a.handler.opts.Log.Error().Err(err).Str(field.Path, a.Pattern).Msg("page not answered")
	}
	return problemView(http.StatusInternalServerError, "The worker could not answer: "+err.Error()+".")
}

// workingView is shown until an answer is worked out: the page is loaded again by
// itself.
func workingView(w report.Working) view {
	d := problemData{Title: "One moment", Text: w.What + " is being worked out.", Working: &w}
	return view{page: "problem", title: d.Title, data: d, code: http.StatusServiceUnavailable, again: lookAgain}
}

// lookAgain is after how many seconds a page is loaded again whose answer is
// being worked out.
const lookAgain = "2"

func problemView(code int, text string) view {
	d := problemData{Text: text}
	switch code {
	case http.StatusNotFound:
		d.Title = "Not found"
	case http.StatusForbidden:
		d.Title, d.Login = "Not for you", true
	case http.StatusUnauthorized:
		d.Title, d.Login = "Sign in first", true
	case http.StatusBadRequest:
		d.Title = "That cannot be asked"
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		d.Title, d.Again = "Not just now", true
	default:
		d.Title, d.Again = "Something is wrong", true
	}
	return view{page: "problem", title: d.Title, data: d, code: code}
}

// Problem answers with the page that says why there is no other: for what is
// refused before a page is asked.
func (p *Pages) Problem(w http.ResponseWriter, req *http.Request, code int, text string) {
	p.handler.write(w, p.handler.ask(req), problemView(code, text))
}
