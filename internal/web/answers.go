package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trueup/trueup/docs"
)

// maxPlan bounds a plan document that is uploaded.
const maxPlan = 1 << 20

// mux is made of the operations: a path's methods are those that they have, and
// HEAD where there is GET.
func (s *server) mux() *http.ServeMux {
	mux, paths := http.NewServeMux(), map[string]map[string]http.HandlerFunc{}
	for _, o := range s.operations() {
		if paths[o.Path] == nil {
			paths[o.Path] = map[string]http.HandlerFunc{}
		}
		paths[o.Path][o.Method] = s.operate(o)
	}
	for path, methods := range paths {
		mux.HandleFunc(path, s.dispatch(methods))
	}
	return mux
}

func (s *server) dispatch(methods map[string]http.HandlerFunc) http.HandlerFunc {
	if get := methods[http.MethodGet]; get != nil {
		methods[http.MethodHead] = get
	}
	var allowed []string
	for m := range methods {
		allowed = append(allowed, m)
	}
	slices.Sort(allowed)
	return func(w http.ResponseWriter, req *http.Request) {
		if do := methods[req.Method]; do != nil {
			do(w, req)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.fail(w, req, refusal{code: http.StatusMethodNotAllowed, text: fmt.Sprintf("method %q is not one of %s", req.Method, strings.Join(allowed, ", "))})
	}
}

// operate answers an operation over HTTP.
func (s *server) operate(o Operation) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		fail := func(q question, err error) {
			if !o.keyed || !s.again(w, req, o, q, err) {
				s.fail(w, req, err)
			}
		}
		q, err := s.question(o, w, req)
		if err != nil {
			fail(q, err)
			return
		}
		if o.stream != nil {
			o.stream(w, req, q)
			return
		}
		ctx := req.Context()
		if o.slow {
			ctx = s.told(ctx, w, req)
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // what cannot lift the deadline has none
		}
		v, err := o.answer(ctx, q)
		if err != nil {
			fail(q, err)
			return
		}
		if q.next != "" {
			http.Redirect(w, req, q.next, http.StatusSeeOther)
			return
		}
		s.write(w, req, o.Code, v)
	}
}

// question is what a request asks of an operation, checked.
func (s *server) question(o Operation, w http.ResponseWriter, req *http.Request) (question, error) {
	values, err := o.queried(req.URL.RawQuery)
	if err != nil {
		return question{}, err
	}
	for _, p := range o.Params {
		if p.In == ofPath {
			values[p.Name] = req.PathValue(p.Name)
		}
	}
	q := question{reader: s.reader, values: values}
	if err := o.check(values); err != nil || o.Body == nil {
		return q, err
	}
	q.body, err = io.ReadAll(http.MaxBytesReader(w, req.Body, int64(o.Body.Most)))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return q, refusal{code: http.StatusRequestEntityTooLarge, text: fmt.Sprintf("the body is larger than %d bytes", o.Body.Most)}
	}
	if err != nil {
		return q, badRequestf("the body cannot be read: %v", err)
	}
	if o.keyed {
		err = q.keyed(req.Header)
	}
	return q, err
}

func payees(ctx context.Context, q question) (any, error) {
	return q.reader.Payees(ctx, q.payeesQuery())
}

// verify walks the whole ledger, for one asker at a time.
func (s *server) verify(ctx context.Context, q question) (any, error) {
	select {
	case s.verifying <- struct{}{}:
		defer func() { <-s.verifying }()
		return q.reader.Verify(ctx, progressOf(ctx))
	default:
		return nil, refusal{code: http.StatusServiceUnavailable, text: "a verification is under way already", later: true}
	}
}

// openapi sends the document that is made of the operations.
func openapi(w http.ResponseWriter, _ *http.Request, _ question) {
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(docs.OpenAPI) // a client that went away
}
