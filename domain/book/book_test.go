package book

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func usd(minor int64) money.Money { return money.Money{Minor: minor, Currency: "USD"} }

func percent(n int64) money.Ratio { return money.Ratio{Num: n, Den: 100} }

func day(text string) civil.Date {
	d, err := civil.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func quarterNamed(text string) civil.Quarter {
	q, err := civil.ParseQuarter(text)
	if err != nil {
		panic(err)
	}
	return q
}

func head(id string, hour int) event.Header {
	return event.Header{Identity: event.Identity{Source: "crm", ID: id}, Time: time.Date(2027, time.January, 1, hour, 0, 0, 0, time.UTC)}
}

// retention is the component of the scenarios grr-*: 90, 95, 98.
func retention(window, curve string) plan.Component {
	whole := money.One
	return plan.Component{
		ID: "retention", Kind: plan.Retention, Weight: &whole, Window: window, Curve: curve,
		Floor: percent(90), Target: percent(95), Stretch: percent(98),
		Multiplier: plan.Multiplier{BelowFloor: percent(50), AtTarget: percent(100), AtStretch: percent(150)},
	}
}

// setting has one plan for everybody from 2027 on: 13,500 a year, 3,375 a quarter.
func setting(change func(*plan.Plan)) *Setting {
	arr := usd(600000_00)
	p := &plan.Plan{
		Name: "scenario", Version: 1, EffectiveFrom: day("2027-01-01"), Zone: time.UTC, Currency: "USD", Variable: usd(13500_00), Proration: "days",
		Components: []plan.Component{retention("quarter", "prorata"), {ID: "expansion", Kind: plan.Expansion, AnnualARR: &arr, Basis: "pool"}},
	}
	if change != nil {
		change(p)
	}
	set, problems := plan.NewSet(p)
	if len(problems) > 0 {
		panic(problems)
	}
	return &Setting{Plans: set, Zone: time.UTC, Currency: "USD"}
}

func enrolled(on string) event.PayeeEnrolled {
	return event.PayeeEnrolled{Header: head("enrolled "+on, 1), Payee: "csm-1", Role: event.CSM, Effective: day(on)}
}

func terminated(on string) event.PayeeTerminated {
	return event.PayeeTerminated{Header: head("terminated "+on, 2), Payee: "csm-1", Effective: day(on)}
}

func person(set *Setting, facts ...event.Event) *Person {
	p := NewPerson("csm-1", set)
	for _, e := range facts {
		p.Add(e)
	}
	return p
}

// window is one of a payee's windows, by its last quarter.
type window struct {
	w account.Window
	q civil.Quarter
}

// shelf is books as they are told to it; what it is not told of is empty.
type shelf struct {
	all, cfo map[window]account.Retention // cfo: where it differs
	measures map[civil.Quarter]account.Paid
	opening  map[civil.Quarter]int64
	credited []*account.Credited
}

func (s *shelf) Retained(_ *Person, w account.Window, q civil.Quarter) (all, cfo account.Retention, err error) {
	at := window{w, q}
	if cfo, ok := s.cfo[at]; ok {
		return s.all[at], cfo, nil
	}
	return s.all[at], s.all[at], nil
}

func (s *shelf) Measures(_ *Person, q civil.Quarter) (account.Paid, error) {
	return s.measures[q], nil
}

func (s *shelf) Opening(_ *Person, q civil.Quarter) (int64, error) { return s.opening[q], nil }

func (s *shelf) Credited(*Person) ([]*account.Credited, error) { return s.credited, nil }

func (s *shelf) CreditedIn(_ *Person, id event.AccountID) (out []*account.Credited, _ error) {
	for _, c := range s.credited {
		if c.Deal.Account == id {
			out = append(out, c)
		}
	}
	return out, nil
}

// kept is a book that lost so much of its opening.
func kept(opening, lost int64) account.Retention {
	return account.Retention{Opening: opening, Gross: opening - lost, Net: opening - lost, Logos: 1}
}

// owning has a book in one window, and in those of the quarters after, if any.
func owning(w account.Window, q civil.Quarter, opening, lost int64, after ...account.Retention) *shelf {
	s := &shelf{all: map[window]account.Retention{{w, q}: kept(opening, lost)}}
	for i, r := range after {
		s.all[window{w, q + civil.Quarter(i) + 1}] = r
	}
	return s
}

// due is what is due at the end of a day.
func due(t *testing.T, p *Person, on string, books Books) []string {
	t.Helper()
	return dueAt(t, p, day(on).End(time.UTC), books)
}

func dueAt(t *testing.T, p *Person, asOf time.Time, books Books) []string {
	t.Helper()
	steps, err := p.Due(asOf, books)
	if err != nil {
		t.Fatalf("Due(%s): %v", asOf, err)
	}
	var out []string
	for _, s := range steps {
		amount := money.Money{Minor: s.Minor, Currency: s.Currency}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %s>%s %s %s", s.Effective, s.Kind, s.Component, s.From, s.To, amount.Decimal(), s.Reference)))
		x := s.Explain()
		if got, err := x.Amount(); err != nil || got != s.Minor || x.Text == "" || x.Rule == "" || len(s.Causes) == 0 {
			t.Errorf("%s: the figures of %+v give %d, %v; causes %v", out[len(out)-1], x, got, err, s.Causes)
		}
	}
	return out
}

// book is a component's pool with no exceptions in it.
func book(c *plan.Component, r account.Retention) pool {
	return pool{component: c, all: r, cfo: r}
}

// Source: rules §8 "Multiplier".
func TestMultiplier(t *testing.T) {
	const opening = 4_000_000_00
	frac := func(num, den int64) *big.Rat { return big.NewRat(num, den) }
	for _, tt := range []struct {
		where               string
		lost                int64
		prorata, flat, ramp *big.Rat
	}{
		{"nothing left", opening, frac(1, 2), frac(1, 2), frac(1, 2)},
		{"89.9 %", 404_000_00, frac(1, 2), frac(1, 2), frac(1, 2)},
		{"89.999975 %", 400_001_00, frac(1, 2), frac(1, 2), frac(1, 2)},
		{"a cent below the floor", 400_000_01, frac(1, 2), frac(1, 2), frac(1, 2)},
		{"at the floor", 400_000_00, frac(90, 95), frac(1, 1), frac(1, 2)},
		{"92 %", 320_000_00, frac(92, 95), frac(1, 1), frac(7, 10)},
		{"92.5 %, half way", 300_000_00, frac(925, 950), frac(1, 1), frac(3, 4)},
		{"a cent below the target", 200_000_01, frac(3_799_999_99, 3_800_000_00), frac(1, 1), frac(1_999_999_95, 2_000_000_00)},
		{"at the target", 200_000_00, frac(1, 1), frac(1, 1), frac(1, 1)},
		{"96.5 %, half way", 140_000_00, frac(1, 1), frac(1, 1), frac(5, 4)},
		{"a cent below the stretch", 80_000_01, frac(1, 1), frac(1, 1), new(big.Rat).Sub(frac(3, 2), frac(1, 2*opening/100*3))},
		{"at the stretch", 80_000_00, frac(3, 2), frac(3, 2), frac(3, 2)},
		{"everything kept", 0, frac(3, 2), frac(3, 2), frac(3, 2)},
	} {
		for curve, want := range map[string]*big.Rat{"prorata": tt.prorata, "flat": tt.flat, "ramp": tt.ramp} {
			c := retention("quarter", curve)
			got := book(&c, kept(opening, tt.lost)).multiplier()
			if got.times.Cmp(want) != 0 || got.text == "" {
				t.Errorf("%s, curve %s: × %s (%s), want × %s", tt.where, curve, got.times.RatString(), got.text, want.RatString())
			}
		}
	}
}

// The multiplier never falls when retention grows, and stays between its ends.
func TestMultiplierGrowsWithRetention(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := retention("quarter", rapid.SampledFrom([]string{"prorata", "flat", "ramp"}).Draw(t, "curve"))
		opening := rapid.Int64Range(1, 1_000_000).Draw(t, "opening")
		a, b := rapid.Int64Range(0, opening).Draw(t, "a"), rapid.Int64Range(0, opening).Draw(t, "b")
		low := book(&c, kept(opening, opening-min(a, b))).multiplier().times
		high := book(&c, kept(opening, opening-max(a, b))).multiplier().times
		if low.Cmp(high) > 0 || low.Cmp(big.NewRat(1, 2)) < 0 || high.Cmp(big.NewRat(3, 2)) > 0 {
			t.Fatalf("× %s at %d, × %s at %d of %d", low, min(a, b), high, max(a, b), opening)
		}
	})
}

