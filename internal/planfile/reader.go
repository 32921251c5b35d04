package planfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/trueup/trueup/domain/money"
)

// decoder reads one file and collects what is wrong with it.
type decoder struct {
	file     string
	errs     Errors
	lines    map[string]int  // where each path stands
	bad      map[string]bool // paths that have been reported, so that nothing is said about their values
	above    map[string]bool // the ancestors of bad paths
	currency money.Currency  // the plan's; empty where it is not known
}

func newDecoder(file string) *decoder {
	return &decoder{file: file, lines: map[string]int{}, bad: map[string]bool{}, above: map[string]bool{}}
}

func (d *decoder) addf(line int, path, format string, args ...any) {
	d.errs = append(d.errs, Error{d.file, line, path, fmt.Sprintf(format, args...)})
}

// rejectf reports a mistake about the field at path, once: a field that is
// already known to be wrong is left alone.
func (d *decoder) rejectf(path, format string, args ...any) {
	if d.bad[path] {
		return
	}
	d.mark(path)
	d.addf(d.line(path), path, format, args...)
}

// mark makes path a bad one.
func (d *decoder) mark(path string) {
	d.bad[path] = true
	for up := path; up != ""; {
		up = parent(up)
		d.above[up] = true
	}
}

// unit is the currency that defaults are in: any, where the plan's is wrong.
func (d *decoder) unit() money.Currency { return cmp.Or(d.currency, defaultCurrency) }

// line is where path stands, or its nearest ancestor that does.
func (d *decoder) line(path string) int {
	for path != "" {
		if line, ok := d.lines[path]; ok {
			return line
		}
		path = parent(path)
	}
	return max(d.lines[""], 1)
}

// parent is the path one step up: a.b[2] has a.b, that has a, that has the root.
func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// value is a place in the file: a node, or nil where the file has nothing.
type value struct {
	d     *decoder
	node  *yaml.Node
	path  string
	shape shape // what can stand here, while the schema is written; else nil
}

// fields is a mapping being read. What no reader asked for by the time of
// close is not a field of it.
type fields struct {
	d     *decoder
	path  string
	keys  []string // in the order of the file
	nodes map[string]*yaml.Node
	known []string // in the order asked for
	ok    bool     // the file has a mapping here
	shape shape    // as of value
}

// mapping opens v. Where v is absent or no mapping every field of it is absent.
func (v value) mapping() *fields {
	f := &fields{d: v.d, path: v.path, nodes: map[string]*yaml.Node{}, shape: v.shape}
	if v.shape != nil {
		v.shape.object()
		f.ok = true
		return f
	}
	if v.node != nil && v.path == "" {
		v.d.lines[""] = v.node.Line
	}
	if v.node == nil || !v.is(yaml.MappingNode, "a mapping of fields to values") {
		return f
	}
	f.ok = true
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		f.add(v.node.Content[i], v.node.Content[i+1])
	}
	return f
}

func (f *fields) add(key, node *yaml.Node) {
	if key.Kind != yaml.ScalarNode {
		if key.Kind != yaml.AliasNode {
			f.d.addf(key.Line, f.path, "has a field whose name is not a word")
		}
		return
	}
	path := join(f.path, key.Value)
	if f.nodes[key.Value] != nil {
		f.d.addf(key.Line, path, "is given twice, first in line %d", f.d.lines[path])
		return
	}
	f.nodes[key.Value] = node
	f.keys = append(f.keys, key.Value)
	f.d.lines[path] = key.Line
}

// has reports whether the file has the field, well-formed or not.
func (f *fields) has(key string) bool { return f.nodes[key] != nil }

// at is the value of a field, and makes it a known one.
func (f *fields) at(key string) value {
	if !slices.Contains(f.known, key) {
		f.known = append(f.known, key)
	}
	return value{f.d, f.nodes[key], join(f.path, key), f.shape.property(key)}
}

// need is at for a field without a default.
func (f *fields) need(key string) value {
	v := f.at(key)
	switch {
	case v.shape != nil:
		f.shape.require(key)
	case v.node == nil:
		f.d.rejectf(v.path, "is missing")
	case null(v.node):
		f.d.rejectf(v.path, "has no value")
	}
	return v
}

// close reports the fields nobody asked for; elsewhere says of one that other
// mappings of this sort have it, and why not this one.
func (f *fields) close(elsewhere func(key string) string) {
	for _, key := range f.keys {
		if slices.Contains(f.known, key) {
			continue
		}
		path := join(f.path, key)
		if elsewhere != nil {
			if why := elsewhere(key); why != "" {
				f.d.rejectf(path, "%s", why)
				continue
			}
		}
		f.d.rejectf(path, "is not a field of a plan; here are allowed: %s", strings.Join(f.known, ", "))
	}
}

// items opens v as a list; ok is false where the file has none here.
func (v value) items() (list []value, ok bool) {
	if v.shape != nil {
		return []value{{v.d, nil, v.path + "[]", v.shape.items()}}, true
	}
	if v.node == nil || !v.is(yaml.SequenceNode, "a list") {
		return nil, false
	}
	if n := len(v.node.Content); n > maxItems {
		v.d.rejectf(v.path, "has %d items, more than the %d allowed", n, maxItems)
		return nil, false
	}
	for i, node := range v.node.Content {
		path := fmt.Sprintf("%s[%d]", v.path, i)
		v.d.lines[path] = node.Line
		list = append(list, value{v.d, node, path, nil})
	}
	return list, true
}

// maxItems is the most items of a list. With maxPercent and the six decimals
// of a percentage it keeps sums of ratios within int64.
const maxItems = 366

// null reports whether n is a field's name with nothing after it.
func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// is reports whether v is of kind, and says so where it is not.
func (v value) is(kind yaml.Kind, want string) bool {
	switch {
	case v.node.Kind == kind:
		return true
	case v.node.Kind == yaml.AliasNode: // reported by plain
		v.d.mark(v.path)
	case null(v.node):
		v.d.rejectf(v.path, "has no value: give %s, or leave the field out", want)
	case v.node.Kind == yaml.ScalarNode:
		v.d.rejectf(v.path, "%q is not %s", v.node.Value, want)
	case v.node.Kind == yaml.MappingNode:
		v.d.rejectf(v.path, "is a mapping, not %s", want)
	default:
		v.d.rejectf(v.path, "is a list, not %s", want)
	}
	return false
}
