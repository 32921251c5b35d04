package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/trueup/trueup/internal/wire"
)

// The specification's own schema (asyncapi/spec-json-schemas, Apache-2.0) says
// what a document may be.
func TestAsyncAPIIsValid(t *testing.T) {
	packed, err := os.Open("testdata/asyncapi-3.0.0.schema.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := jsonschema.UnmarshalJSON(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("http://asyncapi.com/definitions/3.0.0/asyncapi.json", rules); err != nil {
		t.Fatal(err)
	}
	valid, err := c.Compile("http://asyncapi.com/definitions/3.0.0/asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "asyncapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	parsed := func(text []byte) any {
		var v any
		if err := yaml.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if err := valid.Validate(parsed(text)); err != nil {
		t.Error(err)
	}
	for was, is := range map[string]string{"action: receive": "action: listen", "asyncapi: 3.0.0": "asyncapi: 2.0.0", "address: crm": "addressee: crm"} {
		if err := valid.Validate(parsed(bytes.Replace(text, []byte(was), []byte(is), 1))); err == nil {
			t.Errorf("a document with %q is valid", is)
		}
	}
}

// Every reference leads somewhere, and every type has a channel of its own.
func TestAsyncAPIReferences(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "asyncapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	schema, err := os.ReadFile(filepath.Join(root, "docs", "events.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	events := instance(t, schema).(map[string]any)
	count := 0
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if to, is := v["$ref"].(string); is {
				in, path := document, to
				if strings.HasPrefix(to, "./events.schema.json") {
					in, path = events, strings.TrimPrefix(to, "./events.schema.json")
				}
				if !leads(in, strings.TrimPrefix(path, "#/")) {
					t.Errorf("%s leads nowhere", to)
				}
				count++
			}
			for _, x := range v {
				look(x)
			}
		case []any:
			for _, x := range v {
				look(x)
			}
		}
	}
	look(document)
	channels := document["channels"].(map[string]any)
	if want := len(wire.Types()) + len(wire.OutTypes()); len(channels) != want || count < 5*want {
		t.Errorf("%d channels, want %d; %d references", len(channels), want, count)
	}
}

// leads follows a path of names.
func leads(v map[string]any, path string) bool {
	names := strings.Split(path, "/")
	for i, name := range names {
		next, is := v[name]
		if !is {
			return false
		}
		if i+1 == len(names) {
			return true
		}
		if v, is = next.(map[string]any); !is {
			return false
		}
	}
	return false
}