// The amounts of the scenarios grr-*: opening 4,000,000, quarter pool 3,375.
func TestGRRPays(t *testing.T) {
	for _, tt := range []struct {
		lost int64
		want string
	}{
		{80_000_00, "5062.50"},
		{200_000_00, "3375.00"},
		{320_000_00, "3268.42"},
		{400_000_00, "3197.37"},
		{400_001_00, "1687.50"},
		{404_000_00, "1687.50"},
	} {
		p := person(setting(nil), enrolled("2027-01-01"))
		books := owning(account.WindowQuarter, quarterNamed("2027-Q1"), 4_000_000_00, tt.lost)
		want := []string{"2027-03-31 true_up retention expense>payable " + tt.want}
		end := day("2027-03-31").End(time.UTC) // readings R2: from the end of the last day
		if got := dueAt(t, p, end, books); !slices.Equal(got, want) {
			t.Errorf("%s lost: due %q, want %q", usd(tt.lost), got, want)
		}
		if got := dueAt(t, p, end.Add(-1), books); len(got) > 0 {
			t.Errorf("%s lost: due before the quarter's end: %q", usd(tt.lost), got)
		}
	}
}

// Source: readings R15.
func TestEmployment(t *testing.T) {
	again := enrolled("2027-08-01")
	again.Plan = "other"
	sameDay := event.PayeeTerminated{Header: head("same day", 9), Payee: "csm-1", Effective: day("2027-01-10")}
	for _, tt := range []struct {
		name       string
		facts      []event.Event
		on         string
		role       event.Role
		terminated bool
		plan       string
	}{
		{"nothing known", nil, "2027-06-01", "", false, ""},
		{"the day before", []event.Event{enrolled("2027-01-10")}, "2027-01-09", "", false, ""},
		{"the first day", []event.Event{enrolled("2027-01-10")}, "2027-01-10", event.CSM, false, "scenario@1"},
		{"before the first plan", []event.Event{enrolled("2026-01-10")}, "2026-12-31", event.CSM, false, ""},
		{"the last day", []event.Event{enrolled("2027-01-10"), terminated("2027-06-30")}, "2027-06-30", event.CSM, false, "scenario@1"},
		{"the day after", []event.Event{enrolled("2027-01-10"), terminated("2027-06-30")}, "2027-07-01", "", true, ""},
		{"told in the other order", []event.Event{terminated("2027-06-30"), enrolled("2027-01-10")}, "2027-07-01", "", true, ""},
		{"hired again", []event.Event{enrolled("2027-01-10"), terminated("2027-06-30"), again}, "2027-08-01", event.CSM, false, ""},
		{"in between", []event.Event{enrolled("2027-01-10"), terminated("2027-06-30"), again}, "2027-07-31", "", true, ""},
		{"terminated, never enrolled", []event.Event{terminated("2027-06-30")}, "2027-07-01", "", true, ""},
		{"one date: the later statement", []event.Event{sameDay, enrolled("2027-01-10")}, "2027-01-11", "", true, ""},
	} {
		set := setting(nil)
		got := person(set, tt.facts...).Terms(set.Plans, day(tt.on))
		id := ""
		if got.Plan != nil {
			id = got.Plan.ID()
		}
		if got.Role != tt.role || got.Terminated != tt.terminated || id != tt.plan {
			t.Errorf("%s: Terms(%s) = role %q, terminated %v, plan %q, want %q, %v, %q",
				tt.name, tt.on, got.Role, got.Terminated, id, tt.role, tt.terminated, tt.plan)
		}
	}
}

