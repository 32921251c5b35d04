package book

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Source: rules §8 "Exceptions"; readings R26: with anyone but the CFO an
// exception lifts no multiplier above 1.0. Floor 90, target 95, stretch 98.
func TestMultiplierWithExceptions(t *testing.T) {
	ratio := func(num, den int64) *big.Rat { return big.NewRat(num, den) }
	for _, tt := range []struct {
		name     string
		all, cfo int64 // kept of 1,000 with every exception, and with the CFO's alone
		want     *big.Rat
	}{
		{"none", 920, 920, ratio(92, 95)},
		{"none, above the stretch", 990, 990, ratio(3, 2)},
		{"lifts it to the target", 960, 920, ratio(1, 1)},
		{"lifts it above the stretch: to 1.0 alone", 990, 920, ratio(1, 1)},
		{"lifts it from below the floor", 920, 800, ratio(92, 95)},
		{"the CFO's alone lift it above", 990, 980, ratio(3, 2)},
		{"another's on top of the CFO's", 990, 960, ratio(1, 1)},
		{"another's would take from the CFO's", 800, 990, ratio(3, 2)},
		{"another's lowers nothing", 800, 950, ratio(1, 1)},
		{"both below the floor", 100, 200, ratio(1, 2)},
	} {
		c := retention("quarter", "prorata")
		p := pool{component: &c, all: kept(1000, 1000-tt.all), cfo: kept(1000, 1000-tt.cfo)}
		if got := p.multiplier(); got.times.Cmp(tt.want) != 0 || got.text == "" {
			t.Errorf("%s: × %s (%s), want × %s", tt.name, got.times.RatString(), got.text, tt.want.RatString())
		}
	}

	// The CFO's leave nothing of the book, the others' something.
	c := retention("quarter", "prorata")
	if got := (pool{component: &c, all: kept(1000, 0)}).multiplier(); got.times.Cmp(one) != 0 {
		t.Errorf("a book that is empty with the CFO's exceptions: × %s, want × 1", got.times.RatString())
	}
}

// Exceptions never cost, and lift above 1.0 only as far as the CFO's do.
func TestExceptionsNeverCost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := retention("quarter", rapid.SampledFrom([]string{"prorata", "flat", "ramp"}).Draw(t, "curve"))
		all, cfo := rapid.Int64Range(0, 1000).Draw(t, "all"), rapid.Int64Range(0, 1000).Draw(t, "cfo")
		of := func(lost int64) *big.Rat { return book(&c, kept(1000, lost)).multiplier().times }
		got := (pool{component: &c, all: kept(1000, all), cfo: kept(1000, cfo)}).multiplier().times
		want := of(all)
		if want.Cmp(one) > 0 {
			want = one
		}
		if of(cfo).Cmp(want) > 0 {
			want = of(cfo)
		}
		if got.Cmp(want) != 0 {
			t.Fatalf("%d lost, %d with the CFO's alone: × %s, want × %s", all, cfo, got.RatString(), want.RatString())
		}
	})
}

// Net retention looks at closings as they are, above their opening too.
// Source: rules §8 "NRR".
func TestNetRetentionPays(t *testing.T) {
	set := setting(func(p *plan.Plan) {
		half := percent(50)
		net := plan.Component{
			ID: "net", Kind: plan.NetRetention, Weight: &half, Window: "quarter", Curve: "prorata",
			Floor: percent(90), Target: percent(100), Stretch: percent(110),
			Multiplier: plan.Multiplier{BelowFloor: percent(50), AtTarget: percent(100), AtStretch: percent(150)},
		}
		p.Components = []plan.Component{net}
	})
	for _, tt := range []struct {
		net  int64
		want string
	}{{110, "2531.25"}, {109, "1687.50"}, {100, "1687.50"}, {95, "1603.13"}, {89, "843.75"}} { // 13,500 × 50 % ÷ 4
		q := quarterNamed("2027-Q1")
		books := &shelf{all: map[window]account.Retention{{account.WindowQuarter, q}: {Opening: 100, Gross: 50, Net: tt.net}}}
		want := []string{"2027-03-31 true_up net expense>payable " + tt.want}
		if got := due(t, person(set, enrolled("2027-01-01")), "2027-04-01", books); !slices.Equal(got, want) {
			t.Errorf("net %d %%: due %q, want %q", tt.net, got, want)
		}
	}
}

