package account

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// latest keeps the standing statement of each key: the latest told.
type latest[K comparable, E event.Event] map[K]E

// put takes a statement and reports whether it stands.
func (l *latest[K, E]) put(k K, e E) bool {
	if old, ok := (*l)[k]; ok && !event.Newer(e.Head(), old.Head()) {
		return false
	}
	if *l == nil {
		*l = latest[K, E]{}
	}
	(*l)[k] = e
	return true
}

// Dispute is one contest of a deal's split: opened, perhaps decided. Source:
// rules §4 "Arbitration", §10.
type Dispute struct {
	ID          string
	Opportunity event.OpportunityID
	Opened      time.Time // zero: only its decision is known
	OpenedTold  event.Identity
	Decided     time.Time // zero: pending
	DecidedTold event.Identity
	opened      event.Header
	decision    *event.DisputeDecided
}

func (s *State) openDispute(e event.DisputeOpened) {
	d := s.dispute(e.Dispute)
	if d.opened.Type == "" || event.Newer(e.Header, d.opened) {
		d.opened, d.Opened, d.OpenedTold = e.Header, e.OpenedAt, e.Identity
		s.contestedOver(d, e.Opportunity)
	}
}

// decideDispute takes a decision; of two on one dispute the later stands.
func (s *State) decideDispute(e event.DisputeDecided) {
	d := s.dispute(e.Dispute)
	if d.decision != nil && !event.Newer(e.Header, d.decision.Header) {
		return
	}
	d.decision, d.Decided, d.DecidedTold = &e, e.DecidedAt, e.Identity
	if d.opened.Type == "" {
		s.contestedOver(d, e.Opportunity)
	}
}

// contestedOver names a dispute's opportunity; one named before is free again.
func (s *State) contestedOver(d *Dispute, opp event.OpportunityID) {
	for _, of := range s.named.Get(d.Opportunity) {
		s.spoilDeal(of)
	}
	d.Opportunity = opp
}

func (s *State) dispute(id string) *Dispute {
	i, known := slices.BinarySearchFunc(s.disputes, id, func(d *Dispute, id string) int { return cmp.Compare(d.ID, id) })
	if known {
		return s.disputes[i]
	}
	d := &Dispute{ID: id}
	s.disputes = slices.Insert(s.disputes, i, d)
	return d
}

// arbitration is where the disputes of an opportunity stand.
type arbitration struct {
	contested bool
	pending   bool
	decided   civil.Date // the last decision's day; with nothing pending
	told      event.Identity
	split     *event.DisputeDecided // the one that stands; nil: none
}

// arbitrate sums up the disputes of an opportunity: pending while any is
// undecided; of the decisions the latest told is the split.
//
// Source: rules §4 "Arbitration"; readings R10.
func (s *State) arbitrate(opp event.OpportunityID) arbitration {
	var a arbitration
	var last time.Time
	for _, d := range s.disputes {
		if d.Opportunity != opp {
			continue
		}
		a.contested = true
		if d.decision == nil {
			a.pending = true
			continue
		}
		if a.split == nil || event.Newer(d.decision.Header, a.split.Header) {
			a.split = d.decision
		}
		if at := d.Decided; last.IsZero() || at.After(last) {
			last, a.told = at, d.DecidedTold
		}
	}
	if !last.IsZero() {
		a.decided = civil.In(last, s.set.Zone)
	}
	return a
}

// covered reports whether an approved exception waives a loss dated on a day.
//
// Source: rules §8 "Exceptions"; readings R26.
func (s *State) covered(on civil.Date) (event.Identity, bool) {
	var told event.Header
	for _, e := range s.exceptions {
		if e.From <= on && (e.Until == nil || on <= *e.Until) && (told.Type == "" || event.Newer(told, e.Header)) {
			told = e.Header // the first told, so that one more does not move it
		}
	}
	return told.Identity, told.Type != ""
}

// waived reports whether an exception waives a loss dated on a day.
func (s *State) waived(on civil.Date) bool {
	_, waived := s.covered(on)
	return waived
}

// Excepted reports whether an exception takes the account out of a window
// [start, last]; with cfoOnly only those the CFO approved count.
//
// Source: rules §8 "Exceptions"; readings R26.
func (s *State) Excepted(start, last civil.Date, cfoOnly bool) bool {
	for _, e := range s.exceptions {
		if last >= e.From && (e.Until == nil || start <= *e.Until) && (!cfoOnly || e.ByRole == "cfo") {
			return true
		}
	}
	return false
}

// HasExceptions reports whether any exception was approved for the account.
func (s *State) HasExceptions() bool { return len(s.exceptions) > 0 }