func TestTermsTakeTheEnrolmentsOwnAmounts(t *testing.T) {
	variable, target := usd(20000_00), usd(1_000_000_00)
	e := enrolled("2027-04-01")
	e.VariableAnnual, e.AnnualTarget, e.Employee = &variable, &target, "E-7"
	p := person(setting(nil), enrolled("2027-01-01"), e)
	for _, tt := range []struct {
		on       string
		variable money.Money
		target   *money.Money
		employee string
	}{
		{"2027-03-31", usd(13500_00), nil, ""},
		{"2027-04-01", variable, &target, "E-7"},
	} {
		got := p.Terms(p.set.Plans, day(tt.on))
		if got.Variable != tt.variable || (got.Target == nil) != (tt.target == nil) || got.Target != nil && *got.Target != *tt.target {
			t.Errorf("Terms(%s) = %v, %v, want %v, %v", tt.on, got.Variable, got.Target, tt.variable, tt.target)
		}
		if got := p.Employee(day(tt.on)); got != tt.employee {
			t.Errorf("Employee(%s) = %q, want %q", tt.on, got, tt.employee)
		}
	}
	if got := p.Employee(day("2026-12-31")); got != "" {
		t.Errorf("Employee before the first enrolment = %q", got)
	}
}

// Source: rules §8 "Proration"; readings R16. Everything is kept: × 1.5.
func TestProration(t *testing.T) {
	leap := enrolled("2028-02-29")
	for _, tt := range []struct {
		name    string
		facts   []event.Event
		quarter string
		days    int
		want    string // empty: nothing
	}{
		{"the whole quarter", []event.Event{enrolled("2027-01-01")}, "2027-Q1", 90, "5062.50"},
		{"from before", []event.Event{enrolled("2026-05-01")}, "2027-Q1", 90, "5062.50"},
		{"from the second day", []event.Event{enrolled("2027-01-02")}, "2027-Q1", 89, "5006.25"},
		{"on the last day", []event.Event{enrolled("2027-03-31")}, "2027-Q1", 1, "56.25"},
		{"the next quarter", []event.Event{enrolled("2027-04-01")}, "2027-Q1", 0, ""},
		{"left on the last day", []event.Event{enrolled("2027-01-01"), terminated("2027-03-31")}, "2027-Q1", 90, "5062.50"},
		{"left on the first day", []event.Event{enrolled("2027-01-01"), terminated("2027-01-01")}, "2027-Q1", 0, ""}, // one date: the later statement
		{"left on the second day", []event.Event{enrolled("2027-01-01"), terminated("2027-01-02")}, "2027-Q1", 2, "112.50"},
		{"left in the quarter before", []event.Event{enrolled("2026-05-01"), terminated("2026-12-31")}, "2027-Q1", 0, ""},
		{"left and came back", []event.Event{enrolled("2027-01-01"), terminated("2027-01-30"), enrolled("2027-03-02")}, "2027-Q1", 60, "3375.00"},
		{"moved within", []event.Event{enrolled("2027-01-01"), enrolled("2027-02-01")}, "2027-Q1", 90, "5062.50"},
		{"leap year", []event.Event{leap}, "2028-Q1", 32, "1780.22"}, // 5062.50 × 32 ÷ 91 = 1780.2197…
	} {
		p := person(setting(nil), tt.facts...)
		q := quarterNamed(tt.quarter)
		books := owning(account.WindowQuarter, q, 1_000_000_00, 0)
		if _, got := p.enrolledIn(q); got != tt.days {
			t.Errorf("%s: %d days enrolled in %s, want %d", tt.name, got, q, tt.days)
		}
		last := civil.Calendar{}.Last(q)
		var want []string
		if tt.want != "" {
			want = []string{last.String() + " true_up retention expense>payable " + tt.want}
		}
		got := slices.DeleteFunc(due(t, p, (last+1).String(), books), func(s string) bool { return !strings.HasPrefix(s, last.String()) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: due %q, want %q", tt.name, got, want)
		}
	}

	whole := person(setting(func(p *plan.Plan) { p.Proration = "none" }), enrolled("2027-03-31"))
	books := owning(account.WindowQuarter, quarterNamed("2027-Q1"), 1_000_000_00, 0)
	if got, want := due(t, whole, "2027-04-01", books), []string{"2027-03-31 true_up retention expense>payable 5062.50"}; !slices.Equal(got, want) {
		t.Errorf("proration none: due %q, want %q", got, want)
	}
}

// Source: readings R16: by the version in force on the quarter's first day.
func TestAQuarterIsPaidByTheVersionOfItsFirstDay(t *testing.T) {
	set := setting(nil)
	v2 := *set.Plans[0]
	v2.Version, v2.EffectiveFrom, v2.Variable = 2, day("2027-04-02"), usd(27000_00)
	plans, problems := plan.NewSet(set.Plans[0], &v2)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	set.Plans = plans
	p := person(set, enrolled("2027-01-01"))
	all := kept(1_000_000_00, 0)
	books := owning(account.WindowQuarter, quarterNamed("2027-Q1"), 1_000_000_00, 0, all, all)
	want := []string{
		"2027-03-31 true_up retention expense>payable 5062.50",
		"2027-06-30 true_up retention expense>payable 5062.50",
		"2027-09-30 true_up retention expense>payable 10125.00",
	}
	if got := due(t, p, "2027-10-01", books); !slices.Equal(got, want) {
		t.Errorf("due %q, want %q", got, want)
	}
}

// Source: rules §8 "Pay"; readings R16, R17. The year's pool is 13,500.
func TestCumulativeWindows(t *testing.T) {
	const opening = 1_000_000_00
	type q struct{ opening, lost int64 } // of the window that ends with the quarter
	for _, tt := range []struct {
		name     string
		facts    []event.Event
		quarters []q
		want     []string // per quarter of 2027; empty: nothing due
	}{
		{
			"at target all year", nil,
			[]q{{opening, 5_000_000}, {opening, 5_000_000}, {opening, 5_000_000}, {opening, 5_000_000}},
			[]string{"3375.00", "3375.00", "3375.00", "3375.00"},
		},
		{
			"from stretch to below the floor takes back", nil,
			[]q{{opening, 0}, {opening, 20_000_000}, {opening, 20_000_000}, {opening, 5_000_000}},
			[]string{"5062.50", "-1687.50", "1687.50", "8437.50"},
		}, // 1 × 1.5, 2 × 0.5, 3 × 0.5, 4 × 1 quarter pools
		{
			"an empty second quarter pays nothing and is caught up", nil,
			[]q{{opening, 5_000_000}, {0, 0}, {opening, 5_000_000}, {opening, 5_000_000}},
			[]string{"3375.00", "", "6750.00", "3375.00"},
		},
		{
			"an empty last quarter takes nothing back", nil,
			[]q{{opening, 0}, {opening, 0}, {opening, 0}, {0, 0}},
			[]string{"5062.50", "5062.50", "5062.50", ""},
		},
		{"an empty year", nil, []q{{0, 0}, {0, 0}, {0, 0}, {0, 0}}, []string{"", "", "", ""}},
		{
			"half of the second quarter missed",
			[]event.Event{enrolled("2027-01-01"), terminated("2027-05-15"), enrolled("2027-07-01")},
			[]q{{opening, 5_000_000}, {opening, 5_000_000}, {opening, 5_000_000}, {opening, 5_000_000}},
			[]string{"3375.00", "1668.96", "3375.00", "3375.00"},
		}, // 45 of 91 days
		{
			"enrolled in the third quarter",
			[]event.Event{enrolled("2027-07-01")},
			[]q{{opening, 5_000_000}, {opening, 5_000_000}, {opening, 5_000_000}, {opening, 5_000_000}},
			[]string{"", "", "3375.00", "3375.00"},
		},
	} {
		for _, name := range []string{"quarter", "ytd", "ttm"} {
			w := account.WindowOf(name)
			if w == account.WindowQuarter {
				continue
			}
			facts := tt.facts
			if facts == nil {
				facts = []event.Event{enrolled("2027-01-01")}
			}
			p := person(setting(func(p *plan.Plan) { p.Components[0].Window = name }), facts...)
			books := &shelf{all: map[window]account.Retention{}}
			for i, of := range tt.quarters {
				books.all[window{w, quarterNamed("2027-Q1") + civil.Quarter(i)}] = kept(of.opening, of.lost)
			}
			var want []string
			for i, amount := range tt.want {
				if amount != "" {
					want = append(want, fmt.Sprintf("%s true_up retention expense>payable %s", civil.Calendar{}.Last(quarterNamed("2027-Q1")+civil.Quarter(i)), amount))
				}
			}
			if got := due(t, p, "2028-01-01", books); !slices.Equal(got, want) {
				t.Errorf("%s, %s: due %q, want %q", tt.name, name, got, want)
			}
		}
	}
}

func TestACumulativeYearStartsAnew(t *testing.T) {
	p := person(setting(func(p *plan.Plan) { p.Components[0].Window = "ttm" }), enrolled("2027-07-01"))
	all, half := kept(1_000_000_00, 0), kept(1_000_000_00, 500_000_00) // × 0.5, of one quarter
	books := owning(account.WindowTTM, quarterNamed("2027-Q3"), 1_000_000_00, 0, all, half)
	want := []string{
		"2027-09-30 true_up retention expense>payable 5062.50",
		"2027-12-31 true_up retention expense>payable 5062.50",
		"2028-03-31 true_up retention expense>payable 1687.50",
	}
	if got := due(t, p, "2028-04-01", books); !slices.Equal(got, want) {
		t.Errorf("due %q, want %q", got, want)
	}
}

// In a cumulative window the year's quarters always sum to the year's pool so
// far × the last multiplier.
func TestCumulativeQuartersSumToTheYear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"ytd", "ttm"}).Draw(t, "window")
		w, books := account.WindowOf(name), &shelf{all: map[window]account.Retention{}}
		variable := usd(rapid.Int64Range(0, 50_000_00).Draw(t, "variable"))
		p := person(setting(func(p *plan.Plan) { p.Components[0].Window, p.Variable = name, variable }), enrolled("2027-01-01"))
		want := int64(0)
		for i := range int64(4) {
			opening := rapid.Int64Range(1, 1000).Draw(t, "opening")
			lost := rapid.Int64Range(0, opening).Draw(t, "lost")
			q := quarterNamed("2027-Q1") + civil.Quarter(i)
			books.all[window{w, q}] = kept(opening, lost)
			times := big.NewRat(3, 2)
			switch kept := big.NewRat(opening-lost, opening); {
			case kept.Cmp(big.NewRat(90, 100)) < 0:
				times = big.NewRat(1, 2)
			case kept.Cmp(big.NewRat(95, 100)) < 0:
				times.Quo(kept, big.NewRat(95, 100))
			case kept.Cmp(big.NewRat(98, 100)) < 0:
				times = big.NewRat(1, 1)
			}
			var err error
			if want, err = money.Round(times.Mul(times, big.NewRat(variable.Minor*(i+1), 4))); err != nil {
				t.Fatal(err)
			}
			steps, err := p.Due(civil.Calendar{}.Last(q).End(time.UTC), books)
			if err != nil {
				t.Fatalf("Due: %v", err)
			}
			sum := int64(0)
			for _, s := range steps {
				sum += s.Minor
			}
			if sum != want {
				t.Fatalf("up to %s due %d, want %d", q, sum, want)
			}
		}
	})
}