func attested(hour int, period, objective string, value money.Ratio) event.ObjectiveAttested {
	return event.ObjectiveAttested{
		Header: head(fmt.Sprint("attested ", objective, hour), hour), Payee: "csm-1", Period: quarterNamed(period), Objective: objective, Value: value,
	}
}

// Source: rules §8 "Objectives"; readings R30. One objective is all there is.
func TestObjective(t *testing.T) {
	pct := func(id string, n int64) plan.Objective {
		return plan.Objective{ID: id, Weight: money.One, Target: percent(n), Percent: true}
	}
	number := func(id string, n int64) plan.Objective {
		return plan.Objective{ID: id, Weight: money.One, Target: money.Ratio{Num: n, Den: 1}}
	}
	for _, tt := range []struct {
		name string
		o    plan.Objective
		m    account.Paid
		told []event.Event
		want *big.Rat
	}{
		{"every week scored", pct("health_updates", 100), account.Paid{WeeksOwned: 12, WeeksScored: 12}, nil, big.NewRat(1, 1)},
		{"half of them", pct("health_updates", 100), account.Paid{WeeksOwned: 12, WeeksScored: 6}, nil, big.NewRat(1, 2)},
		{"half of them, half asked for", pct("health_updates", 50), account.Paid{WeeksOwned: 12, WeeksScored: 6}, nil, big.NewRat(1, 1)},
		{"never above the target", pct("health_updates", 50), account.Paid{WeeksOwned: 12, WeeksScored: 12}, nil, big.NewRat(1, 1)},
		{"none owned", pct("health_updates", 100), account.Paid{}, nil, big.NewRat(1, 1)},
		{"none scored", pct("health_updates", 100), account.Paid{WeeksOwned: 12}, nil, new(big.Rat)},
		{"reviews", pct("reviews", 90), account.Paid{ReviewScope: 10, ReviewsDone: 8}, nil, big.NewRat(8, 9)},
		{"nothing to review", pct("reviews", 90), account.Paid{}, nil, big.NewRat(1, 1)},
		{"contacts of each account", number("multithreading", 3), account.Paid{Accounts: 4, Contacts: 6}, nil, big.NewRat(1, 2)},
		{"as many as asked for", number("multithreading", 3), account.Paid{Accounts: 4, Contacts: 12}, nil, big.NewRat(1, 1)},
		{"no account", number("multithreading", 3), account.Paid{}, nil, big.NewRat(1, 1)},
		{"risk response", pct("risk_response", 100), account.Paid{EpisodesDue: 3, EpisodesMet: 2}, nil, big.NewRat(2, 3)},
		{"none due", pct("risk_response", 100), account.Paid{}, nil, big.NewRat(1, 1)},
		{"without a measure", pct("golf", 100), account.Paid{Accounts: 4}, nil, new(big.Rat)},
		{"attested: of the target where it is a percentage", pct("golf", 80), account.Paid{}, []event.Event{attested(1, "2027-Q1", "golf", percent(60))}, big.NewRat(3, 4)},
		{"attested: the part reached where it is a number", number("golf", 8), account.Paid{}, []event.Event{attested(1, "2027-Q1", "golf", percent(60))}, big.NewRat(3, 5)},
		{"attested above the target", pct("golf", 80), account.Paid{}, []event.Event{attested(1, "2027-Q1", "golf", percent(90))}, big.NewRat(1, 1)},
		{"attested overrides the measure", pct("reviews", 100), account.Paid{ReviewScope: 1, ReviewsDone: 1}, []event.Event{attested(1, "2027-Q1", "reviews", percent(25))}, big.NewRat(1, 4)},
		{"attested for another quarter", pct("golf", 80), account.Paid{}, []event.Event{attested(1, "2027-Q2", "golf", percent(60))}, new(big.Rat)},
		{"attested for another objective", pct("golf", 80), account.Paid{}, []event.Event{attested(1, "2027-Q1", "chess", percent(60))}, new(big.Rat)},
		{"attested again", pct("golf", 80), account.Paid{}, []event.Event{attested(2, "2027-Q1", "golf", percent(40)), attested(1, "2027-Q1", "golf", percent(60))}, big.NewRat(1, 2)},
	} {
		set := setting(func(p *plan.Plan) {
			whole := money.One
			p.Variable = usd(4_000_000)
			p.Components = []plan.Component{{ID: "objectives", Kind: plan.Objectives, Weight: &whole, Objectives: []plan.Objective{tt.o}}}
		})
		p := person(set, append([]event.Event{enrolled("2027-01-01")}, tt.told...)...)
		books := &shelf{measures: map[civil.Quarter]account.Paid{quarterNamed("2027-Q1"): tt.m}}
		minor, err := money.Round(new(big.Rat).Mul(tt.want, big.NewRat(1_000_000, 1)))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		if minor != 0 {
			want = []string{"2027-03-31 true_up objectives expense>payable " + usd(minor).Decimal()}
		}
		if got := due(t, p, "2027-04-01", books); !slices.Equal(got, want) {
			t.Errorf("%s: due %q, want %q", tt.name, got, want)
		}
	}
}

