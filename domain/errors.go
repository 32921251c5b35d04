// Package domain holds what a customer-success manager is owed, as pure
// functions of facts: no clock, no I/O, no logger, nothing but the standard
// library. Its subjects are the packages below it; this one holds only the
// kinds an error can have, which callers branch on.
package domain

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error.
type Kind uint8

// The kinds. The zero value, Transient, means: the same call may succeed later.
const (
	Transient Kind = iota // try again
	Invalid               // the input is wrong and stays wrong: park it
	Duplicate             // already known with the same content: fine
	Corrupt               // what we stored contradicts itself: stop
)

func (k Kind) String() string {
	switch k {
	case Transient:
		return "transient"
	case Invalid:
		return "invalid"
	case Duplicate:
		return "duplicate"
	case Corrupt:
		return "corrupt"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

type kindError struct {
	kind Kind
	err  error
}

func (e *kindError) Error() string { return e.err.Error() }
func (e *kindError) Unwrap() error { return e.err }

// Errorf is fmt.Errorf with a kind.
func Errorf(kind Kind, format string, args ...any) error {
	return &kindError{kind, fmt.Errorf(format, args...)}
}

// KindOf gives the kind of the outermost error in err's chain that has one,
// and Transient where none has.
func KindOf(err error) Kind {
	var k *kindError
	if errors.As(err, &k) {
		return k.kind
	}
	return Transient
}
