package event

import "strings"

// Stage is a CRM's name for where an opportunity stands.
type Stage string

// Won reports whether the stage, letters only and lower-cased, is closedwon or won.
func (s Stage) Won() bool { return s.Is("closedwon") || s.Is("won") }

// Lost reports whether the stage, letters only and lower-cased, is closedlost or lost.
func (s Stage) Lost() bool { return s.Is("closedlost") || s.Is("lost") }

// Is reports whether the stage, letters only and lower-cased, is name.
func (s Stage) Is(name string) bool { return s.letters() == name }

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
