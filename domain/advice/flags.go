// Package advice has what a person should look at: flags, measures that
// inform, lints of plans, targets. Nothing here changes pay.
package advice

import (
	"math/big"
	"slices"
	"strconv"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Flag is something about a payee or an account that a person should look at:
// the figure and the threshold it is on the wrong side of.
type Flag struct {
	Name    string
	Payee   event.PayeeID
	Account event.AccountID
	Period  civil.Quarter
	Figure  string
	// Threshold is a number, a range such as 6–8, or in words.
	Threshold string
}

// Names of the flags. Those about payees come first.
const (
	PortfolioLarge    = "portfolio_large"
	PortfolioTooLarge = "portfolio_too_large"
	HandoffBroken     = "handoff_broken"
	SilentSignals     = "silent_signals"
	QuotaTooLow       = "quota_too_low"
	NoVariable        = "no_variable"
	BookSize          = "book_size"
	BookUnbalanced    = "book_unbalanced"
	EmptyBook         = "empty_book"
	PayoutMismatch    = "payout_mismatch"

	ExpandedThenChurned = "expanded_then_churned"
	DealSlicing         = "possible_deal_slicing"
	ARRMismatch         = "arr_mismatch"
)

// PayeeFigures is what the flags of a payee's quarter look at.
type PayeeFigures struct {
	Payee    event.PayeeID
	Role     event.Role
	Segment  string // of the enrolment; however it is spelled
	Period   civil.Quarter
	Ended    bool // the quarter is over
	Currency money.Currency
	Limits   plan.Flags
	Book     account.Glance // of the payee's own accounts

	// Expanded says of a quarter that ended, of a CSM who found no lead in it, that an
	// expansion booked in it is credited to them as its CSM, whoever sourced it.
	Expanded bool
	// GRR of each quarter up to this one, in order; a quarter with an empty book
	// ends the run, so only those after it.
	GRR []money.Ratio
	// Variable is a year's variable pay; nil: no plan, so nobody here knows.
	Variable *money.Money
	// Reports is how many CSMs a manager has.
	Reports int
	// Team is the payee's, whose own book is among its members'; zero: no team.
	Team Team
	// Opening of the book that the retention component looks at; nil: no such component.
	Opening *int64
	// Requested and Confirmed are the quarter's payment; nil: not yet.
	Requested, Confirmed *money.Money
}

// Same reports whether flags see nothing new.
func (in *PayeeFigures) Same(o *PayeeFigures) bool {
	return in.Payee == o.Payee && in.Role == o.Role && in.Segment == o.Segment && in.Period == o.Period && in.Ended == o.Ended &&
		in.Currency == o.Currency && in.Limits == o.Limits && in.Book == o.Book && in.Expanded == o.Expanded && in.Reports == o.Reports && in.Team == o.Team &&
		slices.Equal(in.GRR, o.GRR) && equal(in.Variable, o.Variable) && equal(in.Opening, o.Opening) &&
		equal(in.Requested, o.Requested) && equal(in.Confirmed, o.Confirmed)
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// RiskShare is the part of a book that is at risk, in minor units of ARR.
type RiskShare struct{ AtRisk, ARR int64 }

// Team is how much of the books of a team's CSMs is at risk: the median of
// their shares. Members without ARR have no share.
//
// Source: rules §12a [001].
// Units: exact shares of ARR.
// Rounding: none.
type Team struct{ low, high money.Ratio } // the two middles, one twice of an odd number; zero: nobody has a share

// NewTeam is the team of some members.
func NewTeam(members []RiskShare) Team {
	var room [16]money.Ratio
	shares := room[:0]
	for _, s := range members {
		if s.ARR > 0 {
			shares = append(shares, money.Ratio{Num: s.AtRisk, Den: s.ARR})
		}
	}
	n := len(shares)
	if n == 0 {
		return Team{}
	}
	slices.SortFunc(shares, money.Ratio.Cmp)
	return Team{shares[(n-1)/2], shares[n/2]}
}

// exceeded reports whether a share is more than twice the median, which is the
// sum of both middles.
func (t Team) exceeded(own money.Ratio) bool {
	if t.low.Num >= 0 && own.Cmp(t.high) <= 0 {
		return false // the usual case, in machine words
	}
	return own.Rat().Cmp(t.twice()) > 0
}

func (t Team) twice() *big.Rat { return new(big.Rat).Add(t.low.Rat(), t.high.Rat()) }

var ofPayee = [...]func(*PayeeFigures) (Flag, bool){
	portfolio, handoffBroken, silentSignals, quotaTooLow, payeesVariable, bookSize, bookUnbalanced, emptyBook, payoutMismatch,
}

// OfPayee lists the flags of a payee's quarter, always in the same order.
func OfPayee(in *PayeeFigures) []Flag {
	var out []Flag
	for _, rule := range ofPayee {
		if f, raised := rule(in); raised {
			f.Payee, f.Period = in.Payee, in.Period
			out = append(out, f)
		}
	}
	return out
}

// portfolio is raised by too many accounts for one CSM; only the larger of the
// two flags. Churned accounts do not count. A limit of 0 is none.
//
// Source: plan field flags; rules §12 [000].
// Units: accounts; the limit itself is fine.
// Rounding: none.
func portfolio(in *PayeeFigures) (Flag, bool) {
	for _, l := range []struct {
		name string
		most int
	}{{PortfolioTooLarge, in.Limits.PortfolioTooLarge}, {PortfolioLarge, in.Limits.PortfolioLarge}} {
		if in.Role == event.CSM && l.most > 0 && in.Book.Living > l.most {
			return Flag{Name: l.name, Figure: strconv.Itoa(in.Book.Living), Threshold: strconv.Itoa(l.most)}, true
		}
	}
	return Flag{}, false
}

// handoffDeals is how many qualified deals it takes to judge hand-offs by.
const handoffDeals = 5

// handoffBroken is raised where too few of the deals a CSM sourced, qualified in
// the 90 days up to the quarter's last, are closed won.
//
// Source: plan field flags.handoff_broken; rules §12 [000].
// Units: deals; the threshold itself is fine.
// Rounding: none.
func handoffBroken(in *PayeeFigures) (Flag, bool) {
	if in.Role != event.CSM || in.Book.Qualified < handoffDeals {
		return Flag{}, false
	}
	won := money.Ratio{Num: int64(in.Book.QualifiedWon), Den: int64(in.Book.Qualified)}
	if won.Cmp(in.Limits.HandoffBroken) >= 0 {
		return Flag{}, false
	}
	return Flag{Name: HandoffBroken, Figure: won.Percent(), Threshold: in.Limits.HandoffBroken.Percent()}, true
}

// silentSignals is raised where a CSM found no expansion in a whole quarter:
// none sourced, and none of their own booked.
//
// Source: rules §12 [000].
// Units: expansions.
// Rounding: none.
func silentSignals(in *PayeeFigures) (Flag, bool) {
	if in.Role != event.CSM || !in.Ended || in.Book.Leads != 0 || in.Expanded {
		return Flag{}, false
	}
	return Flag{Name: SilentSignals, Figure: "0", Threshold: "1"}, true
}

// quotaQuarters is how many quarters running tell that a target is too low.
const quotaQuarters = 4

// quotaTooLow is raised where GRR was above 98 % four quarters running.
//
// Source: rules §12 [000].
// Units: exact ratios; 98 % itself is fine.
// Rounding: none.
func quotaTooLow(in *PayeeFigures) (Flag, bool) {
	n := len(in.GRR)
	if !in.Ended || n < quotaQuarters {
		return Flag{}, false
	}
	high := money.Ratio{Num: 98, Den: 100}
	lowest := slices.MinFunc(in.GRR[n-quotaQuarters:], money.Ratio.Cmp)
	if lowest.Cmp(high) <= 0 {
		return Flag{}, false
	}
	return Flag{Name: QuotaTooLow, Figure: lowest.Percent(), Threshold: high.Percent()}, true
}

// payeesVariable is raised where somebody owns revenue and has no variable pay.
//
// Source: rules §12 [002].
// Units: minor units.
// Rounding: none.
func payeesVariable(in *PayeeFigures) (Flag, bool) {
	if in.Variable == nil || !in.Variable.IsZero() || in.Book.ARR <= 0 {
		return Flag{}, false
	}
	return Flag{Name: NoVariable, Figure: in.Variable.Decimal(), Threshold: "above 0"}, true
}

// bookUnbalanced is raised where the share of a book that is at risk is more
// than twice the median of the team.
//
// Source: rules §12a [001].
// Units: exact shares of ARR; twice the median itself is fine.
// Rounding: none.
func bookUnbalanced(in *PayeeFigures) (Flag, bool) {
	if in.Team == (Team{}) || in.Book.ARR <= 0 {
		return Flag{}, false
	}
	own := money.Ratio{Num: in.Book.AtRiskARR, Den: in.Book.ARR}
	if !in.Team.exceeded(own) {
		return Flag{}, false
	}
	return Flag{Name: BookUnbalanced, Figure: own.Percent(), Threshold: money.Percent(in.Team.twice())}, true
}

// emptyBook is raised where retention could not be measured.
//
// Source: rules §8 "GRR".
// Units: minor units of ARR.
// Rounding: none.
func emptyBook(in *PayeeFigures) (Flag, bool) {
	if !in.Ended || in.Opening == nil || *in.Opening != 0 {
		return Flag{}, false
	}
	return Flag{Name: EmptyBook, Figure: money.Money{Minor: *in.Opening, Currency: in.Currency}.Decimal(), Threshold: "above 0"}, true
}

// payoutMismatch is raised where payroll paid another amount than asked for.
//
// Source: rules §9.
// Units: minor units.
// Rounding: none.
func payoutMismatch(in *PayeeFigures) (Flag, bool) {
	if in.Requested == nil || in.Confirmed == nil || *in.Confirmed == *in.Requested {
		return Flag{}, false
	}
	return Flag{Name: PayoutMismatch, Figure: in.Confirmed.Decimal(), Threshold: in.Requested.Decimal()}, true
}
