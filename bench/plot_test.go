package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot"
)

// madeUp are results of every kind that is drawn; the names have what XML
// takes for its own.
func madeUp() results {
	rate := func(n int) usResult { return usResult{childResult: childResult{Events: n, Elapsed: time.Second}} }
	r := results{Rounds: []round{{}}}
	for n := range 3 {
		r.Rounds = append(r.Rounds, round{Of: map[string]usResult{nameUsual: rate(900 + 50*n), nameFloor: rate(21_000 - 1500*n), nameUs: rate(14_000 + 800*n)}})
	}
	grow := func(f func(x float64) float64) (out [][2]float64) {
		for x := 1.0; x <= 10_000; x *= 10 {
			out = append(out, [2]float64{x, f(x)})
		}
		return out
	}
	log := func(name string, f func(float64) float64) curve {
		return curve{Plot: "tail of <latency>", Name: name, X: "one in … is slower", Y: "latency (ms)", LogX: true, LogY: true, Points: grow(f)}
	}
	r.Findings = []finding{
		{Study: "a", Curves: []curve{
			log("10 % & less", func(x float64) float64 { return 2 + math.Log(x) }), log("50 %", func(x float64) float64 { return 4 * math.Sqrt(x) }),
			log("80 %", func(x float64) float64 { return 9 * math.Sqrt(x) }),
		}},
		{Study: "b", Curves: []curve{
			{Plot: "cost", Name: "with <zeros>", X: "facts", Y: "µs", LogX: true, Points: append([][2]float64{{0, 7}}, grow(math.Sqrt)...)},
			{Plot: "cost", Name: "nothing to draw", X: "facts", Y: "µs", LogX: true},
			{Plot: "flat", Name: "always 3", X: "accounts", Y: "B", Points: [][2]float64{{1, 3}, {2, 3}}},
			{Plot: "one point", Name: "once", X: "accounts", Y: "B", LogX: true, LogY: true, Points: [][2]float64{{5, 3}}},
			{Plot: "empty", Name: "none", X: "accounts", Y: "B", LogX: true, LogY: true},
		}},
	}
	return r
}

func TestPlots(t *testing.T) {
	dir := t.TempDir()
	r := madeUp()
	files, err := savePlots(dir, r)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"end-to-end.svg":      {nameUsual, nameFloor, nameUs, "events/s", "950", "19500", "14800"},
		"tail-of-latency.svg": {"tail of <latency>", "10 % & less", "50 %", "80 %", "latency (ms)", "one in … is slower", "10k"},
		"cost.svg":            {"with <zeros>", "facts", "µs"},
		"flat.svg":            {"always 3"},
		"one-point.svg":       {"once"},
		"empty.svg":           {"empty"},
	}
	if len(files) != len(want) {
		t.Errorf("savePlots wrote %v, want %d files", files, len(want))
	}
	for name, texts := range want {
		got := textsOf(t, filepath.Join(dir, name))
		for _, text := range texts {
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, text) }) {
				t.Errorf("%s does not say %q: %q", name, text, got)
			}
		}
	}
}

// textsOf are the texts of an SVG, which has to be well-formed, without numbers
// that are none.
func textsOf(t *testing.T, path string) (texts []string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"NaN", "Inf"} {
		if strings.Contains(string(b), bad) {
			t.Errorf("%s has %s in it", path, bad)
		}
	}
	d := xml.NewDecoder(strings.NewReader(string(b)))
	for {
		token, err := d.Token()
		if text, ok := token.(xml.CharData); ok {
			if s := strings.TrimSpace(string(text)); s != "" {
				texts = append(texts, s)
			}
		}
		if errors.Is(err, io.EOF) {
			return texts
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
}

func TestPlotsOfOtherAxes(t *testing.T) {
	r := results{Findings: []finding{{Curves: []curve{{Plot: "p", Name: "a", Y: "ms"}, {Plot: "p", Name: "b", Y: "s"}}}}}
	if _, err := savePlots(t.TempDir(), r); err == nil || !strings.Contains(err.Error(), "other axes") {
		t.Errorf("savePlots of curves in ms and in s: %v, want an error", err)
	}
}

func TestLogTicks(t *testing.T) {
	for _, tt := range []struct {
		least, most float64
		want        string
	}{
		{0.9, 1.1e6, "1 10 100 1000 10k 100k 1M"},
		{0.4, 60, "0.5 1 2 5 10 20 50"},
		{2.5, 8.5, "3 4 5 6 7 8"},
	} {
		var got []string
		for _, m := range (ticks{log: true}).Ticks(tt.least, tt.most) {
			if m.Label != "" {
				got = append(got, m.Label)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("ticks from %g to %g are %v, want %s", tt.least, tt.most, got, tt.want)
		}
	}
	var _ plot.Ticker = ticks{}
}
