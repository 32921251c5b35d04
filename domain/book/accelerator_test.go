package book

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func tenths(n int64) money.Ratio { return money.Ratio{Num: n, Den: 10} }

// accelerating pays 5,400 a year for 600,000: 150,000 a quarter. Tiers are the
// sources': 1.0, from 120 % 1.3, from 150 % 1.5.
func accelerating(change func(*plan.Component, *plan.Plan)) *Setting {
	return setting(func(p *plan.Plan) {
		weight := percent(40)
		p.Gates.ReviewsAtLeast = percent(80)
		p.Clawback.Basis = "recompute"
		c := &p.Components[1]
		c.Weight, c.Basis, c.Window, c.TierMode = &weight, "pool", "quarter", "marginal"
		c.Tiers = []plan.Tier{{From: tenths(0), Rate: tenths(10)}, {From: tenths(12), Rate: tenths(13)}, {From: tenths(15), Rate: tenths(15)}}
		if change != nil {
			change(c, p)
		}
	})
}

// uplifts are the accelerator's lines due at the end of a day, as date, deal
// and amount; all of them go to payable.
func uplifts(t rapid.TB, p *Person, on string, books Books) []string {
	t.Helper()
	steps, err := p.Due(day(on).End(time.UTC), books)
	if err != nil {
		t.Fatalf("Due(%s): %v", on, err)
	}
	var out []string
	for _, s := range steps {
		if s.Component != "accelerator" {
			continue
		}
		x := s.Explain()
		if got, err := x.Amount(); err != nil || got != s.Minor {
			t.Errorf("the figures of %+v give %d, %v, want %d", x, got, err, s.Minor)
		}
		kind := ""
		if s.Kind != ledger.TrueUp || s.Reason != ledger.Accelerator || s.To != ledger.Payable {
			kind = fmt.Sprintf(" %s>%s %s", s.From, s.To, s.Reason)
		}
		out = append(out, fmt.Sprintf("%s %s %s%s", s.Effective, s.Opportunity, money.Money{Minor: s.Minor, Currency: s.Currency}.Decimal(), kind))
	}
	return out
}

// Source: rules §5 "Accelerator": tiers of 150,000, lower bound inclusive; 0.009
// of a dollar for each dollar of ARR.
func TestTiers(t *testing.T) {
	type want struct{ marginal, retroactive string } // empty: nothing
	for _, tt := range []struct {
		arr  int64
		want want
	}{
		{1, want{}},
		{150_000_00, want{}},
		{179_999_99, want{}},
		{180_000_00, want{"", "486.00"}},
		{180_001_85, want{"", "486.00"}},           // 0.499… of a cent more
		{180_001_86, want{"0.01", "486.01"}},       // 0.502 and 48600.502
		{200_000_00, want{"54.00", "540.00"}},      // 20,000 × 0.3
		{224_999_99, want{"121.50", "607.50"}},     // 121.499973 and 607.499973
		{225_000_00, want{"121.50", "1012.50"}},    // all × 0.5
		{235_000_00, want{"166.50", "1057.50"}},    // 45,000 × 0.3 + 10,000 × 0.5
		{1_000_000_00, want{"3609.00", "4500.00"}}, // + 775,000 × 0.5
	} {
		for mode, want := range map[string]string{"marginal": tt.want.marginal, "retroactive": tt.want.retroactive} {
			set := accelerating(func(c *plan.Component, _ *plan.Plan) { c.TierMode = mode })
			books := &shelf{credited: credited(t, nil, nil, deal{"2027-02-10", tt.arr})}
			var lines []string
			if want != "" {
				lines = []string{"2027-03-31 opp-0 " + want}
			}
			p := person(set, enrolled("2027-01-01"))
			if got := uplifts(t, p, "2027-04-01", books); !slices.Equal(got, lines) {
				t.Errorf("%s, %s: %q, want %q", usd(tt.arr), mode, got, lines)
			}
			if got := uplifts(t, p, "2027-03-30", books); len(got) > 0 {
				t.Errorf("%s, %s: %q before the quarter's end", usd(tt.arr), mode, got)
			}
		}
	}
}

