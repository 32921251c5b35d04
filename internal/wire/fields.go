package wire

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// maxID bounds ids, which become keys of the ledger; maxAttribute bounds the
// attributes of the envelope.
const (
	maxID        = 128
	maxAttribute = 256
)

// unfit says what is wrong with an id or another short name, and nothing where
// it is fine. Control characters cannot be: the ledger separates keys by NUL.
func unfit[S ~string | ~[]byte](s S, most int) string {
	switch {
	case len(s) == 0:
		return "is empty"
	case len(s) > most:
		return "is longer than " + strconv.Itoa(most) + " bytes: " + show(s)
	}
	ascii := true
	for i := range len(s) {
		if c := s[i]; c >= 0x80 {
			ascii = false
		} else if c < 0x20 || c == 0x7f {
			return show(s) + " has a control character"
		}
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return show(s) + " starts or ends with a space"
	}
	if ascii {
		return ""
	}
	switch s := string(s); {
	case !utf8.ValidString(s):
		return show(s) + " is not valid UTF-8"
	case strings.ContainsFunc(s, unicode.IsControl):
		return show(s) + " has a control character"
	case strings.TrimSpace(s) != s:
		return show(s) + " starts or ends with a space"
	}
	return ""
}

// id is an id or another short name: of a person, a segment, a stage.
func id[S ~string](f *form, field string, p *S, n need) { short(f, field, p, n, maxID) }

// attribute is a value that stands in an envelope, of another event.
func attribute(f *form, field string, p *string) { short(f, field, p, must, maxAttribute) }

func short[S ~string](f *form, field string, p *S, n need, most int) {
	if f.told != nil {
		f.tell(field, n, shortShape(most))
		return
	}
	if f.reading {
		i := f.findOf(field, n, isString)
		if i == none {
			return
		}
		*p = S(f.doc.nodes[i].text)
	} else if f.absent(field, *p == "", n) {
		return
	}
	if why := unfit(string(*p), most); why != "" {
		f.fail(BadValue, field, "%s", why)
		return
	}
	f.key(field)
	f.out = appendQuoted(f.out, string(*p))
}

// text is anything people wrote. An optional one that is empty counts as absent.
func (f *form) text(field string, p *string, n need) {
	if f.told != nil {
		f.tell(field, n, textShape(n))
		return
	}
	if f.reading {
		i := f.findOf(field, n, isString)
		if i == none {
			return
		}
		*p = string(f.doc.nodes[i].text)
		if *p == "" && n == must {
			f.fail(BadValue, field, "is empty")
		}
	}
	if f.absent(field, *p == "", n) {
		return
	}
	if !utf8.ValidString(*p) {
		f.fail(BadValue, field, "%s is not valid UTF-8", show(*p))
		return
	}
	f.key(field)
	f.out = appendQuoted(f.out, *p)
}

// The dates that an event can be about: others are typing errors.
var (
	firstDate = civil.On(1990, time.January, 1)
	lastDate  = civil.On(2199, time.December, 31)
)

// date is a civil date; the zero Date is an absent one.
func (f *form) date(field string, p *civil.Date, n need) {
	if f.told != nil {
		f.tell(field, n, refer(formDate))
		return
	}
	if f.reading {
		i := f.findOf(field, n, isString)
		if i == none {
			return
		}
		d, err := civil.ParseDate(string(f.doc.nodes[i].text))
		if err != nil {
			f.fail(BadDate, field, "%s is not a date like 2027-02-10", show(f.doc.nodes[i].text))
			return
		}
		*p = d
	} else if f.absent(field, *p == 0, n) {
		return
	}
	if *p < firstDate || *p > lastDate {
		f.fail(BadDate, field, "%v is not plausible: it is not between %v and %v", *p, firstDate, lastDate)
		return
	}
	f.key(field)
	f.out = append(appendDate(append(f.out, '"'), *p), '"')
}

// instant is a point in time, kept in UTC; the zero Time is an absent one.
func (f *form) instant(field string, p *time.Time, n need) {
	if f.told != nil {
		f.tell(field, n, refer(formInstant))
		return
	}
	if f.reading {
		i := f.findOf(field, n, isString)
		if i == none {
			return
		}
		t, why := parseInstant(f.doc.nodes[i].text)
		if why != "" {
			f.fail(BadDate, field, "%s", why)
			return
		}
		*p = t
	} else if f.absent(field, p.IsZero(), n) {
		return
	} else if why := implausible(*p); why != "" {
		f.fail(BadDate, field, "%s", why)
		return
	}
	f.key(field)
	f.out = appendInstant(f.out, *p)
}

// quarter is a period such as 2027-Q1.
//
//nolint:unparam // named like every other field, where it is used
func (f *form) quarter(field string, p *civil.Quarter) {
	if f.told != nil {
		f.tell(field, must, refer(formPeriod))
		return
	}
	if f.reading {
		i := f.findOf(field, must, isString)
		if i == none {
			return
		}
		q, err := civil.ParseQuarter(string(f.doc.nodes[i].text))
		if err != nil {
			f.fail(BadDate, field, "%s is not a period like 2027-Q1", show(f.doc.nodes[i].text))
			return
		}
		*p = q
	}
	if f.err != nil {
		return
	}
	if y := p.Year(); y < firstDate.Year() || y > lastDate.Year() {
		f.fail(BadDate, field, "%v is not plausible: it is not between %d and %d", *p, firstDate.Year(), lastDate.Year())
		return
	}
	f.key(field)
	f.out = appendQuoted(f.out, p.String())
}

// maybe is an optional field that is a pointer in the event.
func maybe[T any](f *form, field string, p **T, one func(*form, string, *T)) {
	if f.told != nil {
		f.told.optional(func() { one(f, field, new(T)) })
		return
	}
	if f.reading {
		i := f.find(field, may)
		if i == none {
			return
		}
		*p = new(T)
	}
	if *p != nil && f.err == nil {
		one(f, field, *p)
	}
}

// aDate is date for maybe.
func (f *form) aDate(field string, p *civil.Date) { f.date(field, p, must) }

// header is the envelope's part of an event.
func (f *form) header(h *event.Header) { *h = f.head }

// by is who decided.
func (f *form) by(b *event.By) {
	id(f, "by", &b.By, must)
	id(f, "by_role", &b.ByRole, must)
}
