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
func (p *Person) objectives(qt quarter, c *plan.Component, m account.Measures) achieved {
	out := achieved{score: new(big.Rat)}
	var parts []string
	for _, o := range c.Objectives {
		var reached *big.Rat
		var how string
		if a, ok := p.attested[attestation{qt.Quarter, o.ID}]; ok {
			reached, how = a.Value.Rat(), "attested "+a.Value.Percent()
			if o.Percent {
				reached.Quo(reached, o.Target.Rat())
			}
			out.told = append(out.told, a.Identity)
		} else {
			reached, how = measured(o, m)
		}
		if reached.Cmp(one) > 0 {
			reached = one
		}
		parts = append(parts, fmt.Sprintf("%s %s of %s = %s × %s", o.ID, how, target(o), money.Percent(reached), o.Weight.Percent()))
		out.score.Add(out.score, new(big.Rat).Mul(o.Weight.Rat(), reached))
	}
	out.text = strings.Join(parts, ", ")
	return out
}

var one = big.NewRat(1, 1)

func target(o plan.Objective) string {
	if o.Percent {
		return o.Target.Percent()
	}
	return o.Target.String()
}

// measured is how much of an objective's target the book reached; a measure of
// nothing is whole.
func measured(o plan.Objective, m account.Measures) (*big.Rat, string) {
	var done, of int
	switch o.ID {
	case "health_updates":
		done, of = m.WeeksScored, m.WeeksOwned
	case "reviews":
		done, of = m.ReviewsDone, m.ReviewScope
	case "multithreading":
		done, of = m.Contacts, m.Accounts
	case "risk_response":
		done, of = m.EpisodesMet, m.EpisodesDue
	default:
		return new(big.Rat), "not attested"
	}
	if of == 0 {
		return one, "none due"
	}
	return new(big.Rat).Quo(big.NewRat(int64(done), int64(of)), o.Target.Rat()), fmt.Sprintf("%d ÷ %d", done, of)
}

// healthy is the part of the book's ARR in good health ÷ target, at most whole.
//
// Source: rules §8 "Health bonus".
// Units: a ratio between 0 and 1.
// Rounding: none.
func healthy(c *plan.Component, m account.Measures) achieved {
	if m.ARR <= 0 {
		return achieved{score: new(big.Rat)}
	}
	part := big.NewRat(m.HealthyARR, m.ARR)
	score := new(big.Rat).Quo(part, c.Target.Rat())
	if score.Cmp(one) > 0 {
		score = one
	}
	return achieved{score, fmt.Sprintf("%s of the ARR in good health, target %s", money.Percent(part), c.Target.Percent()), nil}
}

// attest takes a value told by hand; of several the latest stands.
func (p *Person) attest(e event.ObjectiveAttested) Touched {
	key := attestation{e.Period, e.Objective}
	if old, ok := p.attested[key]; !ok || event.Newer(e.Header, old.Header) {
		p.attested[key] = e
	}
	return Touched{Own: true}
}
