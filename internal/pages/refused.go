package pages

import (
	"net/http"
	"net/url"
	"strings"
)

// Refused is a form that was sent and could not be taken.
type Refused struct {
	Action string // as internal/decision names it
	Target string // what it is about, as the path of the action has it; empty: it has none
	Form   url.Values
	Why    string
}

// Again shows the page of a form that was refused once more, with everything
// that was written and why it could not be taken. It reports whether there is one.
func (p *Pages) Again(w http.ResponseWriter, req *http.Request, code int, r Refused) bool {
	of := func(name string) string { return r.Form.Get(name) }
	path, query, show := "", url.Values{}, (func(*asked) (view, error))(nil)
	id := r.Target
	switch r.Action {
	case "adjust":
		path, show = payeePath(id)+"/adjust", (*asked).adjust
	case "approve":
		id = of("account_id")
		path, show = accountPath(id)+"/exception", (*asked).exception
	case "dispute":
		id = of("opportunity_id")
		path, show = "/deals/"+url.PathEscape(id)+"/dispute", (*asked).dispute
		query.Set("account", of("account_id"))
	case "decide":
		query.Set("dispute", id)
		query.Set("account", of("account_id"))
		id = of("opportunity_id")
		path, show = "/deals/"+url.PathEscape(id)+"/decide", (*asked).decide
	case "lock", "reopen", "confirm":
		path, show = "/periods/"+url.PathEscape(id), (*asked).period
		query.Set("confirm", r.Action)
		if payee := of("payee_id"); payee != "" {
			query.Set("payee", payee)
		}
	case "retry", "discard":
		path, show = parkedPath(id), (*asked).parkedByID
	default:
		return false
	}
	at := req.Clone(req.Context())
	at.Method, at.URL = http.MethodGet, &url.URL{Path: path, RawQuery: query.Encode()}
	if raw, err := url.PathUnescape(path); err == nil {
		at.URL.Path, at.URL.RawPath = raw, path
	}
	at.SetPathValue("id", id)
	a := p.handler.ask(at)
	a.refused = &r
	v, err := show(a)
	if err != nil {
		v = a.problem(err)
	} else {
		v.code = code
	}
	p.handler.write(w, a, v)
	return true
}

// wrote is what was written in a field of a form that was refused, or else what
// it begins with.
func (r *Refused) wrote(action, name, begins string) string {
	if r == nil || r.Action != action {
		return begins
	}
	return r.Form.Get(name)
}

// about reports whether a form was refused for a field.
func (r *Refused) about(name string) bool {
	rest, is := strings.CutPrefix(r.Why, name)
	return is && (rest == "" || !isWord(rest[0]))
}

func isWord(c byte) bool {
	return c == '_' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// Wrote is what stands in a field of an action's form.
func (s shell) Wrote(action, name, begins string) string {
	return s.Refused.wrote(action, name, begins)
}

// WhyNot says why an action's form was refused; empty: it was not.
func (s shell) WhyNot(action string) string {
	if s.Refused == nil || s.Refused.Action != action {
		return ""
	}
	return s.Refused.Why
}

// formField is a field of a form.
type formField struct {
	Name, Label, Kind, Value, Note string
	Required                       bool
	Options                        []string
	Wrong                          bool // the form was refused for it
}

// fields gives the fields of an action's form what was written in them.
func (a *asked) fields(action string, all ...formField) []formField {
	for i := range all {
		f := &all[i]
		f.Value = a.refused.wrote(action, f.Name, f.Value)
		f.Wrong = a.refused != nil && a.refused.Action == action && a.refused.about(f.Name)
	}
	return all
}
