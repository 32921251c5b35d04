package account

import "github.com/trueup/trueup/domain/civil"

// Window is a stretch of quarters that retention is measured over.
type Window uint8

// The windows, as in the plan file.
const (
	WindowQuarter Window = iota
	WindowYTD
	WindowTTM
)

// First is the first quarter of the window that ends with q.
func (w Window) First(q civil.Quarter) civil.Quarter {
	switch w {
	case WindowYTD:
		return q.YearStart()
	case WindowTTM:
		return q - 3
	case WindowQuarter:
	}
	return q
}
