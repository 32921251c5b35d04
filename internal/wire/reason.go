package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trueup/trueup/domain"
)

// Reason is a short code for why an input was not taken. The list is closed:
// it labels metrics and travels in ops.event.rejected.
type Reason string

// The reasons.
const (
	Empty          Reason = "empty"            // there is no body
	TooLarge       Reason = "too_large"        // more bytes, fields or values than any event has
	TooDeep        Reason = "too_deep"         // JSON nested deeper than any event is
	NotJSON        Reason = "not_json"         // the body is not one JSON value
	NotACloudEvent Reason = "not_a_cloudevent" // neither binary nor structured mode, or another version
	BadHeader      Reason = "bad_header"       // a header that is there twice or cannot be read
	UnknownType    Reason = "unknown_type"     // a type that is not in the contract
	WrongTenant    Reason = "wrong_tenant"     // addressed to another tenant
	WrongSubject   Reason = "wrong_subject"    // published where its type does not travel
	DuplicateField Reason = "duplicate_field"  // the same name twice in one object
	UnknownField   Reason = "unknown_field"    // a name the type does not have
	MissingField   Reason = "missing_field"    // a required field that is absent or null
	BadValue       Reason = "bad_value"        // any other value that cannot be
	BadCurrency    Reason = "bad_currency"     // a code that is not in ISO 4217
	BadAmount      Reason = "bad_amount"       // an amount that is not one, or of the wrong sign
	BadDate        Reason = "bad_date"         // a date, instant or period that is not one
)

// ReasonOf is the reason of an error of this package, and empty for any other.
func ReasonOf(err error) Reason {
	var f *fault
	if errors.As(err, &f) {
		return f.reason
	}
	return ""
}

// fault is what was wrong with an input, as a sentence for people.
type fault struct {
	reason Reason
	text   string
}

func (f *fault) Error() string { return f.text }

func faultf(r Reason, format string, args ...any) error {
	return domain.Errorf(domain.Invalid, "%w", &fault{r, fmt.Sprintf(format, args...)})
}

// show is a value as an error message may have it: quoted, escaped and cut.
func show[S ~string | ~[]byte](v S) string {
	const most = 60
	s := string(v)
	if len(s) > most {
		end := most
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end] + "…"
	}
	return strconv.Quote(s)
}

// plain is a field's name in a path: as it is where it is plain, else as show has it.
func plain(s string) string {
	ok := s != "" && len(s) <= 60 && strings.IndexFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
	if ok {
		return s
	}
	return show(s)
}
