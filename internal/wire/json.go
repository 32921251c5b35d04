package wire

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What a body may have: far more than any event needs, and little enough that
// the worst body is read in a few milliseconds.
const (
	maxDepth  = 32
	maxValues = 4096
	maxFields = 256
)

type kind uint8

const (
	isNull kind = iota
	isBool
	isNumber
	isString
	isArray
	isObject
)

func (k kind) String() string {
	return [...]string{"null", "true or false", "a number", "a string", "a list", "an object"}[k]
}

// node is one value of a document. Nodes stand in the order of the text, so
// those between a node and its next are what it holds.
type node struct {
	kind  kind
	depth uint8
	used  bool   // a form has asked for it
	next  int32  // the first node after this one and all it holds
	key   []byte // its name, in an object
	text  []byte // of a string: unescaped; of a number or a bool: as written
}

// document is a JSON text read strictly in one pass: valid UTF-8, one value,
// no name twice in an object, no half surrogates. Its nodes point into the text.
type document struct {
	root  string // what paths start with: empty, or data where the body is the data
	src   []byte
	pos   int
	nodes []node
}

const none int32 = -1

// read scans src. After an error the nodes are those read so far.
func (d *document) read(src []byte) error {
	d.src, d.pos, d.nodes = src, 0, d.nodes[:0]
	if !utf8.Valid(src) {
		return faultf(NotJSON, "the body is not valid UTF-8")
	}
	if err := d.value(nil, 0); err != nil {
		return err
	}
	d.space()
	if d.pos < len(src) {
		return faultf(NotJSON, "the body has more after its JSON, at byte %d", d.pos)
	}
	return nil
}

func (d *document) space() {
	for d.pos < len(d.src) {
		switch d.src[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

// peek is the next byte that is not space, and 0 at the end.
func (d *document) peek() byte {
	d.space()
	if d.pos == len(d.src) {
		return 0
	}
	return d.src[d.pos]
}

func (d *document) unexpected() error {
	if d.pos >= len(d.src) {
		return faultf(NotJSON, "the body is not JSON: it ends early, at byte %d", d.pos)
	}
	r, _ := utf8.DecodeRune(d.src[d.pos:])
	return faultf(NotJSON, "the body is not JSON: unexpected %q at byte %d", r, d.pos)
}

func (d *document) value(key []byte, depth uint8) error {
	if depth > maxDepth {
		return faultf(TooDeep, "the body is nested more than %d deep", maxDepth)
	}
	if len(d.nodes) == maxValues {
		return faultf(TooLarge, "the body has more than %d values", maxValues)
	}
	i := len(d.nodes)
	d.nodes = append(d.nodes, node{depth: depth, key: key})
	var err error
	switch c := d.peek(); {
	case c == '{':
		d.nodes[i].kind = isObject
		err = d.object(i)
	case c == '[':
		d.nodes[i].kind = isArray
		err = d.array(i)
	case c == '"':
		var text []byte
		text, err = d.str()
		if err == nil {
			d.nodes[i].kind, d.nodes[i].text = isString, text
		}
	case c == '-' || c >= '0' && c <= '9':
		start := d.pos
		err = d.number()
		d.nodes[i].kind, d.nodes[i].text = isNumber, d.src[start:d.pos]
	case d.word("null"):
		d.nodes[i].kind = isNull
	case d.word("true"), d.word("false"):
		d.nodes[i].kind = isBool
	default:
		err = d.unexpected()
	}
	d.nodes[i].next = int32(len(d.nodes))
	return err
}

func (d *document) word(w string) bool {
	if !bytes.HasPrefix(d.src[d.pos:], []byte(w)) {
		return false
	}
	d.pos += len(w)
	return true
}

func (d *document) object(self int) error {
	d.pos++ // {
	if d.peek() == '}' {
		d.pos++
		return nil
	}
	for fields := 1; ; fields++ {
		if d.peek() != '"' {
			return d.unexpected()
		}
		key, err := d.str()
		if err != nil {
			return err
		}
		if fields > maxFields {
			return faultf(TooLarge, "%s has more than %d fields", d.place(self), maxFields)
		}
		depth := d.nodes[self].depth + 1
		for i := self + 1; i < len(d.nodes); i = int(d.nodes[i].next) {
			if bytes.Equal(d.nodes[i].key, key) {
				return faultf(DuplicateField, "%s is there twice", d.place(i))
			}
		}
		if d.peek() != ':' {
			return d.unexpected()
		}
		d.pos++
		if err := d.value(key, depth); err != nil {
			return err
		}
		switch d.peek() {
		case ',':
			d.pos++
		case '}':
			d.pos++
			return nil
		default:
			return d.unexpected()
		}
	}
}

func (d *document) array(self int) error {
	d.pos++ // [
	if d.peek() == ']' {
		d.pos++
		return nil
	}
	for {
		if err := d.value(nil, d.nodes[self].depth+1); err != nil {
			return err
		}
		switch d.peek() {
		case ',':
			d.pos++
		case ']':
			d.pos++
			return nil
		default:
			return d.unexpected()
		}
	}
}

// number passes over -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?.
func (d *document) number() error {
	if d.src[d.pos] == '-' {
		d.pos++
	}
	if d.pos < len(d.src) && d.src[d.pos] == '0' {
		d.pos++
	} else if !d.digits() {
		return d.unexpected()
	}
	if d.pos < len(d.src) && d.src[d.pos] == '.' {
		d.pos++
		if !d.digits() {
			return d.unexpected()
		}
	}
	if d.pos < len(d.src) && d.src[d.pos]|0x20 == 'e' {
		d.pos++
		if d.pos < len(d.src) && (d.src[d.pos] == '+' || d.src[d.pos] == '-') {
			d.pos++
		}
		if !d.digits() {
			return d.unexpected()
		}
	}
	return nil
}

func (d *document) digits() bool {
	start := d.pos
	for d.pos < len(d.src) && d.src[d.pos] >= '0' && d.src[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > start
}

// child is the node of a field of the object at, and none where it has none.
func (d *document) child(at int32, key string) int32 {
	for i := at + 1; i < d.nodes[at].next; i = d.nodes[i].next {
		if string(d.nodes[i].key) == key {
			return i
		}
	}
	return none
}

// place is the path of a node for people: data.steps[1].effective_on.
func (d *document) place(i int) string {
	path := ""
	for depth := d.nodes[i].depth; depth > 0; depth-- {
		parent, index := i-1, 0
		for d.nodes[parent].depth >= depth {
			if d.nodes[parent].depth == depth {
				index++
			}
			parent--
		}
		if d.nodes[parent].kind == isArray {
			path = fmt.Sprintf("[%d]%s", index, path)
		} else {
			path = "." + plain(string(d.nodes[i].key)) + path
		}
		i = parent
	}
	if path = strings.TrimPrefix(d.root+path, "."); path == "" {
		return "the body"
	}
	return path
}
