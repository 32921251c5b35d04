package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/report"
)

// Endpoint is a question of the API for those who do not ask over HTTP.
type Endpoint struct {
	Name    string
	Summary string
	Answer  func(ctx context.Context, request []byte) (answer []byte, code int, err error)
}

// Endpoints are the questions that are answered with one JSON value. The request
// is a JSON object of the parameters, or nothing; the answer is as over HTTP,
// as is the code, which is above 200 where there is an error. Who asks is not
// known: they see everything and decide nothing.
func (s *Server) Endpoints() []Endpoint {
	var out []Endpoint
	for _, o := range s.server.operations() {
		if o.Method == http.MethodGet && o.JSON() {
			out = append(out, Endpoint{o.Name, o.Summary, func(ctx context.Context, request []byte) ([]byte, int, error) {
				return s.server.asked(ctx, o, request)
			}})
		}
	}
	return out
}

func (s *server) asked(ctx context.Context, o Operation, request []byte) ([]byte, int, error) {
	ctx = access.With(ctx, access.Principal{Name: "somebody at the broker", Role: access.Onlooker})
	values, err := o.told(request)
	if err == nil {
		err = o.check(values)
	}
	var v any
	if err == nil {
		v, err = o.answer(ctx, question{reader: s.reader, values: values})
	}
	code := o.Code
	if err != nil {
		var body Failure
		code, _, body = failed(err)
		v = body
	}
	if code == http.StatusInternalServerError && ctx.Err() == nil {
		s.opts.Log.Error().Err(err).Str(field.Op, o.Name).Msg("question not answered")
	}
	var out bytes.Buffer
	if bad := report.Render(&out, report.JSON, v); bad != nil {
		return nil, http.StatusInternalServerError, bad
	}
	return out.Bytes(), code, err
}

// told are the parameters in a JSON object: text, or numbers.
func (o Operation) told(request []byte) (map[string]string, error) {
	values, given := map[string]string{}, map[string]any{}
	if len(request) > 0 {
		d := json.NewDecoder(bytes.NewReader(request))
		d.UseNumber()
		err := d.Decode(&given)
		if _, more := d.Token(); err != nil || !errors.Is(more, io.EOF) {
			return nil, badRequestf("the request is not one JSON object of parameters")
		}
	}
	for name, v := range given {
		if err := o.known(name, true); err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case string:
			values[name] = v
		case json.Number:
			values[name] = v.String()
		default:
			return nil, badRequestf("parameter %q is neither text nor a number", name)
		}
	}
	for _, p := range o.Params {
		if p.In == ofPath && values[p.Name] == "" {
			return nil, badRequestf("parameter %q is missing", p.Name)
		}
	}
	return values, nil
}
