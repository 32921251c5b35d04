package payroll

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/trueup/trueup/internal/planfile"
)

// mistake is one in a mapping that shows when it is used, told as those of plan
// files are.
func mistake(file, path, format string, args ...any) error {
	return planfile.Error{File: file, Path: path, Text: fmt.Sprintf(format, args...)}
}

// ReadMapping reads a mapping file: YAML, every mistake at once, each with its
// line, field and value. name is the file's, for these.
func ReadMapping(name string, document []byte) (*Mapping, error) {
	r := &reader{name: name, m: &Mapping{Others: OthersEither, Workers: map[string]string{}, name: name}}
	var root yaml.Node
	d := yaml.NewDecoder(strings.NewReader(string(document)))
	switch err := d.Decode(&root); {
	case errors.Is(err, io.EOF):
		r.rejectf(nil, "", "the file is empty")
	case err != nil:
		r.rejectf(nil, "", "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	case d.Decode(&yaml.Node{}) == nil:
		r.rejectf(nil, "", "has more than one document")
	default:
		r.file(root.Content[0])
	}
	if len(r.errs) > 0 {
		return nil, r.errs
	}
	return r.m, nil
}

// reader reads one mapping and gathers what is wrong with it.
type reader struct {
	name string
	m    *Mapping
	errs planfile.Errors
}

func (r *reader) rejectf(at *yaml.Node, path, format string, args ...any) {
	line := 0
	if at != nil {
		line = at.Line
	}
	r.errs = append(r.errs, planfile.Error{File: r.name, Line: line, Path: path, Text: fmt.Sprintf(format, args...)})
}

// fields goes through a mapping's keys, each at most once and no others than known.
func (r *reader) fields(n *yaml.Node, path string, known []string, yield func(key string, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.rejectf(n, path, "is not a mapping of %s", strings.Join(known, ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		at := below(path, key.Value)
		switch {
		case known != nil && !slices.Contains(known, key.Value):
			r.rejectf(key, at, "there is no such field; known are %s", strings.Join(known, ", "))
		case seen[key.Value]:
			r.rejectf(key, at, "is there twice")
		case v.Kind == yaml.AliasNode:
			r.rejectf(v, at, "is an alias, which is not read")
		default:
			yield(key.Value, v)
		}
		seen[key.Value] = true
	}
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// text is a scalar that is not empty and that a spreadsheet does not run.
func (r *reader) text(n *yaml.Node, path string) string {
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null":
		r.rejectf(n, path, "is not a text")
	case n.Value == "":
		r.rejectf(n, path, `"" is empty`)
	case n.Tag == "!!str" || n.Style != 0: // quoted, or nothing else
		if formula(n.Value) {
			r.rejectf(n, path, "%q would be read as a formula by a spreadsheet", n.Value)
		}
		return n.Value
	case strings.Trim(n.Value, "0123456789") == "":
		return n.Value // as it is written, leading zeros too
	default:
		r.rejectf(n, path, "%s is not a text: quote it", n.Value)
	}
	return ""
}

func (r *reader) oneOf(n *yaml.Node, path string, known []string) string {
	v := r.text(n, path)
	if v != "" && !slices.Contains(known, v) {
		r.rejectf(n, path, "%q is not one of %s", v, strings.Join(known, ", "))
	}
	return v
}

func (r *reader) file(n *yaml.Node) {
	there := map[string]bool{}
	r.fields(n, "", []string{"columns", "codes", "workers", "other_workers"}, func(key string, v *yaml.Node) {
		there[key] = true
		switch key {
		case "columns":
			r.columns(v)
		case "codes":
			r.codes(v)
		case "workers":
			r.workers(v)
		case "other_workers":
			r.m.Others = r.oneOf(v, key, others())
		}
	})
	if n.Kind != yaml.MappingNode {
		return
	}
	if !there["columns"] {
		r.m.Columns = Default().Columns
	}
	if !there["codes"] {
		r.rejectf(nil, "codes", "is missing: a list of {component, kind, reason, prior_period, code}, the first that fits is taken")
	}
}

func (r *reader) items(n *yaml.Node, path string, yield func(path string, v *yaml.Node)) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.rejectf(n, path, "is not a list with something in it")
		return
	}
	for i, v := range n.Content {
		yield(fmt.Sprintf("%s[%d]", path, i), v)
	}
}

func (r *reader) columns(n *yaml.Node) {
	names, fields, before := map[string]bool{}, map[string]bool{}, len(r.errs)
	r.items(n, "columns", func(path string, v *yaml.Node) {
		var c Column
		r.fields(v, path, []string{"name", "field"}, func(key string, v *yaml.Node) {
			if key == "name" {
				c.Name = r.text(v, path+".name")
			} else {
				c.Field = r.oneOf(v, path+".field", Fields())
			}
		})
		switch {
		case v.Kind != yaml.MappingNode:
		case c.Field == "":
			r.rejectf(v, path, "has no field")
		case c.Name == "":
			c.Name = c.Field
		}
		if c.Name != "" && names[c.Name] {
			r.rejectf(v, path+".name", "%q is the name of another column too", c.Name)
		}
		names[c.Name], fields[c.Field] = true, true
		r.m.Columns = append(r.m.Columns, c)
	})
	for _, needed := range []string{"amount", "worker_id"} { // where nothing else is wrong
		if len(r.errs) == before && !fields[needed] {
			r.rejectf(n, "columns", "none has the field %s", needed)
		}
	}
}

func (r *reader) codes(n *yaml.Node) {
	r.items(n, "codes", func(path string, v *yaml.Node) {
		c := Code{line: v.Line}
		r.fields(v, path, []string{"component", "kind", "reason", "prior_period", "code"}, func(key string, v *yaml.Node) {
			at := path + "." + key
			switch key {
			case "component":
				c.Component = r.text(v, at)
			case "kind":
				c.Kind = r.oneOf(v, at, kinds())
			case "reason":
				c.Reason = r.oneOf(v, at, reasons())
			case "code":
				c.Code = r.text(v, at)
			case "prior_period":
				var prior bool
				if v.Tag != "!!bool" || v.Decode(&prior) != nil {
					r.rejectf(v, at, "%q is neither true nor false", v.Value)
				}
				c.Prior = &prior
			}
		})
		if v.Kind == yaml.MappingNode && c.Code == "" && len(r.errs) == 0 {
			r.rejectf(v, path, "has no code")
		}
		for i, before := range r.m.Codes {
			if before.Component == c.Component && before.Kind == c.Kind && before.Reason == c.Reason && same(before.Prior, c.Prior) {
				r.rejectf(v, path, "fits what codes[%d] of line %d fits already", i, before.line)
			}
		}
		r.m.Codes = append(r.m.Codes, c)
	})
}

func same(a, b *bool) bool { return a == b || a != nil && b != nil && *a == *b }

func (r *reader) workers(n *yaml.Node) {
	of := map[string]string{}
	r.fields(n, "workers", nil, func(payee string, v *yaml.Node) {
		at := "workers." + payee
		id := r.text(v, at)
		if other, taken := of[id]; taken && id != "" {
			r.rejectf(v, at, "%q is the worker id of %s too", id, other)
		}
		of[id] = payee
		r.m.Workers[payee] = id
	})
}
