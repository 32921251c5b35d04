package tenant

import (
	"errors"
	"fmt"

	"github.com/trueup/trueup/domain"
)

// Refusal is why the rules refuse an event that reads well: a short code for
// programs and a sentence for people.
type Refusal struct{ Code, Text string }

func (r *Refusal) Error() string { return r.Text }

func refusef(code, format string, args ...any) error {
	return domain.Errorf(domain.Invalid, "%w", &Refusal{code, fmt.Sprintf(format, args...)})
}

// CodeOf is the code of a refusal, or "refused" for any other error.
func CodeOf(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Code
	}
	return "refused"
}
