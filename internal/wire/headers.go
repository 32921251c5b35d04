package wire

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// headers are those of a message that this package looks at.
type headers struct {
	contentType string
	attributes  []ceHeader // by name
}

// ceHeader is a ce- header: its name without the prefix in lower case, and
// its value without percent-encoding.
type ceHeader struct{ name, value string }

const prefix = "ce-"

// headers picks the headers without regard to case. One that is there twice is
// an error: whoever reads the first and whoever reads the last disagree.
func (f *form) headers(given map[string][]string) (headers, error) {
	h := headers{attributes: f.attributes[:0]}
	types := 0
	for key, values := range given {
		switch {
		case len(values) == 0:
		case strings.EqualFold(key, "content-type"):
			types += len(values)
			h.contentType = values[0]
		case len(key) >= len(prefix) && strings.EqualFold(key[:len(prefix)], prefix):
			for _, v := range values {
				h.attributes = append(h.attributes, ceHeader{strings.ToLower(key[len(prefix):]), v})
			}
		}
	}
	f.attributes = h.attributes
	slices.SortFunc(h.attributes, func(a, b ceHeader) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.value, b.value))
	})
	if types > 1 {
		return h, faultf(BadHeader, "header Content-Type is there %d times", types)
	}
	for i := range h.attributes {
		a := &h.attributes[i]
		if i > 0 && h.attributes[i-1].name == a.name {
			return h, faultf(BadHeader, "header ce-%s is there twice", plain(a.name))
		}
		if !attributeName(a.name) || a.name == "data" {
			return h, faultf(BadHeader, "header ce-%s is not an attribute of a CloudEvent", plain(a.name))
		}
		value, ok := percentDecoded(a.value)
		if !ok {
			return h, faultf(BadHeader, "header ce-%s has a value that is not percent-encoded UTF-8: %s", a.name, show(a.value))
		}
		a.value = value
	}
	return h, nil
}

func (h headers) has(name string) bool {
	return slices.ContainsFunc(h.attributes, func(a ceHeader) bool { return a.name == name })
}

// percentDecoded is s with each %XX replaced by its byte.
func percentDecoded(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, utf8.ValidString(s)
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		c, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(c))
		i += 2
	}
	return string(b), utf8.Valid(b)
}

// mediaType is a content type in lower case, without its parameters.
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.ToLower(strings.TrimSpace(s))
}