// Objectives weigh what the plan says, an attested one is a cause, and a whole
// quarter's score pays the quarter's pool, by days enrolled.
func TestObjectivesPay(t *testing.T) {
	set := setting(func(p *plan.Plan) {
		weight := percent(20)
		p.Components = []plan.Component{{ID: "objectives", Kind: plan.Objectives, Weight: &weight, Objectives: []plan.Objective{
			{ID: "health_updates", Weight: percent(25), Target: money.One, Percent: true},
			{ID: "reviews", Weight: percent(25), Target: percent(80), Percent: true},
			{ID: "golf", Weight: percent(50), Target: money.One, Percent: true},
		}}}
	})
	books := &shelf{measures: map[civil.Quarter]account.Paid{quarterNamed("2027-Q1"): {WeeksOwned: 10, WeeksScored: 5, ReviewScope: 10, ReviewsDone: 4}}}
	for _, tt := range []struct {
		name string
		told []event.Event
		want string
	}{
		{"measured", []event.Event{enrolled("2027-01-01")}, "168.75"}, // 675 × (0.125 + 0.125)
		{"and attested", []event.Event{enrolled("2027-01-01"), attested(1, "2027-Q1", "golf", money.One)}, "506.25"},
		{"and half of the quarter", []event.Event{enrolled("2027-02-15"), attested(1, "2027-Q1", "golf", money.One)}, "253.13"},
	} {
		p := person(set, tt.told...)
		want := []string{"2027-03-31 true_up objectives expense>payable " + tt.want}
		if got := due(t, p, "2027-04-01", books); !slices.Equal(got, want) {
			t.Errorf("%s: due %q, want %q", tt.name, got, want)
		}
		steps, err := p.Due(day("2027-04-01").End(set.Zone), books)
		if err != nil || len(steps[0].Causes) != len(tt.told) {
			t.Errorf("%s: causes %v, %v, want %d", tt.name, steps[0].Causes, err, len(tt.told))
		}
	}
}

// Source: rules §8 "Health bonus": the share of ARR in good health ÷ target.
func TestHealthBonus(t *testing.T) {
	set := setting(func(p *plan.Plan) {
		whole := money.One
		p.Components = []plan.Component{{ID: "health", Kind: plan.Health, Weight: &whole, Target: percent(80)}}
	})
	for _, tt := range []struct {
		healthy, of int64
		want        string // empty: nothing
	}{{80, 100, "3375.00"}, {100, 100, "3375.00"}, {40, 100, "1687.50"}, {79, 100, "3332.81"}, {0, 100, ""}, {0, 0, ""}} {
		books := &shelf{measures: map[civil.Quarter]account.Paid{quarterNamed("2027-Q1"): {ARR: tt.of, HealthyARR: tt.healthy}}}
		var want []string
		if tt.want != "" {
			want = []string{"2027-03-31 true_up health expense>payable " + tt.want}
		}
		if got := due(t, person(set, enrolled("2027-01-01")), "2027-04-01", books); !slices.Equal(got, want) {
			t.Errorf("%d of %d healthy: due %q, want %q", tt.healthy, tt.of, got, want)
		}
	}
}

