package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	"github.com/invopop/jsonschema"
)

const module = "github.com/trueup/trueup"

// types are the schemas of the types that answers are made of, by name.
type types struct {
	reflector jsonschema.Reflector
	schemas   map[string]json.RawMessage
}

func newTypes(root string) (*types, error) {
	t := &types{schemas: map[string]json.RawMessage{}, reflector: jsonschema.Reflector{Anonymous: true, AllowAdditionalProperties: true}}
	for _, folder := range []string{"internal/report", "internal/decision", "internal/web"} {
		if err := t.read(root, folder); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// read takes the comments of a folder's types and fields. The library joins the
// path that it walks to that of the module, so it is walked from the root.
func (t *types) read(root, folder string) (err error) {
	was, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	defer func() {
		if back := os.Chdir(was); err == nil {
			err = back
		}
	}()
	return t.reflector.AddGoComments(module, folder, jsonschema.WithFullComment())
}

// content is a body of a media type. What is not JSON is bytes, or text made of
// pieces that each are.
func (t *types) content(media string, of any) (object, error) {
	schema := any(object{})
	if of != nil {
		var err error
		if schema, err = t.of(of); err != nil {
			return nil, err
		}
		if media != "application/json" {
			schema = object{"type": "string", "description": "pieces of JSON, each a " + reflect.TypeOf(of).Name()}
		}
	}
	return object{media: object{"schema": schema}}, nil
}

// of is the schema of a value's type, and of all that it is made of.
func (t *types) of(v any) (any, error) {
	s := t.reflector.Reflect(v)
	for name, d := range s.Definitions {
		raw, err := referring(d)
		if err != nil {
			return nil, err
		}
		if known, is := t.schemas[name]; is && !bytes.Equal(known, raw) {
			return nil, fmt.Errorf("two types are called %s", name)
		}
		t.schemas[name] = raw
	}
	s.Definitions, s.Version = nil, ""
	return referring(s)
}

// referring is a schema that refers to others where the document has them.
func referring(s *jsonschema.Schema) (json.RawMessage, error) {
	raw, err := json.Marshal(s)
	return bytes.ReplaceAll(raw, []byte(`"#/$defs/`), []byte(`"#/components/schemas/`)), err
}