func TestFigures(t *testing.T) {
	q1 := quarterNamed("2027-Q1")
	override := usd(400_000_00)
	e := enrolled("2027-02-15") // 45 of 90 days
	e.AnnualTarget = &override
	second := retention("ytd", "flat")
	second.ID, second.Kind = "net", plan.NetRetention
	books := &shelf{
		all: map[window]account.Retention{
			{account.WindowQuarter, q1}: {Opening: 1000, Gross: 850, Net: 950}, {account.WindowTTM, q1}: kept(1000, 100), {account.WindowYTD, q1}: {Opening: 1000, Gross: 700, Net: 1200},
		},
		measures: map[civil.Quarter]account.Paid{q1: {ReviewScope: 5, ReviewsDone: 4}},
		credited: credited(t, nil, nil, deal{"2026-12-31", 99_000_00}, deal{"2027-01-01", 70_000_00}, deal{"2027-03-31", 50_000_00}, deal{"2027-04-01", 99_000_00}),
	}
	for _, tt := range []struct {
		name  string
		plan  func(*plan.Plan)
		facts []event.Event
		on    string
		books Books
		want  string
	}{
		{"of the quarter", nil, []event.Event{enrolled("2027-01-01")}, "2027-06-30", books, "GRR 0.85 NRR – attained 0.8 reviews 0.8 credited 12000000"},
		{"over the plan's window", func(p *plan.Plan) { p.Components[0].Window = "ttm" }, []event.Event{enrolled("2027-01-01")}, "2027-06-30", books, "GRR 0.9 NRR – attained 0.8 reviews 0.8 credited 12000000"},
		{"net retention has its own window", func(p *plan.Plan) { p.Components = append(p.Components, second) }, []event.Event{enrolled("2027-01-01")}, "2027-06-30", books, "GRR 0.85 NRR 1.2 attained 0.8 reviews 0.8 credited 12000000"},
		{"the enrolment's target, prorated", nil, []event.Event{e}, "2027-06-30", books, "GRR 0.85 NRR – attained 2.4 reviews 0.8 credited 12000000"},
		{"booked by a day", nil, []event.Event{enrolled("2027-01-01")}, "2027-03-30", books, "GRR 0.85 NRR – attained 0.466667 reviews 0.8 credited 7000000"},
		{"no target", func(p *plan.Plan) { p.Components = p.Components[:1] }, []event.Event{enrolled("2027-01-01")}, "2027-06-30", books, "GRR 0.85 NRR – attained – reviews 0.8 credited 12000000"},
		{"an empty book", nil, []event.Event{enrolled("2027-01-01")}, "2027-06-30", &shelf{}, "GRR – NRR – attained 0 reviews – credited 0"},
		{"not enrolled", nil, nil, "2027-06-30", books, "GRR – NRR – attained – reviews – credited 0"},
		{"not enrolled yet", nil, []event.Event{enrolled("2027-04-01")}, "2027-06-30", books, "GRR – NRR – attained – reviews – credited 0"},
	} {
		got, err := person(setting(tt.plan), tt.facts...).Figures(q1, day(tt.on), tt.books)
		if text := saying(got); err != nil || text != tt.want {
			t.Errorf("%s: Figures = %s, %v, want %s", tt.name, text, err, tt.want)
		}
	}
}

