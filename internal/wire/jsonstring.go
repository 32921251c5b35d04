package wire

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads the string that starts at pos and gives its text; without escapes
// that is a piece of the source.
func (d *document) str() ([]byte, error) {
	d.pos++ // "
	start := d.pos
	for ; d.pos < len(d.src); d.pos++ {
		switch c := d.src[d.pos]; {
		case c == '"':
			d.pos++
			return d.src[start : d.pos-1 : d.pos-1], nil
		case c == '\\':
			return d.escaped(start)
		case c < 0x20:
			return nil, d.unexpected()
		}
	}
	return nil, d.unexpected()
}

// escaped reads on from the first backslash of a string.
func (d *document) escaped(start int) ([]byte, error) {
	text := bytes.Clone(d.src[start:d.pos])
	for d.pos < len(d.src) {
		switch c := d.src[d.pos]; {
		case c == '"':
			d.pos++
			return text, nil
		case c == '\\':
			r, err := d.escape()
			if err != nil {
				return nil, err
			}
			text = utf8.AppendRune(text, r)
		case c < 0x20:
			return nil, d.unexpected()
		default:
			text = append(text, c)
			d.pos++
		}
	}
	return nil, d.unexpected()
}

// escape reads one escape sequence, or the two of a surrogate pair.
func (d *document) escape() (rune, error) {
	d.pos++ // backslash
	if d.pos == len(d.src) {
		return 0, d.unexpected()
	}
	if c := d.src[d.pos]; c != 'u' {
		if i := bytes.IndexByte([]byte(`"\/bfnrt`), c); i >= 0 {
			d.pos++
			return rune("\"\\/\b\f\n\r\t"[i]), nil
		}
		return 0, d.unexpected()
	}
	at := d.pos - 1
	r, ok := d.hex()
	if ok && utf16.IsSurrogate(r) {
		low, paired := rune(0), false
		if d.word(`\`) && d.pos < len(d.src) && d.src[d.pos] == 'u' {
			low, paired = d.hex()
		}
		r = utf16.DecodeRune(r, low)
		if !paired || r == utf8.RuneError {
			return 0, faultf(NotJSON, "the body is not JSON: half a surrogate pair at byte %d", at)
		}
	}
	if !ok {
		return 0, d.unexpected()
	}
	return r, nil
}

// hex reads the u and four digits of an escape.
func (d *document) hex() (rune, bool) {
	r := rune(0)
	for range 4 {
		d.pos++
		if d.pos >= len(d.src) {
			return 0, false
		}
		switch c := d.src[d.pos]; {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	d.pos++
	return r, true
}

const hexDigits = "0123456789abcdef"

// appendQuoted writes a JSON string, escaping only what JSON demands.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	done := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[done:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		done = i + 1
	}
	return append(append(b, s[done:]...), '"')
}
