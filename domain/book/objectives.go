package book

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// attestation is the business key of an objective's value told by hand.
type attestation struct {
	period    civil.Quarter
	objective string
}

// objectives is the weighted sum of what was reached of each, none above its
// target. An attested value is the actual: of the target, where that is a plain
// number. Ids that name no measure are nothing unless attested.
//
// Source: rules §8 "Objectives"; readings R30.
// Units: a ratio between 0 and 1.
// Rounding: none.
func (p *Person) objectives(qt quarter, c *plan.Component, m account.Paid) achieved {
	out := achieved{score: new(big.Rat)}
	var each []attained
	for _, o := range c.Objectives {
		at := attained{Objective: o}
		if a, ok := p.attested[attestation{qt.Quarter, o.ID}]; ok {
			at.attested, at.part = &a.Value, a.Value.Rat()
			if o.Percent {
				at.part.Quo(at.part, o.Target.Rat())
			}
			out.told = append(out.told, a.Identity)
		} else {
			at.measure(m)
		}
		if at.part.Cmp(one) > 0 {
			at.part = one
		}
		each = append(each, at)
		out.score.Add(out.score, new(big.Rat).Mul(o.Weight.Rat(), at.part))
	}
	out.text = func() string {
		var parts []string
		for _, at := range each {
			parts = append(parts, at.String())
		}
		return strings.Join(parts, ", ")
	}
	return out
}

// attained is what was reached of one objective, and how.
type attained struct {
	plan.Objective
	part     *big.Rat
	attested *money.Ratio // nil: measured
	unknown  bool         // its id names no measure
	done, of int
}

func (at attained) String() string {
	how := fmt.Sprintf("%d ÷ %d", at.done, at.of)
	switch {
	case at.attested != nil:
		how = "attested " + at.attested.Percent()
	case at.unknown:
		how = "not attested"
	case at.of == 0:
		how = "none due"
	}
	return fmt.Sprintf("%s %s of %s = %s × %s", at.ID, how, target(at.Objective), money.Percent(at.part), at.Weight.Percent())
}

var one = big.NewRat(1, 1)

func target(o plan.Objective) string {
	if o.Percent {
		return o.Target.Percent()
	}
	return o.Target.String()
}

// measure finds how much of an objective's target the book reached; a measure of
// nothing is whole.
func (at *attained) measure(m account.Paid) {
	switch at.ID {
	case "health_updates":
		at.done, at.of = m.WeeksScored, m.WeeksOwned
	case "reviews":
		at.done, at.of = m.ReviewsDone, m.ReviewScope
	case "multithreading":
		at.done, at.of = m.Contacts, m.Accounts
	case "risk_response":
		at.done, at.of = m.EpisodesMet, m.EpisodesDue
	default:
		at.unknown, at.part = true, new(big.Rat)
		return
	}
	if at.part = one; at.of > 0 {
		at.part = new(big.Rat).Quo(big.NewRat(int64(at.done), int64(at.of)), at.Target.Rat())
	}
}

// healthy is the part of the book's ARR in good health ÷ target, at most whole.
//
// Source: rules §8 "Health bonus".
// Units: a ratio between 0 and 1.
// Rounding: none.
func healthy(c *plan.Component, m account.Paid) achieved {
	if m.ARR <= 0 {
		return achieved{score: new(big.Rat)}
	}
	part := big.NewRat(m.HealthyARR, m.ARR)
	score := new(big.Rat).Quo(part, c.Target.Rat())
	if score.Cmp(one) > 0 {
		score = one
	}
	return achieved{score, func() string {
		return fmt.Sprintf("%s of the ARR in good health, target %s", money.Percent(part), c.Target.Percent())
	}, nil}
}

// attest takes a value told by hand; of several the latest stands.
func (p *Person) attest(e event.ObjectiveAttested) Touched {
	key := attestation{e.Period, e.Objective}
	if old, ok := p.attested[key]; !ok || event.Newer(e.Header, old.Header) {
		p.attested[key] = e
	}
	return Touched{Own: true}
}