// saying is figures as text, – for what there is none of.
func saying(f Figures) string {
	ratio := func(r *money.Ratio) string {
		if r == nil {
			return "–"
		}
		return r.String()
	}
	attained := "–"
	if f.Attainment != nil {
		attained = strings.TrimSuffix(strings.TrimRight(f.Attainment.FloatString(6), "0"), ".")
	}
	return fmt.Sprintf("GRR %s NRR %s attained %s reviews %s credited %d", ratio(f.GRR), ratio(f.NRR), attained, ratio(f.Reviews), f.Credited)
}

func confirmed(reference string, hour int, on string, minor int64) event.PayoutConfirmed {
	h := head(fmt.Sprintf("confirmed %s %d", reference, hour), hour)
	return event.PayoutConfirmed{Header: h, Period: quarterNamed("2027-Q1"), Payee: "csm-1", Amount: usd(minor), Reference: reference, At: day(on).Start(time.UTC)}
}

func rejected(reference string, hour int, on string) event.PayoutRejected {
	h := head(fmt.Sprintf("rejected %s %d", reference, hour), hour)
	return event.PayoutRejected{Header: h, Period: quarterNamed("2027-Q1"), Payee: "csm-1", Amount: usd(1), Reference: reference, At: day(on).Start(time.UTC)}
}

