package main

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/trueup/trueup/docs"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/web/webtest"
)

const (
	root  = "../.."
	cases = root + "/domain/testdata/scenario"
)

func TestDocumentIsAsTheCode(t *testing.T) {
	want, err := Document(root)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(docs.OpenAPI, want) {
		t.Error("docs/openapi.json is not what the code gives: run make generate")
	}
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodGet, "http://localhost/v1/openapi.json", nil)
	web.NewServer(reporttest.Reader{}, web.Options{}).ServeHTTP(w, req)
	if !bytes.Equal(w.Body.Bytes(), docs.OpenAPI) || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("GET /v1/openapi.json = %d %s, %d bytes, want the document", w.Code, w.Header().Get("Content-Type"), w.Body.Len())
	}
}

// The specification's own schema says what a document may be, but for the
// schemas in it, which have to be JSON Schemas.
func TestDocumentIsValid(t *testing.T) {
	c := jsonschema.NewCompiler()
	valid, err := c.Compile("testdata/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document := parsed(t, docs.OpenAPI)
	if err := valid.Validate(document); err != nil {
		t.Error(err)
	}
	schemas := newSchemas(t, document)
	count := 0
	walk(document, nil, func(at []string, v map[string]any) {
		if _, is := v["$ref"].(string); is || at[len(at)-1] == "schema" {
			schemas.at(t, at...)
			count++
		}
	})
	if count < 100 {
		t.Errorf("%d schemas and references were looked at", count)
	}
	for was, is := range map[string]string{`"in": "query"`: `"in": "somewhere"`, `"openapi": "3.1.1"`: `"openapi": "2.0"`} {
		if err := valid.Validate(parsed(t, bytes.Replace(docs.OpenAPI, []byte(was), []byte(is), 1))); err == nil {
			t.Errorf("a document with %s is valid", is)
		}
	}
}

// schemas are those of a document.
type schemas struct{ compiler *jsonschema.Compiler }

const where = "https://trueup.example/openapi.json"

func newSchemas(t *testing.T, document any) schemas {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(where, document); err != nil {
		t.Fatal(err)
	}
	return schemas{c}
}

// at is the schema at a place in the document.
func (s schemas) at(t *testing.T, path ...string) *jsonschema.Schema {
	t.Helper()
	place := where + "#"
	for _, p := range path {
		place += "/" + url.PathEscape(strings.ReplaceAll(strings.ReplaceAll(p, "~", "~0"), "/", "~1"))
	}
	schema, err := s.compiler.Compile(place)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func parsed(t *testing.T, document []byte) any {
	t.Helper()
	d, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// walk goes to every object of a document.
func walk(v any, at []string, do func(at []string, v map[string]any)) {
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			walk(x, append(at, strconv.Itoa(i)), do)
		}
	case map[string]any:
		if len(at) > 0 {
			do(slices.Clone(at), v)
		}
		for name, x := range v {
			walk(x, append(at, name), do)
		}
	}
}

// Everything has its meaning told: each operation, parameter, and code.
func TestDocumentTellsWhatItMeans(t *testing.T) {
	names := map[string]bool{}
	for _, o := range web.Operations() {
		if o.Name == "" || o.Summary == "" || names[o.Name] {
			t.Errorf("%s %s is called %q: %q", o.Method, o.Path, o.Name, o.Summary)
		}
		names[o.Name] = true
		for _, p := range o.Params {
			if p.Meaning == "" {
				t.Errorf("%s: what %s means is not told", o.Name, p.Name)
			}
		}
		for _, code := range o.Refusals() {
			if meaning(code) == "" {
				t.Errorf("%s: what %d means is not told", o.Name, code)
			}
		}
	}
}

// What worked cases are answered is what the document says, and has nothing
// that it does not tell of.
func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	document := parsed(t, docs.OpenAPI)
	walk(document, nil, func(_ []string, v map[string]any) {
		if _, is := v["properties"].(map[string]any); is && v["type"] == "object" {
			v["additionalProperties"] = false
		}
	})
	schemas := newSchemas(t, document)
	waiting := map[string]bool{}
	for _, o := range web.Operations() {
		if o.Method == http.MethodGet && o.JSON() {
			waiting[o.Name] = true
		}
	}
	for _, name := range []string{"churn-on-day-90", "same-id-other-content", "risk-sla-breached-by-silence", "late-churn-after-lock"} {
		r := reporttest.Play(t, cases, name)
		server := web.NewServer(r, web.Options{})
		ask := func(target string, code int, schema *jsonschema.Schema) {
			w := httptest.NewRecorder()
			server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+target, nil))
			if err := schema.Validate(parsed(t, w.Body.Bytes())); err != nil || w.Code != code {
				t.Errorf("%s: GET %s = %d, want %d: %v", name, target, w.Code, code, err)
			}
		}
		for _, q := range webtest.Questions(t, r) {
			ask(q.Target(), http.StatusOK, schemas.at(t, "paths", q.Operation.Path, "get", "responses", "200", "content", "application/json", "schema"))
			delete(waiting, q.Operation.Name)
		}
		for _, target := range []string{"/v1/statement?payee=nobody", "/v1/deals/none"} {
			ask(target, http.StatusNotFound, schemas.at(t, "components", "responses", "NotFound", "content", "application/json", "schema"))
		}
	}
	whatIfAnswers(t, schemas)
	delete(waiting, "what_if_by_id")
	if len(waiting) > 0 {
		t.Errorf("no worked case is answered by %v", slices.Sorted(maps.Keys(waiting)))
	}
}
