package broker

import (
	"fmt"
	"strings"
)

// Unmatched is the pattern of the handler that takes what no other pattern
// takes.
const Unmatched = ">"

// checkPattern reports whether a pattern is a NATS subject, wildcards allowed.
func checkPattern(pattern string) error {
	tokens := strings.Split(pattern, ".")
	for i, t := range tokens {
		switch {
		case t == "", strings.ContainsAny(t, " \t\r\n"):
			return fmt.Errorf("broker: %q is not a subject", pattern)
		case t == ">" && i != len(tokens)-1:
			return fmt.Errorf("broker: %q: > can only be the last token", pattern)
		}
	}
	return nil
}

// covers reports whether every subject that b takes is also taken by a. With a
// plain subject for b it says whether a matches it.
func covers(a, b string) bool {
	for {
		ta, resta, morea := strings.Cut(a, ".")
		tb, restb, moreb := strings.Cut(b, ".")
		switch {
		case ta == ">":
			return true
		case tb == ">":
			return false
		case ta != "*" && ta != tb:
			return false
		case !morea || !moreb:
			return morea == moreb
		}
		a, b = resta, restb
	}
}

// narrower reports whether pattern a says more than pattern b, token by token:
// a word before *, and * before >.
func narrower(a, b string) bool {
	ta, tb := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(ta), len(tb)) {
		if ra, rb := rank(ta[i]), rank(tb[i]); ra != rb {
			return ra < rb
		}
	}
	return len(ta) > len(tb)
}

func rank(token string) int {
	switch token {
	case ">":
		return 2
	case "*":
		return 1
	}
	return 0
}
