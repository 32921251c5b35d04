package report

import "strings"

// tone is how something looks on a terminal that shows colours. Colour only
// repeats what the words say.
type tone string

// The tones, as terminals are told of them.
const (
	plain   tone = ""
	heading tone = "1"
	good    tone = "32"
	wait    tone = "33"
	bad     tone = "31"
	done    tone = "36"
)

// toneOf is the tone of a state, the first word of a text.
func toneOf(state string) tone {
	word, _, _ := strings.Cut(state, ":")
	switch word {
	case "met", "paid", "applied", "yes":
		return good
	case "open", "ended", "parked", "resolved":
		return wait
	case "breached", "no":
		return bad
	case "locked", "closed", "retracted", "discarded":
		return done
	}
	return plain
}

// paint is a text in a tone, or as it is where no colours are shown.
func (p *printer) paint(s string, t tone) string {
	if !p.colour || t == plain || s == "" {
		return s
	}
	return "\x1b[" + string(t) + "m" + s + "\x1b[0m"
}
