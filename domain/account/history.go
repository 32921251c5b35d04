package account

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// History is an account over time, for people. It decides nothing: it reads
// what was derived.
type History struct {
	Name, Segment string // as of the day
	ARR           int64  // minor units of the tenant's currency, on the day
	Living        bool   // at the end of the day
	Levels        []HistoryLevel
	Terms         []HistoryTerm
	Owners        []HistoryOwner
	Scores        []HistoryScore
	Deals         []HistoryDeal
	Exceptions    []event.ExceptionApproved // by their first day
}

// HistoryLevel is the ARR from a day on, and the last statement of that day.
type HistoryLevel struct {
	On            civil.Date
	Before, Minor int64
	What          string // started changed renewed churned cancelled reactivated expanded contracted
	Told          event.Identity
}

// HistoryTerm is a term [From, Until) and how it ended.
type HistoryTerm struct {
	From, Until civil.Date
	Ended       string     // renewed churned lapsed; empty: it has not
	On          civil.Date // the day it did; civil.Never: it has not
}

// HistoryOwner owns the account in a role, [From, Until).
type HistoryOwner struct {
	Payee       event.PayeeID
	Role        event.Role
	From, Until civil.Date // Until civil.Never: still
}

// HistoryScore is a score, out of 100.
type HistoryScore struct {
	At    time.Time
	Of100 *big.Rat
	Low   bool // a risk episode opens below it
}

// HistoryDeal is a deal, what it has made due by the day, and until when a churn
// takes it back.
type HistoryDeal struct {
	*Deal
	Due    []ledger.Step
	Payees []event.PayeeID // whom it credits or pays, sorted
	Window civil.Date      // last day of the clawback window; civil.Never: there is none
}

var moveNames = [...]string{
	started: "started", changed: "changed", renewed: "renewed", churned: "churned", lapsed: "cancelled", reactivated: "reactivated",
	expanded: "expanded", contracted: "contracted", uncancelled: "cancelled",
}

// History is the account's as known on a day. It is to be asked after Settling.
func (s *State) History(day civil.Date) History {
	h := History{ARR: s.arr.At(day), Living: s.arr.aliveOn(day), Levels: s.arr.history(), Terms: s.arr.termHistory(day)}
	l := look{Holding: Holding{State: s}, last: day}
	h.Segment, h.Name = l.segment(), s.owners.latest(day, func(a event.AccountAssigned) string { return a.Name })
	for _, r := range s.owners.byRole {
		for iv := range r.intervals {
			h.Owners = append(h.Owners, HistoryOwner{iv.payee, r.role, iv.from, iv.until})
		}
	}
	for i := range s.health.list.Len() {
		x := s.health.list.At(i)
		e := x.event(s.ID)
		of100 := new(big.Rat).Quo(e.Score.Rat(), e.ScaleMax.Rat())
		below := s.set.Plans.Settings(civil.In(e.MeasuredAt, s.set.Zone)).SLA.Risk.Below
		h.Scores = append(h.Scores, HistoryScore{e.MeasuredAt, of100.Mul(of100, big.NewRat(100, 1)), !x.reaches(below)})
	}
	for _, d := range s.deals {
		h.Deals = append(h.Deals, d.history(day))
	}
	h.Exceptions = slices.SortedFunc(maps.Values(s.exceptions), func(a, b event.ExceptionApproved) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Exception, b.Exception))
	})
	return h
}

// history is the levels with what told them.
func (t *timeline) history() []HistoryLevel {
	var out []HistoryLevel
	before, at := int64(0), 0
	for _, l := range t.levels {
		lv := HistoryLevel{On: l.date, Before: before, Minor: l.minor}
		for ; at < len(t.moves) && t.moves[at].date <= l.date; at++ {
			m := t.moves[at]
			if c, cancelled := t.cancelled[m.date]; m.date < l.date || cancelled && m.rank == churned && event.Newer(c, m.Header) {
				continue // the churn of that date did not happen
			}
			lv.What, lv.Told = moveNames[m.rank], m.Identity
			if m.ends && !slices.Contains(t.churns, m) {
				lv.What = moveNames[lapsed]
			}
		}
		out = append(out, lv)
		before = l.minor
	}
	return out
}

// termHistory is the terms and how each has ended by a day.
func (t *timeline) termHistory(day civil.Date) []HistoryTerm {
	var out []HistoryTerm
	for _, m := range t.terms {
		h := HistoryTerm{m.date, m.end, "", civil.Never}
		next, renewed := t.nextRenewal(m.date)
		switch {
		case renewed && next.date <= day && next.date <= m.stopped:
			h.Ended, h.On = "renewed", min(next.date, m.end)
		case m.stopped <= day && m.stopped < m.end:
			h.Ended, h.On = "churned", m.stopped
		case m.end <= day:
			h.Ended, h.On = "lapsed", m.end
		}
		out = append(out, h)
	}
	return out
}

func (d *Deal) history(day civil.Date) HistoryDeal {
	h := HistoryDeal{Deal: d, Due: d.Due(day), Window: civil.Never}
	for i := range d.derived.shares {
		sh := &d.derived.shares[i]
		if sh.why == "" {
			h.Payees = append(h.Payees, sh.payee)
		}
		if c := sh.rules.Clawback; i == 0 && c.WindowDays > 0 && d.Origin != Pipeline {
			h.Window = d.Booked.Add(c.WindowDays)
		}
	}
	slices.Sort(h.Payees)
	h.Payees = slices.Compact(h.Payees)
	return h
}
