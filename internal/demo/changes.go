package demo

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// turn is a kind of change.
type turn uint8

const (
	expands turn = iota
	loses        // an opportunity
	reduces
	undoes // an expansion
)

// change is something that happens inside a term.
type change struct {
	turn
	on     civil.Date
	exact  int64       // minor units, where the size is not left to the dice
	late   bool        // told past the quarter's lock
	regret bool        // will be undone
	deal   *event.Deal // undone
}

// arrange puts down what will happen, as chance and fate will have it.
func (l *life) arrange() {
	w, span := l.w, l.w.Until.Sub(l.w.From)
	for range l.times(l.seg.deals * span / 365) {
		l.plan(change{turn: expands, on: l.season(w.From, w.Until)})
	}
	for range l.times(200 * span / 365) {
		l.plan(change{turn: loses, on: l.season(w.From, w.Until)})
	}
	if l.fate == shrinks || l.chance(15*span/365) {
		l.plan(change{turn: reduces, on: w.From.Add(l.between(0, span))})
	}
	if low, _ := l.fate.renewsIn(); low > 0 {
		l.turning = l.firstEnd(w.From)
	}
	l.suffer(span)
	if l.leaves() {
		l.end = l.turning
	}
	if l.fate == backAgain {
		l.back = l.end.Add(l.between(20, 60))
	}
}

// suffer puts down what the fate asks for.
func (l *life) suffer(span int) {
	part := func(low, high int) civil.Date { return l.w.From.Add(span * l.between(low, high) / 1000) }
	switch l.fate {
	case clawedBack:
		on := part(100, 600)
		l.turning = l.firstEnd(on.Add(45)) // a term begins in between
		l.plan(change{turn: expands, on: on})
	case forfeited:
		l.plan(change{turn: expands, on: l.turning.Add(-l.between(5, 85))})
	case missed:
		l.plan(change{turn: expands, on: l.turning.Add(-l.between(95, 160))})
	case bookedLate:
		l.plan(change{turn: expands, on: part(50, 650), late: true})
	case lowEdge:
		l.expandBy(25_000_00, part(20, 980))
	case highEdge:
		l.expandBy(100_000_00, part(20, 980))
	case changesMind:
		l.plan(change{turn: expands, on: part(50, 800), regret: true})
	case plain, toldLate, backAgain, stays, renewsLate, shrinks:
	}
}

// expandBy has the account expand by an exact amount, where it is of a size to.
func (l *life) expandBy(minor int64, on civil.Date) {
	if l.seg.weekly {
		l.arr = max(l.arr, 2*minor)
		l.plan(change{turn: expands, on: on, exact: minor})
	}
}

// firstEnd is the first end of a term from a day on.
func (l *life) firstEnd(from civil.Date) civil.Date {
	for k := 0; ; k++ {
		if _, end := l.term(k); end >= from {
			return end
		}
	}
}

// plan puts a change where its date belongs.
func (l *life) plan(c change) {
	if c.turn == expands || c.turn == loses {
		c.on = working(c.on)
	}
	i, _ := slices.BinarySearchFunc(l.changes, c.on, func(c change, on civil.Date) int { return cmp.Or(cmp.Compare(c.on, on), -1) })
	l.changes = slices.Insert(l.changes, i, c)
}

// undergo tells a change.
func (l *life) undergo(c change) {
	switch c.turn {
	case expands:
		l.expand(c)
	case loses:
		d := l.deal(c, l.size())
		l.stages(d, "Closed Lost")
	case reduces:
		by := max(l.arr*int64(l.between(40, 250))/1000/100_00, 1) * 100_00
		if by >= l.arr {
			return
		}
		l.arr -= by
		l.tell(contracted, l.office(c.on.Add(-l.between(0, 20))), func(h event.Header) event.Event {
			return event.ContractionBooked{
				Header: h, Contraction: "con-" + l.number + "-" + c.on.String(), Account: l.id, Effective: c.on, Decrease: l.w.money(by),
			}
		})
	case undoes:
		l.arr -= c.deal.ARR.Minor
		l.cancel(*c.deal, c.on)
	}
}
