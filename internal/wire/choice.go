package wire

import (
	"slices"
	"strings"
)

// oneOf is a name from a closed list.
func oneOf[S ~string](f *form, field string, p *S, n need, allowed []S) {
	if f.told != nil {
		f.tell(field, n, oneOfShape(allowed))
		return
	}
	if f.reading {
		i := f.findOf(field, n, isString)
		if i == none {
			return
		}
		*p = among(f, field, f.doc.nodes[i].text, allowed)
	} else if !f.absent(field, *p == "", n) {
		*p = among(f, field, []byte(*p), allowed)
	}
	if f.err != nil || *p == "" {
		return
	}
	f.key(field)
	f.out = appendQuoted(f.out, string(*p))
}

// among is the one of allowed that v spells.
func among[S ~string](f *form, field string, v []byte, allowed []S) S {
	for _, a := range allowed {
		if string(a) == string(v) {
			return a
		}
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	f.fail(BadValue, field, "%s is not one of %s", show(v), strings.Join(names, ", "))
	return ""
}

// set is a list of names from a closed list, none twice.
func (f *form) set(field string, p *[]string, allowed []string) {
	if f.told != nil {
		f.tell(field, may, Shape{"type": "array", "items": oneOfShape(allowed), "uniqueItems": true})
		return
	}
	if f.reading {
		i := f.findOf(field, may, isArray)
		if i == none {
			return
		}
		if length := f.length(i); length > 0 {
			*p = make([]string, 0, min(length, len(allowed)))
		}
		for k := i + 1; k < f.doc.nodes[i].next && f.err == nil; k = f.doc.nodes[k].next {
			if f.doc.nodes[k].kind != isString {
				f.fail(BadValue, field, "must be a list of strings, but has %v", f.doc.nodes[k].kind)
				return
			}
			f.member(field, p, f.doc.nodes[k].text, allowed)
		}
	} else {
		given := *p
		*p = nil
		for _, v := range given {
			f.member(field, p, []byte(v), allowed)
		}
	}
	if f.absent(field, len(*p) == 0, may) {
		return
	}
	f.key(field)
	f.out = append(f.out, '[')
	for _, v := range *p {
		f.comma()
		f.out = appendQuoted(f.out, v)
	}
	f.out = append(f.out, ']')
}

func (f *form) member(field string, p *[]string, v []byte, allowed []string) {
	a := among(f, field, v, allowed)
	if slices.Contains(*p, a) {
		f.fail(BadValue, field, "names %s twice", a)
	}
	*p = append(*p, a)
}
