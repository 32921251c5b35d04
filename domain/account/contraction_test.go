package account

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// toCSM credits every deal to its CSM whole, so that a credit is what is left
// of the deal's ARR.
func toCSM(p *plan.Plan) { p.Crediting.Bands = []plan.Band{{CSM: percent(100), AE: percent(0)}} }

// Source: rules §7 "Contraction inside the window"; readings R5, R12. Deals of
// 24,000 on 10 February and 1 March; the account has 100,000 beside them.
func TestContraction(t *testing.T) {
	two := func(more ...fact) []fact {
		return owned(append([]fact{wins("o2", "2027-03-01", booked24)}, more...)...)
	}
	for _, tt := range []struct {
		name   string
		mode   string
		facts  []fact
		o1, o2 int64 // left of each, in thousands
	}{
		{"of the newest", "proportional_lifo", two(shrinks("c1", "2027-04-01", 12_000_00)), 24, 12},
		{"of the newest whole, then the one before", "proportional_lifo", two(shrinks("c1", "2027-04-01", 30_000_00)), 18, 0},
		{"of both at most whole", "proportional_lifo", two(shrinks("c1", "2027-04-01", 90_000_00)), 0, 0},
		{"in two steps", "proportional_lifo", two(shrinks("c1", "2027-04-01", 20_000_00), shrinks("c2", "2027-04-02", 10_000_00)), 18, 0},
		{"on the day of the booking, after it", "proportional_lifo", two(shrinks("c1", "2027-03-01", 12_000_00)), 24, 12},
		{"the day before the newest", "proportional_lifo", two(shrinks("c1", "2027-02-28", 12_000_00)), 12, 24},
		{"the window's last day for the older", "proportional_lifo", two(shrinks("c1", "2027-05-11", 30_000_00)), 18, 0},
		{"a day later", "proportional_lifo", two(shrinks("c1", "2027-05-12", 30_000_00)), 24, 0},
		{"outside of both", "proportional_lifo", two(shrinks("c1", "2027-05-31", 30_000_00)), 24, 24},
		{"all that was there, and no more", "proportional_lifo", two(shrinks("c1", "2027-04-01", 999_000_00)), 0, 0},
		{"nothing", "ignore", two(shrinks("c1", "2027-04-01", 30_000_00)), 24, 24},
		{"each inside its window whole", "full", two(shrinks("c1", "2027-04-01", 1)), 0, 0},
		{"… but not those outside", "full", two(shrinks("c1", "2027-05-12", 1)), 24, 0},
		{"a renewal at less", "proportional_lifo", two(renews("", "2027-04-01", "2028-04-01", 136_000_00)), 24, 12},
		{"a renewal at less comes before the bookings of its date", "proportional_lifo", two(renews("", "2027-03-01", "2028-03-01", 100_000_00)), 0, 24},
		{"a renewal at more", "proportional_lifo", two(renews("", "2027-04-01", "2028-04-01", 148_000_01)), 24, 24},
		{"billing's new total", "proportional_lifo", two(changes("s1", "2027-04-01", 136_000_00)), 24, 12},
		{"one subscription of two", "proportional_lifo", two(starts("s2", "2027-01-01", "2028-01-01", 9_000_00), cancels("s2", "2027-04-01")), 24, 15},
		{"a deal cancelled before has nothing to lose", "proportional_lifo", two(loses("o2", "2027-03-15"), shrinks("c1", "2027-04-01", 12_000_00)), 12, 0},
		{"cancelled on the day: cancelled first", "proportional_lifo", two(loses("o2", "2027-04-01"), shrinks("c1", "2027-04-01", 12_000_00)), 12, 0},
		{"credited before: at most what is left", "proportional_lifo", two(credits("", "o2", "order_change", "2027-03-15", 18_000_00), shrinks("c1", "2027-04-01", 12_000_00)), 18, 0},
		{"waived by an exception", "proportional_lifo", two(shrinks("c1", "2027-04-01", 12_000_00), excepts("x1", "vp_cs", "2027-04-01", "2027-04-01")), 24, 24},
		{"the exception ends before", "proportional_lifo", two(shrinks("c1", "2027-04-01", 12_000_00), excepts("x1", "vp_cs", "2027-01-01", "2027-03-31")), 24, 12},
		{"restated", "proportional_lifo", two(shrinks("c1", "2027-04-01", 30_000_00), shrinks("c1", "2027-04-01", 6_000_00)), 24, 18},
	} {
		set := setting(func(p *plan.Plan) { toCSM(p); p.Clawback.Contraction = tt.mode })
		events := stated(tt.facts...)
		for _, s := range []*State{state(t, set, events...), state(t, set, reversed(events)...)} {
			lines(t, s, "2027-12-31")
			left := map[event.OpportunityID]int64{}
			for _, d := range s.Deals() {
				for _, c := range creditsOn(t, d, "2027-12-31") {
					left[d.Opportunity] += c.ARR.Minor
				}
			}
			if left["o1"] != tt.o1*1000_00 || left["o2"] != tt.o2*1000_00 {
				t.Errorf("%s, %s: %s and %s left, want %d and %d thousand", tt.mode, tt.name, usd(left["o1"]), usd(left["o2"]), tt.o1, tt.o2)
			}
		}
	}
}

