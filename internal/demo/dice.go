package demo

import (
	"math/rand/v2"
	"time"

	"github.com/trueup/trueup/domain/civil"
)

// dice are the company's only source of chance. Shares are in thousandths.
type dice struct {
	pcg *rand.PCG
	*rand.Rand
}

func newDice() dice {
	pcg := rand.NewPCG(0, 0)
	return dice{pcg, rand.New(pcg)}
}

// seed starts the dice of one part of a company afresh.
func (d dice) seed(company uint64, part int) {
	d.pcg.Seed(mix(company), mix(company+uint64(part)+1))
}

// mix is SplitMix64: near numbers give far ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// chance is true in perMille of a thousand rolls.
func (d dice) chance(perMille int) bool { return d.IntN(1000) < perMille }

// between is a number from low to high, both included.
func (d dice) between(low, high int) int {
	if high <= low {
		return low
	}
	return low + d.IntN(high-low+1)
}

// times is how often something happens that happens perMille/1000 times on
// average: at most four times that, rounded up.
func (d dice) times(perMille int) int {
	n := 0
	for range 4 {
		n += perMille / 4000
		if d.chance(perMille / 4 % 1000) {
			n++
		}
	}
	return n
}

// bell is near enough a normal deviate, in thousandths of the standard one.
func (d dice) bell() int {
	r := d.Uint64()
	sum := int(r&0xffff + r>>16&0xffff + r>>32&0xffff + r>>48)
	return (sum - 131_070) * 1000 / 37_837
}

// around is a log-normal number with a median and a sigma in thousandths.
func (d dice) around(median int64, sigma int) int64 {
	return median * exp(d.bell()*sigma/1000) / 1000
}

// powers are e to the power of -4, -3½ … 4, in thousandths.
var powers = [...]int64{
	18, 30, 50, 82, 135, 223, 368, 607, 1000, 1649, 2718, 4482, 7389, 12182, 20086, 33115, 54598,
}

// exp is e to the power of x, both in thousandths, on straight lines between
// powers.
func exp(x int) int64 {
	x = min(max(x, -4000), 3999) + 4000
	low, high := powers[x/500], powers[x/500+1]
	return low + (high-low)*int64(x%500)/500
}

// weigh is an index of weights, each as likely as it is heavy.
func (d dice) weigh(weights ...int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	n := d.IntN(total)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return 0
}

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// busy is how much is signed in each month, out of 15.
var busy = [...]int{time.January: 14, 5, 11, 6, 5, 11, 6, 4, 11, 6, 6, 15}

// season is a date from low to high: more at the ends of quarters and around
// the new year than in between.
func (d dice) season(low, high civil.Date) civil.Date {
	var on civil.Date
	for range 12 {
		on = low.Add(d.between(0, high.Sub(low)))
		weight := busy[on.Month()]
		if closing := on.Month()%3 == 0 && on.Day() > 22; !closing {
			weight = weight * 5 / 8
		}
		if d.IntN(15) < weight {
			break
		}
	}
	return on
}

// working moves a date off the weekend, to the Friday before.
func working(d civil.Date) civil.Date {
	switch (int(d) + 4) % 7 { // 1970-01-01 was a Thursday; 0 is Sunday
	case 0:
		return d - 2
	case 6:
		return d - 1
	}
	return d
}
