package wire

import (
	"strconv"
	"strings"
	"sync"

	"github.com/trueup/trueup/domain/event"
)

// form goes through the fields of an event in their fixed order, once for both
// directions: each field is read from the document into the event, where there
// is one, then checked, then written in its canonical spelling. So what a type
// looks like is said in one place, and what was read and what is stored cannot
// differ. The first error stops all work.
type form struct {
	doc     document
	reading bool
	at      int32 // the object that is read
	head    event.Header
	of      string // what kind of its type, where fields depend on that
	path    []step
	out     []byte
	err     error
	told    *telling // where the form is only told of, and nothing read or written

	attributes []ceHeader        // room for those of a message's headers
	values     []byte            // and for their values
	sources    map[string]string // those met before
}

// step is one part of a path: a field's name, or where it is empty an index.
type step struct {
	name  string
	index int
}

// need says whether a field may be absent. An absent one and null are the same.
type need bool

const (
	must need = true
	may  need = false
)

// sourcesKept bounds the sources that a form remembers.
const sourcesKept = 64

var forms = sync.Pool{New: func() any {
	return &form{
		out: make([]byte, 0, 1024), path: make([]step, 0, 8),
		values: make([]byte, 0, 256), sources: map[string]string{},
	}
}}

// newForm takes a form from the pool; the caller puts it back with free.
func newForm() *form { return forms.Get().(*form) }

// free gives the form back without what it points to.
func (f *form) free() {
	clear(f.doc.nodes)
	f.doc = document{nodes: f.doc.nodes[:0]}
	clear(f.attributes)
	*f = form{doc: f.doc, path: f.path[:0], out: f.out[:0], attributes: f.attributes[:0], values: f.values[:0], sources: f.sources}
	if cap(f.out) <= 64<<10 && cap(f.values) <= 64<<10 && cap(f.attributes) <= 256 {
		forms.Put(f)
	}
}

// source is text as a string. There are few sources, and events that are kept in
// memory share theirs.
func (f *form) source(text []byte) string {
	if s, known := f.sources[string(text)]; known {
		return s
	}
	if len(f.sources) == sourcesKept {
		clear(f.sources)
	}
	s := string(text)
	f.sources[s] = s
	return s
}

// where is the path of a field of the current object.
func (f *form) where(field string) string {
	var b strings.Builder
	b.WriteString("data")
	for _, s := range f.path {
		if s.name != "" {
			b.WriteString("." + s.name)
		} else {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		}
	}
	if field != "" {
		b.WriteString("." + plain(field))
	}
	return b.String()
}

// fail keeps the first error; the sentence starts with the field's path.
func (f *form) fail(r Reason, field, format string, args ...any) {
	if f.err == nil {
		f.err = faultf(r, "%s "+format, append([]any{f.where(field)}, args...)...)
	}
}

// find is the node of a field, and none where it is absent or the form has failed.
func (f *form) find(field string, n need) int32 {
	if f.err != nil {
		return none
	}
	i := f.doc.child(f.at, field)
	if i != none {
		f.doc.nodes[i].used = true
		if f.doc.nodes[i].kind != isNull {
			return i
		}
	}
	if n == must {
		f.missing(field, "")
	}
	return none
}

// missing fails for a field that has to be there.
func (f *form) missing(field, why string) {
	if why != "" {
		why = ": " + why
	}
	if f.reading {
		for i := f.at + 1; i < f.doc.nodes[f.at].next; i = f.doc.nodes[i].next {
			if key := string(f.doc.nodes[i].key); key != field && strings.EqualFold(key, field) {
				why += " (there is " + plain(key) + ", but names are case-sensitive)"
			}
		}
	}
	f.fail(MissingField, field, "is missing%s", why)
}

// findOf is the node of a field where it has the kind wanted.
func (f *form) findOf(field string, n need, want kind) int32 {
	i := f.find(field, n)
	if i != none && f.doc.nodes[i].kind != want {
		f.fail(BadValue, field, "must be %v, not %v", want, f.doc.nodes[i].kind)
		return none
	}
	return i
}

// absent reports, when writing, that a field is not to be written: it is zero,
// which is an error where it must be there.
func (f *form) absent(field string, zero bool, n need) bool {
	if f.err == nil && zero && n == must {
		f.missing(field, "")
	}
	return zero || f.err != nil
}

// key starts to write a field.
func (f *form) key(field string) {
	f.comma()
	f.out = append(f.out, '"')
	f.out = append(f.out, field...)
	f.out = append(f.out, '"', ':')
}

// comma separates what follows from a value before it.
func (f *form) comma() {
	if last := f.out[len(f.out)-1]; last != '{' && last != '[' {
		f.out = append(f.out, ',')
	}
}

// object goes through an object inside the current one.
func (f *form) object(field string, n need, zero bool, fields func()) {
	if f.told != nil {
		f.tellInside(field, n, false, fields)
		return
	}
	node := none
	if f.reading {
		if node = f.findOf(field, n, isObject); node == none {
			return
		}
	} else if f.absent(field, zero, n) {
		return
	}
	f.key(field)
	f.inside(step{name: field}, node, fields)
}

// inside goes through the fields of one object and complains of those left over.
func (f *form) inside(s step, node int32, fields func()) {
	outer := f.at
	f.at, f.path = node, append(f.path, s)
	f.out = append(f.out, '{')
	fields()
	f.done()
	f.out = append(f.out, '}')
	f.at, f.path = outer, f.path[:len(f.path)-1]
}

// done complains of a field of the current object that nothing asked for.
func (f *form) done() {
	if f.err != nil || !f.reading {
		return
	}
	for i := f.at + 1; i < f.doc.nodes[f.at].next; i = f.doc.nodes[i].next {
		if !f.doc.nodes[i].used {
			f.fail(UnknownField, string(f.doc.nodes[i].key), "is not a field of %s%s", f.head.Type, f.of)
			return
		}
	}
}

// list goes through a list of objects.
func list[T any](f *form, field string, p *[]T, n need, fields func(*form, *T)) {
	if f.told != nil {
		f.tellInside(field, n, true, func() { fields(f, new(T)) })
		return
	}
	node := none
	if f.reading {
		if node = f.findOf(field, n, isArray); node != none {
			*p = make([]T, f.length(node))
			node++
		}
	}
	if f.err != nil || len(*p) == 0 && n == may {
		*p = nil
		return
	}
	f.key(field)
	f.out = append(f.out, '[')
	f.path = append(f.path, step{name: field})
	for i := range *p {
		f.comma()
		if f.reading && f.doc.nodes[node].kind != isObject {
			f.path = append(f.path, step{index: i})
			f.fail(BadValue, "", "must be an object, not %v", f.doc.nodes[node].kind)
			return
		}
		f.inside(step{index: i}, node, func() { fields(f, &(*p)[i]) })
		if f.err != nil {
			return
		}
		if f.reading {
			node = f.doc.nodes[node].next
		}
	}
	f.path = f.path[:len(f.path)-1]
	f.out = append(f.out, ']')
}

// length counts what a list or an object holds itself.
func (f *form) length(node int32) int {
	n := 0
	for i := node + 1; i < f.doc.nodes[node].next; i = f.doc.nodes[i].next {
		n++
	}
	return n
}
