package book

import (
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
)

// Looks is what is looked at of a book: what is left of it, by window, and what
// is measured.
type Looks struct {
	Retained [3]bool // by account.Window
	Paid     bool
}

// Retained is what is left of a book in one window.
func Retained(w account.Window) (l Looks) {
	l.Retained[w] = true
	return l
}

// And is both.
func (l Looks) And(o Looks) Looks {
	for w := range l.Retained {
		l.Retained[w] = l.Retained[w] || o.Retained[w]
	}
	l.Paid = l.Paid || o.Paid
	return l
}

// Looks is what the payee's pay of a quarter looks at of their book.
func (p *Person) Looks(q civil.Quarter) (l Looks) {
	qt, ok := p.quarterOf(q)
	if !ok {
		return l
	}
	for i := range qt.plan.Components {
		c := &qt.plan.Components[i]
		switch c.Kind {
		case plan.Retention, plan.NetRetention:
			l.Retained[account.WindowOf(c.Window)] = true
		case plan.Objectives, plan.Health:
			l.Paid = true
		case plan.Expansion:
			l.Paid = l.Paid || accelerates(c)
		}
	}
	return l
}
