package book

import (
	"fmt"
	"math/big"

	"github.com/trueup/trueup/domain/money"
)

// factor is an exact multiplier and where it comes from.
type factor struct {
	times *big.Rat
	text  string
}

// multiplier is what a retention pool is multiplied by. Exceptions count,
// but only the CFO's lift it above 1.0.
//
// Source: rules §8 "GRR", "Multiplier", "curve" and "Exceptions"; readings R26.
// Units: a ratio; the book's retention is compared as an exact ratio.
// Rounding: none.
func (p pool) multiplier() factor {
	all := p.multiplierOf(p.kept(p.all))
	if p.cfo == p.all {
		return all
	}
	cfo := factor{times: new(big.Rat)}
	if p.cfo.Opening > 0 {
		cfo = p.multiplierOf(p.kept(p.cfo))
	}
	if all.times.Cmp(one) > 0 {
		all = factor{one, all.text + "; an exception not approved by the CFO lifts no multiplier above × 1"}
	}
	if cfo.times.Cmp(all.times) >= 0 {
		return cfo
	}
	return all
}

// multiplierOf is the multiplier of a retention.
func (p pool) multiplierOf(grr money.Ratio) factor {
	c := p.component
	exactly := func(r money.Ratio, where string, edge money.Ratio) factor {
		return factor{r.Rat(), fmt.Sprintf("%s %s: × %s", where, edge.Percent(), r)}
	}
	switch {
	case grr.Cmp(c.Floor) < 0:
		return exactly(c.Multiplier.BelowFloor, "below the floor of", c.Floor)
	case grr.Cmp(c.Stretch) >= 0:
		return exactly(c.Multiplier.AtStretch, "at or above the stretch of", c.Stretch)
	case grr.Cmp(c.Target) >= 0 && c.Curve != "ramp":
		return exactly(c.Multiplier.AtTarget, "at or above the target of", c.Target)
	case grr.Cmp(c.Target) >= 0:
		return ramp(grr, c.Target, c.Stretch, c.Multiplier.AtTarget, c.Multiplier.AtStretch)
	case c.Curve == "flat":
		return exactly(c.Multiplier.AtTarget, "at or above the floor of", c.Floor)
	case c.Curve == "ramp":
		return ramp(grr, c.Floor, c.Target, c.Multiplier.BelowFloor, c.Multiplier.AtTarget)
	}
	times := new(big.Rat).Quo(grr.Rat(), c.Target.Rat())
	return factor{
		times.Mul(times, c.Multiplier.AtTarget.Rat()),
		fmt.Sprintf("below the target of %s: × %s ÷ %s", c.Target.Percent(), grr.Percent(), c.Target.Percent()),
	}
}

// ramp is the straight line from low at from to high at to, read at grr.
func ramp(grr, from, to, low, high money.Ratio) factor {
	part := new(big.Rat).Quo(new(big.Rat).Sub(grr.Rat(), from.Rat()), new(big.Rat).Sub(to.Rat(), from.Rat()))
	times := part.Mul(part, new(big.Rat).Sub(high.Rat(), low.Rat()))
	return factor{
		times.Add(times, low.Rat()),
		fmt.Sprintf("on the ramp from %s at %s to %s at %s", low, from.Percent(), high, to.Percent()),
	}
}