// Source: rules §9; readings R32.
func TestPayouts(t *testing.T) {
	for _, tt := range []struct {
		name  string
		facts []event.Event
		want  []string
		paid  bool
	}{
		{
			"confirmed",
			[]event.Event{confirmed("r1", 1, "2027-04-20", 500_00)},
			[]string{"2027-04-20 payout payout payable>paid 500.00 r1"},
			true,
		},
		{"rejected alone", []event.Event{rejected("r1", 1, "2027-04-20")}, nil, false},
		{
			"confirmed, then rejected: the confirmed amount comes back",
			[]event.Event{confirmed("r1", 1, "2027-04-20", 500_00), rejected("r1", 2, "2027-04-22")},
			[]string{"2027-04-20 payout payout payable>paid 500.00 r1", "2027-04-22 payout payout payable>paid -500.00 r1"},
			false,
		},
		{
			"rejected, then confirmed",
			[]event.Event{rejected("r1", 1, "2027-04-20"), confirmed("r1", 2, "2027-04-22", 500_00)},
			[]string{"2027-04-22 payout payout payable>paid 500.00 r1"},
			true,
		},
		{
			"confirmed, rejected, confirmed",
			[]event.Event{confirmed("r1", 1, "2027-04-20", 500_00), rejected("r1", 2, "2027-04-22"), confirmed("r1", 3, "2027-04-25", 400_00)},
			[]string{"2027-04-20 payout payout payable>paid 500.00 r1", "2027-04-22 payout payout payable>paid -500.00 r1", "2027-04-25 payout payout payable>paid 400.00 r1"},
			true,
		},
		{
			"confirmed twice: the later statement stands",
			[]event.Event{confirmed("r1", 1, "2027-04-20", 500_00), confirmed("r1", 2, "2027-04-21", 450_00)},
			[]string{"2027-04-21 payout payout payable>paid 450.00 r1"},
			true,
		},
		{
			"confirmed, rejected twice: the first takes it back",
			[]event.Event{confirmed("r1", 1, "2027-04-20", 500_00), rejected("r1", 2, "2027-04-22"), rejected("r1", 3, "2027-04-23")},
			[]string{"2027-04-20 payout payout payable>paid 500.00 r1", "2027-04-22 payout payout payable>paid -500.00 r1"},
			false,
		},
		{
			"two references",
			[]event.Event{confirmed("r2", 1, "2027-04-20", 200_00), confirmed("r1", 2, "2027-04-20", 100_00), rejected("r2", 3, "2027-04-21")},
			[]string{"2027-04-20 payout payout payable>paid 100.00 r1", "2027-04-20 payout payout payable>paid 200.00 r2", "2027-04-21 payout payout payable>paid -200.00 r2"},
			true,
		},
	} {
		for _, facts := range [][]event.Event{tt.facts, reversed(tt.facts)} {
			p := person(setting(nil), facts...)
			if got := due(t, p, "2027-12-31", &shelf{}); !slices.Equal(got, tt.want) {
				t.Errorf("%s: due %q, want %q", tt.name, got, tt.want)
			}
			if got := p.PaidFor(quarterNamed("2027-Q1")); got != tt.paid {
				t.Errorf("%s: PaidFor(2027-Q1) = %v, want %v", tt.name, got, tt.paid)
			}
			if p.PaidFor(quarterNamed("2027-Q2")) {
				t.Errorf("%s: PaidFor another quarter", tt.name)
			}
		}
	}
}

