package main

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// ticks are the marks of an axis: even steps, or on a logarithmic one powers of
// ten, and between them 2 and 5 where there are few powers.
type ticks struct{ log bool }

// Ticks implements plot.Ticker.
func (t ticks) Ticks(least, most float64) []plot.Tick {
	if !t.log {
		marks := plot.DefaultTicks{}.Ticks(least, most)
		for i := range marks {
			if marks[i].Label != "" {
				marks[i].Label = short(marks[i].Value)
			}
		}
		return marks
	}
	decades := math.Log10(most / least)
	var marks []plot.Tick
	for exp := math.Floor(math.Log10(least)); exp <= math.Ceil(math.Log10(most)); exp++ {
		for digit := 1; digit < 10; digit++ {
			at := float64(digit) * math.Pow(10, exp)
			if at < least || at > most {
				continue
			}
			label := ""
			if digit == 1 || decades <= 3 && (digit == 2 || digit == 5) || decades <= 0.8 {
				label = short(at)
			}
			marks = append(marks, plot.Tick{Value: at, Label: label})
		}
	}
	return marks
}

// short is a number as people write it beside an axis.
func short(x float64) string {
	for _, unit := range []struct {
		of   float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(x) >= unit.of && (unit.of > 1e3 || math.Abs(x) >= 1e4) {
			return fmt.Sprintf("%g%s", math.Round(x/unit.of*1e6)/1e6, unit.name)
		}
	}
	return strconv.FormatFloat(math.Round(x*1e9)/1e9, 'g', -1, 64)
}
