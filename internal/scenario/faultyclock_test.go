package scenario_test

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// clockFault is what is wrong with a clock for a while.
type clockFault struct {
	from, until time.Time // by the true clock
	by          time.Duration
	rate        float64 // how fast it goes; 0: it stands
}

// faultyClock shows the true time but for its faults, which do not overlap.
type faultyClock []clockFault

// at is what the clock shows at an instant.
func (c faultyClock) at(now time.Time) time.Time {
	for _, f := range c {
		if !now.Before(f.from) && now.Before(f.until) {
			return f.from.Add(f.by + time.Duration(f.rate*float64(now.Sub(f.from))))
		}
	}
	return now
}

// drawClock makes up to four faults between two instants; none makes a clock
// run ahead by more than a quarter of that time.
func drawClock(r *rand.Rand, from, until time.Time) faultyClock {
	var c faultyClock
	n := r.IntN(5)
	if n == 0 {
		return nil
	}
	part := until.Sub(from) / time.Duration(n)
	for i := range n {
		begins := from.Add(part*time.Duration(i) + time.Duration(r.Int64N(int64(part))))
		f := clockFault{from: begins, until: begins.Add(time.Duration(r.Int64N(int64(from.Add(part * time.Duration(i+1)).Sub(begins))))), rate: 1}
		most := until.Sub(from) / 4
		size := min(most, []time.Duration{time.Millisecond, 50 * time.Millisecond, 5 * time.Second, time.Hour, 26 * time.Hour, 8 * 24 * time.Hour, most}[r.IntN(7)])
		switch r.IntN(7) {
		case 0, 1:
			f.by = size
		case 2, 3:
			f.by = -size
		case 4, 5:
			f.rate = 0
		default:
			f.rate = []float64{0.01, 0.5, 0.999, 1.001, 1.2}[r.IntN(5)]
		}
		c = append(c, f)
	}
	return c
}

func (f clockFault) String() string {
	return fmt.Sprintf("%s to %s %+v at %v", f.from.Format(time.RFC3339), f.until.Format(time.RFC3339), f.by, f.rate)
}