func reversed(facts []event.Event) []event.Event {
	out := slices.Clone(facts)
	slices.Reverse(out)
	return out
}

func TestManualAmountsCountFromTheirDate(t *testing.T) {
	adjust := func(hour int, minor int64, on string) event.AdjustmentPosted {
		return event.AdjustmentPosted{Header: head(fmt.Sprint("a", hour), hour), Adjustment: "adj-1", Payee: "csm-1", Amount: usd(minor), Effective: day(on), Reason: "agreed"}
	}
	spif := event.SpifAwarded{Header: head("s", 1), Spif: "spif-1", Payee: "csm-1", Amount: usd(250_00), Effective: day("2027-05-02"), Reason: "launch"}
	p := person(setting(nil), adjust(2, -30_00, "2027-05-01"), spif, adjust(1, 99_00, "2027-04-01"))
	for _, tt := range []struct {
		on   string
		want []string
	}{
		{"2027-04-30", nil}, // the first statement of adj-1 does not stand
		{"2027-05-01", []string{"2027-05-01 adjustment manual expense>payable -30.00 adj-1"}},
		{"2027-05-02", []string{"2027-05-01 adjustment manual expense>payable -30.00 adj-1", "2027-05-02 spif spif expense>payable 250.00 spif-1"}},
	} {
		if got := due(t, p, tt.on, &shelf{}); !slices.Equal(got, tt.want) {
			t.Errorf("due on %s: %q, want %q", tt.on, got, tt.want)
		}
	}
	for _, tt := range []struct {
		after string
		want  civil.Date
	}{
		{"2027-04-01", day("2027-05-01")}, {"2027-05-01", day("2027-05-02")}, {"2027-05-02", civil.Never},
	} {
		if got := p.Next(day(tt.after)); got != tt.want {
			t.Errorf("Next(%s) = %s, want %s", tt.after, got, tt.want)
		}
	}
}