// A first tier below 1 takes from everything up to the next.
func TestDecelerator(t *testing.T) {
	for mode, want := range map[string]map[int64]string{
		"marginal":    {100_000_00: "-180.00", 150_000_00: "-270.00", 160_000_00: "-270.00"},
		"retroactive": {100_000_00: "-180.00", 150_000_00: "", 160_000_00: ""},
	} {
		for arr, want := range want {
			set := accelerating(func(c *plan.Component, _ *plan.Plan) {
				c.TierMode, c.Tiers = mode, []plan.Tier{{From: tenths(0), Rate: tenths(8)}, {From: tenths(10), Rate: tenths(10)}}
			})
			var lines []string
			if want != "" {
				lines = []string{"2027-03-31 opp-0 " + want}
			}
			books := &shelf{credited: credited(t, nil, nil, deal{"2027-01-01", arr})}
			if got := uplifts(t, person(set, enrolled("2027-01-01")), "2027-04-01", books); !slices.Equal(got, lines) {
				t.Errorf("%s, %s: %q, want %q", usd(arr), mode, got, lines)
			}
		}
	}
}

// Which deals count, and towards which target.
func TestTheWindowOfAnAccelerator(t *testing.T) {
	own := usd(300_000_00)
	e := enrolled("2027-01-01")
	e.AnnualTarget = &own
	part := percent(50)
	for _, tt := range []struct {
		name  string
		plan  func(*plan.Component, *plan.Plan)
		facts []event.Event
		deals []deal
		want  []string
	}{
		{"booked on the quarter's first and last days", nil, nil, []deal{{"2027-01-01", 100_000_00}, {"2027-03-31", 100_000_00}}, []string{"2027-03-31 opp-0 27.00", "2027-03-31 opp-1 27.00"}},
		{"booked a day outside", nil, nil, []deal{{"2026-12-31", 900_000_00}, {"2027-04-01", 100_000_00}}, nil},
		{"a cent is left over: to the earlier booking", nil, nil, []deal{{"2027-03-01", 100_000_00}, {"2027-02-01", 100_001_00}}, []string{"2027-03-31 opp-0 27.00", "2027-03-31 opp-1 27.00"}},
		{"half of the quarter enrolled: 75,000", nil, []event.Event{enrolled("2027-02-15")}, []deal{{"2027-02-20", 100_000_00}}, []string{"2027-03-31 opp-0 27.00"}},
		{"a target of one's own: 75,000 at 0.018", nil, []event.Event{e}, []deal{{"2027-02-20", 100_000_00}}, []string{"2027-03-31 opp-0 54.00"}},
		{
			"half of a book of 600,000 on the first day: 75,000 at 0.018",
			func(c *plan.Component, _ *plan.Plan) { c.AnnualARR, c.PercentOfBook = nil, &part },
			nil,
			[]deal{{"2027-02-20", 100_000_00}},
			[]string{"2027-03-31 opp-0 54.00"},
		},
		{"no tier but 1.0", func(c *plan.Component, _ *plan.Plan) { c.Tiers = c.Tiers[:1] }, nil, []deal{{"2027-02-20", 900_000_00}}, nil},
		{"not paid from a pool", func(c *plan.Component, _ *plan.Plan) { c.Basis = "mrr" }, nil, []deal{{"2027-02-20", 900_000_00}}, nil},
		{"not enrolled", nil, []event.Event{enrolled("2027-04-01")}, []deal{{"2027-02-20", 900_000_00}}, nil},
	} {
		facts := tt.facts
		if facts == nil {
			facts = []event.Event{enrolled("2027-01-01")}
		}
		books := &shelf{credited: credited(t, nil, nil, tt.deals...), opening: map[civil.Quarter]int64{quarterNamed("2027-Q1"): 600_000_00}}
		if got := uplifts(t, person(accelerating(tt.plan), facts...), "2027-04-01", books); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Source: rules §6 "Review completion": exactly 80 % passes; readings R20.
func TestReviewGate(t *testing.T) {
	for _, tt := range []struct {
		done, scope int
		want        bool
	}{{8, 10, true}, {7, 10, false}, {4, 5, true}, {799, 1000, false}, {0, 1, false}, {1, 1, true}, {0, 0, true}} {
		m := account.Paid{ReviewsDone: tt.done, ReviewScope: tt.scope}
		if got := reviewed(plan.Gates{ReviewsAtLeast: percent(80)}, m); got != tt.want {
			t.Errorf("reviewed(%d of %d) = %v, want %v", tt.done, tt.scope, got, tt.want)
		}
		books := &shelf{credited: credited(t, nil, nil, deal{"2027-02-10", 200_000_00}), measures: map[civil.Quarter]account.Paid{quarterNamed("2027-Q1"): m}}
		if got := uplifts(t, person(accelerating(nil), enrolled("2027-01-01")), "2027-04-01", books); (len(got) > 0) != tt.want {
			t.Errorf("%d of %d reviewed: %q", tt.done, tt.scope, got)
		}
	}
}

// In ytd a quarter posts what the year has come to less what the last quarter
// that passed its gate had. Source: readings R19.
func TestAcceleratorOfTheYearSoFar(t *testing.T) {
	deals := []deal{{"2027-02-01", 200_000_00}, {"2027-05-01", 100_000_00}, {"2027-08-01", 240_000_00}, {"2027-11-01", 300_000_00}}
	failed := account.Paid{ReviewScope: 10, ReviewsDone: 7}
	for _, tt := range []struct {
		name   string
		failed []string
		want   map[string]string // sum of each quarter's lines
	}{
		// 200 of 150: 20 × 0.3; 300 of 300, 540 of 450: nothing; 840 of 600: 120 × 0.3.
		{"every quarter", nil, map[string]string{"2027-03-31": "54.00", "2027-06-30": "-54.00", "2027-12-31": "324.00"}},
		{"the second fails its gate and takes nothing back", []string{"2027-Q2"}, map[string]string{"2027-03-31": "54.00", "2027-09-30": "-54.00", "2027-12-31": "324.00"}},
		{"the first fails", []string{"2027-Q1"}, map[string]string{"2027-12-31": "324.00"}},
		{"the last fails", []string{"2027-Q4"}, map[string]string{"2027-03-31": "54.00", "2027-06-30": "-54.00"}},
		{"all but the last fail", []string{"2027-Q1", "2027-Q2", "2027-Q3"}, map[string]string{"2027-12-31": "324.00"}},
	} {
		books := &shelf{credited: credited(t, nil, nil, deals...), measures: map[civil.Quarter]account.Paid{}}
		for _, q := range tt.failed {
			books.measures[quarterNamed(q)] = failed
		}
		p := person(accelerating(func(c *plan.Component, _ *plan.Plan) { c.Window = "ytd" }), enrolled("2027-01-01"))
		steps, err := p.Due(day("2028-01-01").End(time.UTC), books)
		if err != nil {
			t.Fatalf("Due: %v", err)
		}
		sums := map[string]int64{}
		for _, s := range steps {
			sums[s.Effective.String()] += s.Minor
		}
		got := map[string]string{}
		for on, minor := range sums {
			got[on] = usd(minor).Decimal()
		}
		if !maps.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// The new year's accelerator takes nothing back of the old one's.
func TestAnAcceleratorsYearStartsAnew(t *testing.T) {
	p := person(accelerating(func(c *plan.Component, _ *plan.Plan) { c.Window = "ytd" }), enrolled("2027-10-01"))
	books := &shelf{credited: credited(t, nil, nil, deal{"2027-11-01", 200_000_00}, deal{"2028-02-01", 200_000_00})}
	want := []string{"2027-12-31 opp-0 54.00", "2028-03-31 opp-1 54.00"}
	if got := uplifts(t, p, "2028-04-01", books); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A share follows its deal: held while the deal is, gone with it. Credits lost
// since are not in the window any more, or leave their share as it was paid.
// Source: rules §7 "basis"; readings R9, R19.
func TestUpliftFollowsItsDeal(t *testing.T) {
	deals := []deal{{"2027-02-01", 200_000_00}, {"2027-03-20", 40_000_00}}
	for _, tt := range []struct {
		name   string
		basis  string
		churns map[int]string
		want   []string
	}{
		{"both stand", "recompute", nil, []string{"2027-03-31 opp-0 157.50", "2027-03-31 opp-1 31.50"}}, // 45 × 0.3 + 15 × 0.5
		{"one is lost inside the quarter", "recompute", map[int]string{1: "2027-03-31"}, []string{"2027-03-31 opp-0 54.00"}},
		{"one is lost after it: nobody was paid for it", "recompute", map[int]string{1: "2027-04-10"}, []string{"2027-03-31 opp-0 54.00"}},
		{"one is lost inside the quarter", "as_paid", map[int]string{1: "2027-03-31"}, []string{"2027-03-31 opp-0 54.00"}},
		{
			"one is lost after it: its share is taken back", "as_paid",
			map[int]string{1: "2027-04-10"},
			[]string{"2027-03-31 opp-0 157.50", "2027-03-31 opp-1 31.50", "2027-04-10 opp-1 -31.50 expense>payable churn_within_window"},
		},
		{"all are lost", "recompute", map[int]string{0: "2027-04-10", 1: "2027-04-10"}, nil},
	} {
		set := accelerating(func(_ *plan.Component, p *plan.Plan) { p.Clawback.Basis = tt.basis })
		books := &shelf{credited: credited(t, nil, tt.churns, deals...)}
		if got := uplifts(t, person(set, enrolled("2027-01-01")), "2027-06-01", books); !slices.Equal(sorted(got), sorted(tt.want)) {
			t.Errorf("%s, %s: %q, want %q", tt.name, tt.basis, got, tt.want)
		}
	}

	held := func(p *plan.Plan) { p.Payability.Renewal = "hold" }
	books := &shelf{credited: credited(t, held, map[int]string{1: "2028-06-01"}, deals...)}
	want := []string{
		"2027-03-31 opp-0 157.50 expense>held accelerator", "2027-03-31 opp-1 31.50 expense>held accelerator",
		"2028-06-01 opp-1 -31.50 expense>held renewal_missed", // outside the window: it still counts as credited
		"2029-01-31 opp-0 -157.50 expense>held renewal_missed",
	}
	if got := uplifts(t, person(accelerating(nil), enrolled("2027-01-01")), "2029-12-31", books); !slices.Equal(got, want) {
		t.Errorf("held: %q, want %q", got, want)
	}
}

func sorted(lines []string) []string {
	out := slices.Clone(lines)
	slices.Sort(out)
	return out
}

// exactUplift is the uplift by definition: every dollar of ARR earns what the rate
// of the tier it lies in is above 1, or all of them what the last one's is.
func exactUplift(c *plan.Component, credited int64, target, perDollar *big.Rat) *big.Rat {
	sum := new(big.Rat)
	for i, t := range c.Tiers {
		from := new(big.Rat).Mul(t.From.Rat(), target)
		until := new(big.Rat).SetInt64(credited)
		if from.Cmp(until) > 0 {
			break
		}
		if i+1 < len(c.Tiers) {
			if next := new(big.Rat).Mul(c.Tiers[i+1].From.Rat(), target); next.Cmp(until) < 0 {
				until = next
			}
		}
		arr := until.Sub(until, from)
		if c.TierMode == "retroactive" {
			sum, arr = new(big.Rat), new(big.Rat).SetInt64(credited)
		}
		sum.Add(sum, arr.Mul(arr, new(big.Rat).Sub(t.Rate.Rat(), big.NewRat(1, 1))))
	}
	return sum.Mul(sum, perDollar)
}

// Whatever the deals, a quarter's shares sum to the uplift of its window, no
// share is off its part by a cent or more, and their figures give them.
func TestUpliftSharesSumToTheUplift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target, weight := usd(rapid.Int64Range(4, 4000).Draw(t, "target")), percent(rapid.Int64Range(1, 100).Draw(t, "weight"))
		variable := usd(rapid.Int64Range(0, 100_000).Draw(t, "variable"))
		set := accelerating(func(c *plan.Component, p *plan.Plan) {
			c.AnnualARR, c.Weight, p.Variable = &target, &weight, variable
			c.TierMode = rapid.SampledFrom([]string{"marginal", "retroactive"}).Draw(t, "mode")
			c.Tiers[0].Rate = rapid.SampledFrom([]money.Ratio{tenths(10), tenths(7)}).Draw(t, "rate")
		})
		var deals []deal
		credits, sum := []int64(nil), int64(0)
		for range rapid.IntRange(1, 6).Draw(t, "deals") {
			d := deal{day("2027-01-01").Add(rapid.IntRange(0, 89).Draw(t, "day")).String(), rapid.Int64Range(1, 1000).Draw(t, "arr")}
			deals, credits, sum = append(deals, d), append(credits, d.arr), sum+d.arr
		}
		books := &shelf{credited: credited(t, nil, nil, deals...)}
		steps, err := person(set, enrolled("2027-01-01")).Due(day("2027-04-01").End(time.UTC), books)
		if err != nil {
			t.Fatalf("Due: %v", err)
		}
		c := &set.Plans[0].Components[1]
		perDollar := new(big.Rat).Mul(big.NewRat(variable.Minor, target.Minor), weight.Rat())
		want, err := money.Round(exactUplift(c, sum, big.NewRat(target.Minor, 4), perDollar))
		if err != nil {
			t.Fatal(err)
		}
		got, shares := int64(0), map[event.OpportunityID]int64{}
		for _, s := range steps {
			x := s.Explain()
			if amount, err := x.Amount(); err != nil || amount != s.Minor {
				t.Fatalf("the figures of %+v give %d, %v, want %d", x, amount, err, s.Minor)
			}
			got, shares[s.Opportunity] = got+s.Minor, s.Minor
		}
		if got != want {
			t.Fatalf("shares of %d sum to %d, want %d", sum, got, want)
		}
		for i, credit := range credits {
			exact := new(big.Rat).Mul(big.NewRat(want, sum), big.NewRat(credit, 1))
			off := new(big.Rat).Sub(big.NewRat(shares[event.OpportunityID(fmt.Sprint("opp-", i))], 1), exact)
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("the share of %d in %d is %s off its part of %d", credit, sum, off.FloatString(3), want)
			}
		}
	})
}

// In ytd the quarters that pass their gate sum to the year's uplift at the last
// of them, whatever failed in between.
func TestUpliftsOfTheYearSumUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target, variable := usd(rapid.Int64Range(40, 4000).Draw(t, "target")), usd(rapid.Int64Range(0, 100_000).Draw(t, "variable"))
		set := accelerating(func(c *plan.Component, p *plan.Plan) {
			c.AnnualARR, c.Window, p.Variable = &target, "ytd", variable
			c.TierMode = rapid.SampledFrom([]string{"marginal", "retroactive"}).Draw(t, "mode")
			p.Clawback.Basis = rapid.SampledFrom([]string{"recompute", "as_paid"}).Draw(t, "basis")
		})
		var deals []deal
		for range rapid.IntRange(1, 8).Draw(t, "deals") {
			deals = append(deals, deal{day("2027-01-01").Add(rapid.IntRange(0, 364).Draw(t, "day")).String(), rapid.Int64Range(1, 1000).Draw(t, "arr")})
		}
		books := &shelf{credited: credited(t, nil, nil, deals...), measures: map[civil.Quarter]account.Paid{}}
		p := person(set, enrolled("2027-01-01"))
		c := &set.Plans[0].Components[1]
		passed := int64(0)
		for i := range int64(4) {
			q := quarterNamed("2027-Q1") + civil.Quarter(i)
			last := civil.Calendar{}.Last(q)
			if rapid.Bool().Draw(t, "fails") {
				books.measures[q] = account.Paid{ReviewScope: 1}
			} else {
				credited := int64(0)
				for _, d := range deals {
					if day(d.on) <= last {
						credited += d.arr
					}
				}
				perDollar := new(big.Rat).Mul(big.NewRat(variable.Minor, target.Minor), percent(40).Rat())
				var err error
				if passed, err = money.Round(exactUplift(c, credited, big.NewRat(target.Minor*(i+1), 4), perDollar)); err != nil {
					t.Fatal(err)
				}
			}
			steps, err := p.Due(last.End(time.UTC), books)
			if err != nil {
				t.Fatalf("Due: %v", err)
			}
			sum, lines := int64(0), []string(nil)
			for _, s := range steps {
				x := s.Explain()
				if amount, err := x.Amount(); err != nil || amount != s.Minor {
					t.Fatalf("the figures of %+v give %d, %v, want %d", x, amount, err, s.Minor)
				}
				sum, lines = sum+s.Minor, append(lines, fmt.Sprint(s.Effective, " ", s.Opportunity, " ", s.Minor))
			}
			if sum != passed {
				t.Fatalf("up to %s\n%s\nsum to %d, want %d", q, strings.Join(lines, "\n"), sum, passed)
			}
		}
	})
}