// Source: rules §1a "History before us".
func TestOpeningBalances(t *testing.T) {
	amount := func(minor int64) *money.Money { m := usd(minor); return &m }
	opened := func(hour int, on string, held, payable, paid *money.Money) event.BalanceOpened {
		return event.BalanceOpened{Header: head(fmt.Sprint("opened", hour), hour), Payee: "csm-1", AsOf: day(on), Held: held, Payable: payable, Paid: paid}
	}
	for _, tt := range []struct {
		name  string
		facts []event.Event
		want  []string
	}{
		{
			"all three",
			[]event.Event{opened(1, "2027-01-01", amount(3), amount(2), amount(1))},
			[]string{"expense>held 0.03", "expense>paid 0.01", "expense>payable 0.02"},
		},
		{"a debt", []event.Event{opened(1, "2027-01-01", nil, amount(-2), nil)}, []string{"expense>payable -0.02"}},
		{"nothing and not told", []event.Event{opened(1, "2027-01-01", amount(0), nil, nil)}, nil},
		{"told again: whole", []event.Event{opened(2, "2027-01-01", amount(5), nil, nil), opened(1, "2027-01-01", amount(3), amount(2), nil)}, []string{"expense>held 0.05"}},
		{"of two days", []event.Event{opened(1, "2027-01-01", amount(3), nil, nil), opened(2, "2027-01-02", amount(4), nil, nil)}, []string{"expense>held 0.03", "expense>held 0.04"}},
		{"of a later day", []event.Event{opened(1, "2027-01-03", amount(3), nil, nil)}, nil},
	} {
		p := person(setting(nil), tt.facts...)
		steps, err := p.Due(day("2027-01-02").End(p.set.Zone), &shelf{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range steps {
			got = append(got, fmt.Sprintf("%s>%s %s", s.From, s.To, money.Money{Minor: s.Minor, Currency: s.Currency}.Decimal()))
			if s.Kind != ledger.Adjustment || s.Reason != ledger.OpeningBalance || s.Component != "opening" {
				t.Errorf("%s: step %+v", tt.name, s.Key)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestConfirmedFor(t *testing.T) {
	q1 := quarterNamed("2027-Q1")
	for _, tt := range []struct {
		name  string
		facts []event.Event
		want  int64
		told  bool
	}{
		{"nothing", nil, 0, false},
		{"one", []event.Event{confirmed("r1", 1, "2027-04-20", 500)}, 500, true},
		{"two references", []event.Event{confirmed("r1", 1, "2027-04-20", 500), confirmed("r2", 2, "2027-04-21", 30)}, 530, true},
		{"one told again", []event.Event{confirmed("r1", 2, "2027-04-20", 450), confirmed("r1", 1, "2027-04-20", 500)}, 450, true},
		{"one rejected", []event.Event{confirmed("r1", 1, "2027-04-20", 500), rejected("r1", 2, "2027-04-21"), confirmed("r2", 3, "2027-04-22", 30)}, 30, true},
		{"all rejected", []event.Event{confirmed("r1", 1, "2027-04-20", 500), rejected("r1", 2, "2027-04-21")}, 0, false},
	} {
		p := person(setting(nil), tt.facts...)
		if got, told := p.ConfirmedFor(q1); got != usd(tt.want) || told != tt.told {
			t.Errorf("%s: ConfirmedFor(2027-Q1) = %s, %v, want %s, %v", tt.name, got, told, usd(tt.want), tt.told)
		}
		if got, told := p.ConfirmedFor(q1 + 1); told || !got.IsZero() {
			t.Errorf("%s: ConfirmedFor(2027-Q2) = %s, %v", tt.name, got, told)
		}
	}
}

// The enrolment that counts in a quarter is the first of its days'.
func TestRoleOfAQuarter(t *testing.T) {
	manager := enrolled("2027-02-01")
	manager.Role, manager.Manager, manager.Team = event.Manager, "boss", "east"
	for _, tt := range []struct {
		name    string
		facts   []event.Event
		quarter string
		want    string // role, empty: none
	}{
		{"nothing known", nil, "2027-Q1", ""},
		{"before", []event.Event{enrolled("2027-04-01")}, "2027-Q1", ""},
		{"the first of two", []event.Event{enrolled("2027-01-15"), manager}, "2027-Q1", "csm"},
		{"the second, from the next quarter on", []event.Event{enrolled("2027-01-15"), manager}, "2027-Q2", "manager"},
		{"left on the first day", []event.Event{enrolled("2026-01-01"), terminated("2027-01-01")}, "2027-Q1", "csm"},
		{"left the day before", []event.Event{enrolled("2026-01-01"), terminated("2026-12-31")}, "2027-Q1", ""},
	} {
		got, ok := person(setting(nil), tt.facts...).Role(quarterNamed(tt.quarter))
		if string(got.Role) != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: Role(%s) = %q, %v, want %q", tt.name, tt.quarter, got.Role, ok, tt.want)
		}
	}
	managers, teams := person(setting(nil), enrolled("2027-01-01"), manager, terminated("2027-06-01")).Above()
	if strings.Join(teams, " ") != "east" || len(managers) != 1 || managers[0] != "boss" {
		t.Errorf("Above() = %v, %v, want boss, east", managers, teams)
	}
}
