package planfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain"
)

// Error is one mistake in a plan file. Line is 0 where the mistake is about
// the whole file, Path is empty where it is about no field.
type Error struct {
	File string
	Line int
	Path string
	Text string
}

// Error is file:line: path: text.
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Text)
	return b.String()
}

// Errors is every mistake found, file by file in the order given, by line.
type Errors []Error

// Error has one mistake per line.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

var errInvalid = domain.Errorf(domain.Invalid, "the plan file is wrong")

// Unwrap gives Errors the kind domain.Invalid.
func (es Errors) Unwrap() error { return errInvalid }

// byLine sorts one file's mistakes as they stand in it; those of one line stay
// in the order they were found.
func (es Errors) byLine() Errors {
	slices.SortStableFunc(es, func(a, b Error) int { return cmp.Compare(a.Line, b.Line) })
	return es
}