// What a contraction takes is taken from the newest deals inside the window,
// each at most whole, and nothing is taken twice.
func TestContractionTakesTheNewestFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type dated struct {
			on    civil.Date
			minor int64
		}
		window := rapid.IntRange(0, 60).Draw(t, "window")
		mode := rapid.SampledFrom([]string{"proportional_lifo", "full", "ignore"}).Draw(t, "mode")
		draw := rapid.Custom(func(t *rapid.T) dated {
			return dated{day("2027-02-01").Add(rapid.IntRange(0, 90).Draw(t, "day")), rapid.Int64Range(1, 100).Draw(t, "minor")}
		})
		deals, falls := rapid.SliceOfN(draw, 1, 6).Draw(t, "deals"), rapid.SliceOfN(draw, 0, 4).Draw(t, "falls")
		facts := []fact{assigned(event.CSM, "csm-1", "2026-01-01"), starts("s1", "2026-01-01", "2030-01-01", 1_000_000)}
		for i, d := range deals {
			facts = append(facts, wins(event.OpportunityID(fmt.Sprint(i)), d.on.String(), d.minor))
		}
		for i, f := range falls {
			facts = append(facts, shrinks(fmt.Sprint(i), f.on.String(), f.minor))
		}

		// By definition: the falls in order, each from the newest deal back.
		left := make([]int64, len(deals))
		newest := make([]int, len(deals))
		for i, d := range deals {
			left[i], newest[i] = d.minor, i
		}
		slices.SortFunc(newest, func(a, b int) int { return int(deals[b].on-deals[a].on)*10 + b - a })
		slices.SortStableFunc(falls, func(a, b dated) int { return int(a.on - b.on) })
		for _, f := range falls {
			for _, i := range newest {
				if age := f.on.Sub(deals[i].on); age < 0 || age > window || mode == "ignore" {
					continue
				}
				cut := min(left[i], f.minor)
				if mode == "full" {
					cut = left[i]
				} else {
					f.minor -= cut
				}
				left[i] -= cut
			}
		}

		set := setting(func(p *plan.Plan) {
			toCSM(p)
			p.Clawback.WindowDays, p.Clawback.Contraction = window, mode
		})
		s := state(t, set, rapid.Permutation(stated(facts...)).Draw(t, "arrived")...)
		if _, err := s.Settling(day("2029-01-01")); err != nil {
			t.Fatalf("Settling: %v", err)
		}
		for _, d := range s.Deals() {
			var i int
			if _, err := fmt.Sscan(string(d.Opportunity), &i); err != nil {
				t.Fatal(err)
			}
			if got := creditsOn(t, d, "2029-01-01")[0].ARR.Minor; got != left[i] {
				t.Fatalf("%d left of deal %d booked %s, want %d; all %v", got, i, d.Booked, left[i], left)
			}
		}
	})
}

