package event

import "strings"

// Stage is a CRM's name for where an opportunity stands.
type Stage string

// Won reports whether the stage, letters only and lower-cased, is closedwon or won.
func (s Stage) Won() bool { n := s.letters(); return n == "closedwon" || n == "won" }

// Lost reports whether the stage, letters only and lower-cased, is closedlost or lost.
func (s Stage) Lost() bool { n := s.letters(); return n == "closedlost" || n == "lost" }

func (s Stage) letters() string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, string(s))
}
