package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"

	"github.com/trueup/trueup/internal/decision"
	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/pages"
)

// keyHeader has the key that the maker of a decision gives it; a form has it in
// keyField.
const (
	keyHeader = "Idempotency-Key"
	keyField  = "key"
	nextField = "next"
	maxDeed   = 64 << 10
)

// decisions are what a person can decide. Each becomes an event; nothing here
// writes the ledger.
func (s *server) decisions() []Operation {
	var all []Operation
	for _, a := range decision.Actions() {
		o := Operation{
			Name: a.Name, Method: http.MethodPost, Path: a.Path, Summary: a.Summary, Code: http.StatusAccepted,
			Body:   &Body{Media: "application/json", Meaning: "what is decided", Of: a.Body, Most: maxDeed},
			Answer: decision.Accepted{}, Codes: []int{404, 409, 413, 415, 503}, keyed: true,
		}
		o.Params = []Param{keyParam()}
		at := ""
		switch a.Target {
		case "":
		case "period":
			at = "period"
			o.Params = append(o.Params, periodParam().inPath())
		default:
			at = "id"
			o.Params = append(o.Params, byID(a.Target))
		}
		o.answer = func(ctx context.Context, q question) (any, error) {
			if s.desk == nil {
				return nil, refusal{code: http.StatusServiceUnavailable, text: "this server takes no decisions"}
			}
			accepted, err := s.desk.Do(ctx, a, q.values[at], q.key, q.body)
			if unpublished, is := errors.AsType[decision.Unpublished](err); is {
				s.opts.Log.Warn().Err(unpublished.Err).Str(field.Decision, a.Name).Msg("a decision could not be published")
			}
			if err == nil {
				s.opts.Log.Info().Str(field.Decision, a.Name).Str(field.EventID, accepted.ID).Msg("a decision was published")
			}
			return accepted, err
		}
		all = append(all, o)
	}
	return all
}

func keyParam() Param {
	p := text(keyHeader, "the decision's own key: the same one twice decides once")
	p.In = inHeader
	return p
}

// again shows the form of a decision that could not be taken once more, with what
// was written and why it could not; false: there is no form to show, or whoever
// sent it may not.
func (s *server) again(w http.ResponseWriter, req *http.Request, o Operation, q question, err error) bool {
	if q.form == nil || !s.person(req) {
		return false
	}
	code, later, body := failed(err)
	switch code {
	case http.StatusBadRequest, http.StatusConflict, http.StatusServiceUnavailable:
	default:
		return false
	}
	if later {
		w.Header().Set("Retry-After", "10")
	}
	target := q.values["id"] + q.values["period"] // a path has one of them, or none
	return s.pages.Again(w, req, code, pages.Refused{Action: o.Name, Target: target, Form: q.form, Why: body.Error})
}

// keyed reads a decision as a program or a browser's form tells it.
func (q *question) keyed(h http.Header) error {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err == nil && media == "application/json":
		q.key = h.Get(keyHeader)
		return nil
	case err == nil && media == formType:
		form, err := url.ParseQuery(string(q.body))
		if err != nil {
			return badRequestf("the form cannot be read: %v", err)
		}
		q.form, q.key = maps.Clone(form), form.Get(keyField)
		if next := form.Get(nextField); next != "" {
			q.next = local(next)
		}
		form.Del(keyField)
		form.Del(nextField)
		q.body, err = decision.Form(form)
		return err
	}
	return refusal{
		code: http.StatusUnsupportedMediaType, text: fmt.Sprintf("content type %q is not application/json or %s", h.Get("Content-Type"), formType),
	}
}