// Source: rules §7 option "surviving_arr"; readings R11. Two deals of 24,000
// earn 480 each; the account has 148,000 before it renews.
func TestSurvivingARR(t *testing.T) {
	renewed := func(arr int64) []fact {
		return owned(wins("o2", "2027-03-01", booked24), renews("", "2028-01-01", "2029-01-01", arr))
	}
	for _, tt := range []struct {
		name  string
		facts []fact
		want  string // released of each; empty: nothing
	}{
		{"renewed at what it had", renewed(148_000_00), "480.00"},
		{"at more", renewed(150_000_00), "480.00"},
		{"at a quarter of the expansion less", renewed(136_000_00), "360.00"},
		{"at all of the expansion less", renewed(100_000_00), ""},
		{"at less than before the expansion", renewed(1), ""},
		{"a cent less", renewed(147_999_99), "480.00"}, // 479.9999
		{"less, but excepted", append(renewed(136_000_00), excepts("x1", "vp_cs", "2028-01-01", "")), "480.00"},
		{"excepted until the day before", append(renewed(136_000_00), excepts("x1", "vp_cs", "2027-01-01", "2027-12-31")), "360.00"},
		// Of 48,000 36,000 are left, and 36,000 survive of 48,000.
		{"what was lost before is not lost again", append(renewed(136_000_00), shrinks("c1", "2027-05-25", 12_000_00)), "480.00 240.00"},
	} {
		set := setting(func(p *plan.Plan) { p.Payability.Release = "surviving_arr" })
		set.Surviving = true
		var want []string
		switch tt.want {
		case "":
		case "480.00 240.00":
			want = []string{"o1 480.00", "o2 240.00"}
		default:
			want = []string{"o1 " + tt.want, "o2 " + tt.want}
		}
		events := stated(tt.facts...)
		for _, s := range []*State{state(t, set, events...), state(t, set, reversed(events)...)} {
			lines(t, s, "2028-06-01")
			var got []string
			for _, d := range s.Deals() {
				for _, st := range d.Due(day("2028-06-01")) {
					if st.Effective == day("2028-01-01") && st.Kind.String() == "release" {
						got = append(got, fmt.Sprintf("%s %s", d.Opportunity, usd(st.Minor).Decimal()))
					}
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: released %q, want %q", tt.name, got, want)
			}
		}
	}
}

// All deals that wait for a renewal keep the same part, which is what survives
// of them; and what is released and what is forfeited is what was earned.
func TestSurvivingPartIsTheSameForAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := setting(func(p *plan.Plan) {
			toCSM(p)
			p.Payability.Release, p.Clawback.Contraction = "surviving_arr", "ignore"
			p.Variable, p.Components[0].Weight = usd(600_000_00), &money.Ratio{Num: 1, Den: 1} // a dollar earns a dollar
		})
		set.Surviving = true
		facts := []fact{assigned(event.CSM, "csm-1", "2026-01-01"), starts("s1", "2027-01-01", "2028-01-01", 1000)}
		var sum int64
		for i := range rapid.IntRange(1, 5).Draw(t, "deals") {
			arr := rapid.Int64Range(1, 300).Draw(t, "arr")
			facts, sum = append(facts, wins(event.OpportunityID(fmt.Sprint(i)), "2027-02-10", arr)), sum+arr
		}
		after := rapid.Int64Range(1, 1000+sum).Draw(t, "renewed at")
		facts = append(facts, renews("", "2028-01-01", "2029-01-01", after))
		s := state(t, set, rapid.Permutation(stated(facts...)).Draw(t, "arrived")...)
		if _, err := s.Settling(day("2028-06-01")); err != nil {
			t.Fatalf("Settling: %v", err)
		}
		surviving := max(0, sum-(1000+sum-after))
		for _, d := range s.Deals() {
			lost, err := money.Round(big.NewRat(d.ARR.Minor*(sum-surviving), sum))
			if err != nil {
				t.Fatal(err)
			}
			released, held := int64(0), int64(0)
			for _, st := range d.Due(day("2028-06-01")) {
				switch {
				case st.Kind.String() == "release":
					released, held = released+st.Minor, held-st.Minor
				case st.To.String() == "held":
					held += st.Minor
				}
			}
			if released != d.ARR.Minor-lost || held != 0 {
				t.Fatalf("deal of %d: %d released, %d still held, want %d and nothing (%d of %d survive)", d.ARR.Minor, released, held, d.ARR.Minor-lost, surviving, sum)
			}
		}
	})
}
