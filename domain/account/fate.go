package account

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// fate is what becomes of one payee's lines of a deal: when they are released
// and what is lost of them, as parts, whatever their amount.
type fate struct {
	opens    civil.Date // the last gate's opening; civil.Never: not known to
	release  gate       // that gate
	hold     ledger.Reason
	final    bool   // nothing takes the line away
	losses   []loss // in order of date and of R5
	advanced bool   // payable at once, recoverable
}

// loss is a part of a line that is taken away on a day.
type loss struct {
	on     civil.Date
	order  order
	reason ledger.Reason
	told   event.Identity
	lost   *big.Rat // part of the deal's ARR that is lost; nil: all that is left
	credit bool     // the deal's credit loses as much
	held   bool     // only what is held
	text   func(amount money.Money, how string) string
}

// fateOf works out a share's gates and losses.
//
// Source: rules §6, §7; readings R5–R13, R22, R26, R28.
// Units: whole days; parts are exact.
// Rounding: none here.
func (s *State) fateOf(d *Deal, sh *share, l life) fate {
	if d.Origin == Pipeline {
		return fate{opens: d.Booked, final: true}
	}
	f := fate{advanced: sh.rules.Payability.Renewal == "advance"}
	var room [4]gate
	gates := s.gatesOf(d, sh, l, room[:0])
	f.release = gates[0]
	for _, g := range gates[1:] {
		if g.opens > f.release.opens || g.opens == civil.Never && f.release.opens == civil.Never && g.hold != "" {
			f.release = g
		}
		if g.opens == civil.Never && holdRank(g.hold) < holdRank(f.hold) {
			f.hold = g.hold
		}
	}
	f.opens = f.release.opens
	f.losses = s.losses(d, sh, l)
	return f
}

// gatesOf lists all that a share waits for, the renewal first, in the room given
// where it is enough.
//
// Source: rules §4, §6, §7; readings R7, R10, R13, R22, R28.
func (s *State) gatesOf(d *Deal, sh *share, l life, room []gate) []gate {
	gates := append(room, s.renewalGate(l, sh.rules.Payability))
	if sh.pending {
		gates = append(gates, gate{kind: scoreKind, opens: civil.Never, hold: ledger.HealthScoreMissing})
	}
	switch a := sh.arbitration; {
	case a.pending:
		gates = append(gates, gate{kind: disputeKind, opens: civil.Never, hold: ledger.DisputePending})
	case a.contested:
		gates = append(gates, gate{kind: disputeKind, opens: a.decided, told: a.told, reason: ledger.SplitArbitrated})
	}
	if sh.sourcing {
		at, told := s.handedOff(d.Opportunity)
		gates = append(gates, gate{kind: handoffKind, opens: at, told: told, reason: sh.base, hold: ledger.HandoffIncomplete})
	}
	if sh.rules.Payability.Cash == "invoice_paid" {
		at, told := s.paid(d.Opportunity)
		gates = append(gates, gate{kind: invoicesKind, opens: at, told: told, reason: sh.base, hold: ledger.InvoiceUnpaid})
	}
	return gates
}

var holds = []ledger.Reason{ledger.DisputePending, ledger.HealthScoreMissing, ledger.HandoffIncomplete, ledger.InvoiceUnpaid}

func holdRank(r ledger.Reason) int {
	if i := slices.Index(holds, r); i >= 0 {
		return i
	}
	return len(holds)
}

// losses lists what is taken from a share's lines, in order.
func (s *State) losses(d *Deal, sh *share, l life) []loss {
	var out []loss
	rest := d.home.Minor
	cut := func(x loss, lost int64, whole bool) {
		if rest <= 0 {
			return
		}
		if lost = min(lost, rest); whole {
			lost = rest
		}
		if lost < rest {
			x.lost = big.NewRat(lost, d.home.Minor)
		}
		rest -= lost
		x.credit = true
		out = append(out, x)
	}
	own, shrunk := s.ownLosses(d), s.shrinks(sh.rules.Clawback)[d]
	for len(own)+len(shrunk) > 0 {
		if len(shrunk) == 0 || len(own) > 0 && (own[0].on < shrunk[0].date || own[0].on == shrunk[0].date && shrunk[0].rank != renewed) {
			o := own[0]
			own = own[1:]
			cut(loss{on: o.on, order: byCancellation, reason: o.reason, told: o.told, text: d.ownText(o)}, o.lost, o.whole)
			continue
		}
		c := shrunk[0]
		shrunk = shrunk[1:]
		at := byContraction
		if c.rank == renewed {
			at = byRenewal
		}
		cut(loss{on: c.date, order: at, reason: ledger.ContractionWithinWindow, told: c.Identity, text: d.shrinkText(c, sh.rules.Clawback)}, c.lost, c.whole)
	}
	if at, told, ok := s.churnLoss(d, l, sh.rules.Clawback); ok {
		out = append(out, loss{
			on: at, order: byChurn, reason: ledger.ChurnWithinWindow, told: told, credit: true, text: d.churnText(at, sh.rules.Clawback),
		})
	}
	out = append(out, s.renewalLosses(d, sh, l)...)
	if sh.rules.Payability.Termination == "forfeit" && sh.terms.Until != civil.Never {
		out = append(out, loss{
			on: sh.terms.Until, order: byTermination, reason: ledger.Terminated, told: sh.terms.LeftTold, held: true, text: terminationText(sh.terms.Until),
		})
	}
	slices.SortStableFunc(out, func(a, b loss) int { return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(a.order, b.order)) })
	left := big.NewRat(1, 1) // of the credit
	for i := range out {
		x := &out[i]
		if x.order == bySurvival && x.lost != nil {
			x.lost.Mul(x.lost, left)
		}
		if x.credit {
			left = keeping(left, x)
		}
	}
	return out
}

