package advice

import (
	"math/big"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/money"
)

// Growth is what a year is to bring, all in one currency.
type Growth struct {
	Base        money.Money // recurring revenue at the start
	Need        money.Money // net new revenue wanted
	Acquisition money.Money // of it from new customers
	Churn       money.Money // revenue expected to be lost
}

// Expansion is what Growth asks of the accounts there are.
type Expansion struct {
	Needed    money.Money // gross, 0 where acquisition brings more than enough
	Surplus   money.Money // what acquisition brings too much, else 0
	OfBase    *big.Rat
	NRR, GRR  *big.Rat
	VersusGRR int // GRR against the floor of 90%: -1 below, 0 exactly, 1 above
}

// GRRFloor is the floor of gross retention that plans have unless they say
// otherwise.
var GRRFloor = money.Ratio{Num: 90, Den: 100}

// Expansion works out the gross expansion that is needed.
//
// Source: rules §11: need − acquisition + churn; NRR is (base + expansion −
// churn) ÷ base, GRR (base − churn) ÷ base.
// Units: money a year; shares of the base.
// Rounding: none, the shares are exact.
func (g Growth) Expansion() (Expansion, error) {
	switch {
	case g.Base.Minor <= 0:
		return Expansion{}, domain.Errorf(domain.Invalid, "base %s is not above zero", g.Base.Decimal())
	case g.Churn.Minor > g.Base.Minor:
		return Expansion{}, domain.Errorf(domain.Invalid, "churn %s is more than the base %s", g.Churn.Decimal(), g.Base.Decimal())
	}
	needed, err := money.Sum(g.Need.Minor, -g.Acquisition.Minor, g.Churn.Minor)
	if err != nil {
		return Expansion{}, err
	}
	out := Expansion{Needed: money.Money{Minor: max(needed, 0), Currency: g.Base.Currency}, Surplus: money.Money{Minor: max(-needed, 0), Currency: g.Base.Currency}}
	share := func(minor int64) *big.Rat { return big.NewRat(minor, g.Base.Minor) }
	kept := g.Base.Minor - g.Churn.Minor
	grown, err := money.Add(kept, out.Needed.Minor)
	if err != nil {
		return Expansion{}, err
	}
	out.OfBase, out.NRR, out.GRR = share(out.Needed.Minor), share(grown), share(kept)
	out.VersusGRR = out.GRR.Cmp(GRRFloor.Rat())
	return out, nil
}

// Annual is what a monthly rate comes to in a year.
//
// Source: rules §11: rate to the power of 12.
// Units: 1.01 is one per cent more each month.
// Rounding: none.
func Annual(monthly money.Ratio) *big.Rat {
	year := big.NewRat(1, 1)
	for range 12 {
		year.Mul(year, monthly.Rat())
	}
	return year
}

// Range is from Low to High, both included.
type Range struct{ Low, High money.Ratio }

// Segment is a size of account and what is usual for it.
type Segment struct {
	Name      string
	Above     *money.Money // account ARR: more than this, or this and more for the middle one
	UpTo      *money.Money
	NRR       Range
	Expansion *Range // of the book a year; nil where nothing is said
}

// Segments are all segments, the largest accounts first.
//
// Source: rules §11. Enterprise is above $25,000 of account ARR, mid-market
// from $5,000 to $25,000 with both ends, SMB below $5,000.
func Segments() []Segment {
	five, twentyFive := money.Money{Minor: 5_000_00, Currency: "USD"}, money.Money{Minor: 25_000_00, Currency: "USD"}
	between := func(low, high int64) Range {
		return Range{money.Ratio{Num: low, Den: 100}, money.Ratio{Num: high, Den: 100}}
	}
	enterprise, midMarket := between(8, 12), between(15, 20)
	return []Segment{
		{Name: "enterprise", Above: &twentyFive, NRR: between(115, 130), Expansion: &enterprise},
		{Name: "mid_market", Above: &five, UpTo: &twentyFive, NRR: between(105, 115), Expansion: &midMarket},
		{Name: "smb", UpTo: &five, NRR: between(95, 105)},
	}
}

// SegmentOf is the segment of a name.
func SegmentOf(name string) (Segment, bool) {
	for _, s := range Segments() {
		if s.Name == name {
			return s, true
		}
	}
	return Segment{}, false
}

// Grown is what a book that opens with so much is to grow by for an NRR.
//
// Source: rules §11: opening × target − opening.
// Units: money a year; below zero for a target below 100%.
// Rounding: half away from zero to the minor unit, once.
func Grown(opening money.Money, nrr money.Ratio) (money.Money, error) {
	closing, err := opening.Scale(nrr)
	if err != nil {
		return money.Money{}, err
	}
	return closing.Add(opening.Neg())
}