func TestCheckTakesOnlyTheLedgersCurrency(t *testing.T) {
	euro := money.Money{Minor: 1, Currency: "EUR"}
	dollar := usd(1)
	set := setting(nil)
	for _, tt := range []struct {
		event event.Event
		path  string // empty: fine
	}{
		{event.PayeeEnrolled{}, ""},
		{event.PayeeEnrolled{VariableAnnual: &dollar, AnnualTarget: &dollar}, ""},
		{event.PayeeEnrolled{VariableAnnual: &euro}, "variable_annual"},
		{event.PayeeEnrolled{VariableAnnual: &dollar, AnnualTarget: &euro}, "annual_target"},
		{event.AdjustmentPosted{Amount: euro}, "amount"},
		{event.AdjustmentPosted{Amount: dollar}, ""},
		{event.SpifAwarded{Amount: euro}, "amount"},
		{event.PayoutConfirmed{Amount: euro}, "amount"},
		{event.PayoutRejected{Amount: euro}, "amount"},
		{event.BalanceOpened{Held: &dollar, Payable: &dollar, Paid: &dollar}, ""},
		{event.BalanceOpened{}, ""},
		{event.BalanceOpened{Held: &euro}, "held"},
		{event.BalanceOpened{Held: &dollar, Payable: &euro}, "payable"},
		{event.BalanceOpened{Paid: &euro}, "paid"},
		{event.PayeeTerminated{}, ""},
	} {
		err := set.Check(tt.event)
		if (err == nil) != (tt.path == "") || err != nil && (domain.KindOf(err) != domain.Invalid || !strings.Contains(err.Error(), "data."+tt.path+".")) {
			t.Errorf("Check(%+v) = %v, want a problem at %q", tt.event, err, tt.path)
		}
	}
}

// A person is a function of the set of facts.
func TestOrderLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		date := rapid.Custom(func(t *rapid.T) civil.Date { return day("2027-01-01").Add(rapid.IntRange(0, 400).Draw(t, "day")) })
		var facts []event.Event
		for i := range rapid.IntRange(1, 10).Draw(t, "facts") {
			h := head(fmt.Sprint("e", i), rapid.IntRange(0, 3).Draw(t, "hour"))
			d := date.Draw(t, "date")
			id := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "id")
			amount := usd(rapid.Int64Range(-100, 100).Draw(t, "amount"))
			switch rapid.IntRange(0, 7).Draw(t, "kind") {
			case 0:
				facts = append(facts, event.PayeeEnrolled{Header: h, Payee: "csm-1", Role: event.CSM, Effective: d, VariableAnnual: &amount})
			case 1:
				facts = append(facts, event.PayeeTerminated{Header: h, Payee: "csm-1", Effective: d})
			case 2:
				facts = append(facts, event.AdjustmentPosted{Header: h, Adjustment: id, Amount: amount, Effective: d})
			case 3:
				facts = append(facts, event.SpifAwarded{Header: h, Spif: id, Amount: amount, Effective: d})
			case 4:
				facts = append(facts, event.PayoutConfirmed{Header: h, Reference: id, Amount: amount, At: d.Start(time.UTC)})
			case 5:
				facts = append(facts, event.PayoutRejected{Header: h, Reference: id, Amount: amount, At: d.Start(time.UTC)})
			case 6:
				facts = append(facts, event.ObjectiveAttested{Header: h, Payee: "csm-1", Period: civil.Calendar{}.QuarterOf(d), Objective: id, Value: percent(amount.Minor + 100)})
			case 7:
				facts = append(facts, event.BalanceOpened{Header: h, Payee: "csm-1", AsOf: d, Held: &amount, Payable: &amount})
			}
		}
		say := func(facts []event.Event) string {
			whole, target := money.One, money.Ratio{Num: 2, Den: 1}
			p := person(setting(func(p *plan.Plan) {
				p.Components = append(p.Components, plan.Component{ID: "objectives", Kind: plan.Objectives, Weight: &whole, Objectives: []plan.Objective{
					{ID: "x", Weight: percent(50), Target: target}, {ID: "y", Weight: percent(50), Target: target, Percent: true},
				}})
			}), facts...)
			books := owning(account.WindowQuarter, quarterNamed("2027-Q1"), 1000, 30)
			steps, err := p.Due(day("2028-06-01").End(time.UTC), books)
			if err != nil {
				t.Fatalf("Due: %v", err)
			}
			var b strings.Builder
			for _, s := range steps {
				fmt.Fprintln(&b, s.Key, s.Minor, s.Causes, s.Explain())
			}
			terms := p.Terms(p.set.Plans, day("2027-06-01"))
			fmt.Fprintln(&b, terms.Terminated, terms.Variable, terms.Until, terms.LeftTold)
			enrolled, ok := p.Role(quarterNamed("2027-Q2"))
			fmt.Fprintln(&b, enrolled.Identity, ok, p.PaidFor(0), p.Next(day("2027-06-01")))
			return b.String()
		}
		if a, b := say(facts), say(rapid.Permutation(facts).Draw(t, "arrived")); a != b {
			t.Fatalf("due\n%s\nor in another order\n%s", a, b)
		}
	})
}