// churnLoss is the churn that loses the deal: 0 to window_days after the
// booking, both included, by the plan's choice of date, and no exception waives
// it.
//
// Source: rules §7, "Clawback"; readings R6, R26.
// Units: whole days, booking is day 0.
// Rounding: none.
func (s *State) churnLoss(d *Deal, l life, c plan.Clawback) (civil.Date, event.Identity, bool) {
	at, told, ok := s.churnDate(l, c)
	if !ok {
		return at, told, false
	}
	age, really := at.Sub(d.Booked), at
	if l.churned {
		really = l.churn.date
	}
	_, waived := s.covered(really)
	return at, told, 0 <= age && age <= c.WindowDays && !waived
}

// renewalLosses are what a smaller renewal does not keep, and the missed one.
func (s *State) renewalLosses(d *Deal, sh *share, l life) []loss {
	p := sh.rules.Payability
	if at, told := l.missed(p); at != civil.Never {
		if _, waived := s.covered(at); waived {
			return nil
		}
		return []loss{{on: at, order: byMissing, reason: ledger.RenewalMissed, told: told, text: d.missedText(l, p)}}
	}
	if p.Release != "surviving_arr" || p.Renewal == "off" || !l.renewed {
		return nil
	}
	kept := s.survived(l.next, sh.rules.Clawback)
	if _, waived := s.covered(l.next.date); waived || kept == nil {
		return nil
	}
	x := loss{on: l.next.date, order: bySurvival, reason: ledger.RenewalMissed, told: l.next.Identity, text: d.survivalText(l, kept)}
	if kept.Sign() > 0 {
		x.lost = new(big.Rat).Sub(big.NewRat(1, 1), kept) // of what is left of the deal
	}
	return []loss{x}
}

// entire and nothing are the parts of a line that are left most often, so
// they are told without arithmetic. Parts are never changed in place.
var entire, nothing = big.NewRat(1, 1), new(big.Rat)

// part is what the losses picked leave of a line or a credit; those after all
// is lost are not asked for.
//
// Source: readings R8.
// Rounding: none.
func (f *fate) part(pick func(*loss) bool) *big.Rat {
	kept := entire
	for i := range f.losses {
		if x := &f.losses[i]; pick(x) && !f.spares(x) {
			if kept = keeping(kept, x); kept.Sign() == 0 {
				break
			}
		}
	}
	return kept
}

// keeping is what a loss leaves of a part of the deal that is left: losses are
// parts of the whole deal and add up, to no more than all of it.
func keeping(kept *big.Rat, x *loss) *big.Rat {
	if x.lost == nil || kept.Cmp(x.lost) < 0 {
		return nothing
	}
	return new(big.Rat).Sub(kept, x.lost)
}

// spares reports whether a loss takes only what is held, and comes too late.
func (f *fate) spares(x *loss) bool { return x.held && f.opens <= x.on }

// remains is an amount less its lost part.
//
// Source: readings R8.
// Rounding: the lost part half away from zero, cumulatively.
func remains(minor int64, kept *big.Rat) (int64, error) {
	switch {
	case kept == entire:
		return minor, nil
	case kept.Sign() == 0:
		return 0, nil
	}
	lost := new(big.Rat).Sub(entire, kept)
	n, err := money.Round(lost.Mul(lost, new(big.Rat).SetInt64(minor)))
	return minor - n, err
}

// creditAfter is a credit less what was lost of it by a day, and why.
func (f *fate) creditAfter(credit int64, day civil.Date) (int64, ledger.Reason, error) {
	var why ledger.Reason
	kept := f.part(func(x *loss) bool {
		if x.credit && x.on <= day {
			if why == "" || x.lost == nil {
				why = x.reason
			}
			return true
		}
		return false
	})
	left, err := remains(credit, kept)
	return left, why, err
}
