package plan_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func usd(minor int64) money.Money { return money.Money{Minor: minor, Currency: "USD"} }

func edge(minor int64) *money.Money {
	m := usd(minor)
	return &m
}

func percent(n int64) money.Ratio { return money.Ratio{Num: n, Den: 100} }

func weight(n int64) *money.Ratio {
	r := percent(n)
	return &r
}

func day(t *testing.T, text string) civil.Date {
	t.Helper()
	d, err := civil.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// threePool is plan.md's example: nothing is wrong with it.
func threePool() *plan.Plan {
	return &plan.Plan{
		Name: "three-pool", Version: 1, EffectiveFrom: civil.On(2027, time.January, 1), Zone: time.UTC, Currency: "USD",
		Variable: usd(30000_00), Periods: plan.Periods{Kind: "quarter", LockAfterDays: 10},
		Components: []plan.Component{
			{
				ID: "retention", Kind: plan.Retention, Weight: weight(45), Window: "ttm", Curve: "prorata",
				Floor: percent(90), Target: percent(95), Stretch: percent(98),
				Multiplier: plan.Multiplier{BelowFloor: percent(50), AtTarget: percent(100), AtStretch: percent(150)},
			},
			{
				ID: "expansion", Kind: plan.Expansion, Weight: weight(40), AnnualARR: edge(600000_00), Basis: "pool", Window: "quarter",
				TierMode: "marginal", Tiers: []plan.Tier{{From: percent(0), Rate: percent(100)}, {From: percent(120), Rate: percent(130)}},
			},
			{ID: "objectives", Kind: plan.Objectives, Weight: weight(15), Objectives: []plan.Objective{
				{ID: "reviews", Weight: percent(50), Target: percent(100)}, {ID: "risk_response", Weight: percent(50), Target: percent(100)},
			}},
		},
		Crediting: plan.Crediting{Mode: "split", Bands: bands()},
		Gates:     plan.Gates{HealthMin: money.Ratio{Num: 65, Den: 1}, HealthMissing: "hold"},
		Clawback:  plan.Clawback{WindowDays: 90, RecoveryCap: percent(100)},
		SLA:       plan.SLA{Risk: plan.RiskClock{Hours: 168, Warn: 24}, Dispute: plan.DisputeClock{Hours: 48, Warn: 8}},
	}
}

func bands() []plan.Band {
	return []plan.Band{
		{Edge: edge(25000_00), CSM: percent(100), AE: percent(0)},
		{Edge: edge(100000_00), Inclusive: true, CSM: percent(70), AE: percent(30)},
		{CSM: percent(30), AE: percent(70)},
	}
}

// Source: rules §4 "Bands".
func TestBandOf(t *testing.T) {
	c := plan.Crediting{Bands: bands()}
	for _, tt := range []struct {
		arr     int64
		csm, ae int64
	}{
		{-1, 100, 0},
		{0, 100, 0},
		{24999_99, 100, 0},
		{25000_00, 70, 30},
		{25000_01, 70, 30},
		{99999_99, 70, 30},
		{100000_00, 70, 30},
		{100000_01, 30, 70},
		{money.Limit, 30, 70},
	} {
		got := c.BandOf(usd(tt.arr))
		if got.CSM.Cmp(percent(tt.csm)) != 0 || got.AE.Cmp(percent(tt.ae)) != 0 {
			t.Errorf("BandOf(%s) = csm %s, ae %s, want %d%%, %d%%", usd(tt.arr), got.CSM.Percent(), got.AE.Percent(), tt.csm, tt.ae)
		}
	}
	none := plan.Crediting{}
	if got := none.BandOf(usd(1)); got.CSM.Num != 0 || got.CSM.Den <= 0 || got.AE.Num != 0 || got.AE.Den <= 0 {
		t.Errorf("BandOf without bands = %+v, want nothing for anybody", got)
	}
}

func TestCheckFindsContradictions(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*plan.Plan)
		want   []string // paths
	}{
		{"nothing", func(*plan.Plan) {}, nil},
		{"no name", func(p *plan.Plan) { p.Name = "" }, []string{"plan"}},
		{"version 0", func(p *plan.Plan) { p.Version = 0 }, []string{"version"}},
		{"variable below zero", func(p *plan.Plan) { p.Variable = usd(-1) }, []string{"variable_annual"}},
		{"variable zero", func(p *plan.Plan) { p.Variable = usd(0) }, nil},
		{"no components", func(p *plan.Plan) { p.Components = nil }, []string{"components"}},
		{"one id twice", func(p *plan.Plan) { p.Components[1].ID = "retention" }, []string{"components[1].id"}},
		{"weights below the whole", func(p *plan.Plan) { p.Components[0].Weight = weight(44) }, []string{"components"}},
		{"weights above the whole", func(p *plan.Plan) { p.Components[0].Weight = weight(46) }, []string{"components"}},
		{"a weight below zero", func(p *plan.Plan) { p.Components[0].Weight, p.Components[1].Weight = weight(-5), weight(90) }, []string{"components[0].weight"}},
		{"retention without weight", func(p *plan.Plan) { p.Components[0].Weight = nil }, []string{"components", "components[0].weight"}},
		{"floor at the target", func(p *plan.Plan) { p.Components[0].Floor = percent(95) }, []string{"components[0].floor"}},
		{"stretch at the target", func(p *plan.Plan) { p.Components[0].Stretch = percent(95) }, []string{"components[0].stretch"}},
		{"stretch above the whole", func(p *plan.Plan) { p.Components[0].Stretch = percent(101) }, nil},
		{"floor below zero", func(p *plan.Plan) { p.Components[0].Floor = percent(-1) }, []string{"components[0].floor"}},
		{"net retention is checked alike", func(p *plan.Plan) {
			p.Components[0].Kind, p.Components[0].Floor = plan.NetRetention, percent(96)
		}, []string{"components[0].floor"}},
		{"expansion target zero", func(p *plan.Plan) { p.Components[1].AnnualARR = edge(0) }, []string{"components[1].target.annual_arr"}},
		{"percent of book zero", func(p *plan.Plan) {
			p.Components[1].AnnualARR, p.Components[1].PercentOfBook = nil, weight(0)
		}, []string{"components[1].target.percent_of_book"}},
		{"first tier above zero", func(p *plan.Plan) { p.Components[1].Tiers[0].From = percent(1) }, []string{"components[1].tiers[0].from"}},
		{"tiers not ascending", func(p *plan.Plan) { p.Components[1].Tiers[1].From = percent(0) }, []string{"components[1].tiers[1].from"}},
		{"tier rate below zero", func(p *plan.Plan) { p.Components[1].Tiers[1].Rate = percent(-1) }, []string{"components[1].tiers[1].rate"}},
		{"mrr with a weight and no rate", func(p *plan.Plan) {
			p.Components[1].Basis, p.Components[1].Rate = "mrr", percent(0)
		}, []string{"components[1].weight", "components[1].rate"}},
		{"fixed with a weight and no table", func(p *plan.Plan) { p.Components[1].Basis = "fixed" }, []string{"components[1].weight", "components[1].table"}},
		{"objectives' weights", func(p *plan.Plan) { p.Components[2].Objectives[0].Weight = percent(51) }, []string{"components[2].objectives"}},
		{"no objectives", func(p *plan.Plan) { p.Components[2].Objectives = nil }, []string{"components[2].objectives"}},
		{"sourcing without rate", func(p *plan.Plan) {
			p.Components = append(p.Components, plan.Component{ID: "s", Kind: plan.Sourcing, Rate: percent(0)})
		}, []string{"components[3].rate"}},
		{"health without weight", func(p *plan.Plan) {
			p.Components = append(p.Components, plan.Component{ID: "h", Kind: plan.Health})
		}, []string{"components[3].weight"}},
		{"spif without table", func(p *plan.Plan) {
			p.Components = append(p.Components, plan.Component{ID: "s", Kind: plan.Spif})
		}, []string{"components[3].table"}},
		{"spif table not ascending", func(p *plan.Plan) {
			p.Components = append(p.Components, plan.Component{ID: "s", Kind: plan.Spif, Table: []plan.Amount{{usd(0), usd(1)}, {usd(0), usd(2)}}})
		}, []string{"components[3].table[1].from"}},
		{"no bands", func(p *plan.Plan) { p.Crediting.Bands = nil }, []string{"crediting.bands"}},
		{"no bands for spif", func(p *plan.Plan) { p.Crediting.Mode, p.Crediting.Bands = "spif", nil }, nil},
		{"band credits 101 %", func(p *plan.Plan) { p.Crediting.Bands[0].AE = percent(1) }, []string{"crediting.bands[0]"}},
		{"dual may credit more", func(p *plan.Plan) { p.Crediting.Mode, p.Crediting.Bands[0].AE = "dual", percent(100) }, nil},
		{"share below zero", func(p *plan.Plan) {
			p.Crediting.Bands[0].CSM, p.Crediting.Bands[0].AE = percent(110), percent(-10)
		}, []string{"crediting.bands[0]"}},
		{"bands not ascending", func(p *plan.Plan) { p.Crediting.Bands[1].Edge = edge(25000_00) }, []string{"crediting.bands[1]"}},
		{"open band inside", func(p *plan.Plan) { p.Crediting.Bands[0].Edge = nil }, []string{"crediting.bands[0]"}},
		{"last band closed", func(p *plan.Plan) { p.Crediting.Bands[2].Edge = edge(200000_00) }, []string{"crediting.bands[2]"}},
		{"health gate above 100", func(p *plan.Plan) { p.Gates.HealthMin = money.Ratio{Num: 1001, Den: 10} }, []string{"gates.health_at_close.min"}},
		{"health gate at 100", func(p *plan.Plan) { p.Gates.HealthMin = money.Ratio{Num: 100, Den: 1} }, nil},
		{"health gate below 0", func(p *plan.Plan) { p.Gates.HealthMin = money.Ratio{Num: -1, Den: 1} }, []string{"gates.health_at_close.min"}},
		{"risk warning at the deadline", func(p *plan.Plan) { p.SLA.Risk.Warn = 168 }, []string{"sla.risk.warn_hours"}},
		{"dispute warning at the deadline", func(p *plan.Plan) { p.SLA.Dispute.Warn = 48 }, []string{"sla.dispute.warn_hours"}},
		{"recovery above the whole", func(p *plan.Plan) { p.Clawback.RecoveryCap = percent(101) }, []string{"clawback.recovery_cap"}},
		{"recovery below zero", func(p *plan.Plan) { p.Clawback.RecoveryCap = percent(-1) }, []string{"clawback.recovery_cap"}},
		{"two at once", func(p *plan.Plan) { p.Version, p.Clawback.RecoveryCap = 0, percent(-1) }, []string{"clawback.recovery_cap", "version"}},
	} {
		p := threePool()
		tt.change(p)
		problems := p.Check()
		var got []string
		for _, problem := range problems {
			got = append(got, problem.Path)
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: Check() = %q, want problems at %q", tt.name, problems, tt.want)
		}
	}
}

func TestProblemForPeople(t *testing.T) {
	for _, tt := range []struct {
		problem plan.Problem
		want    string
	}{
		{plan.Problem{Path: "version", Text: "0 is below 1"}, "version: 0 is below 1"},
		{plan.Problem{Text: "two plans differ"}, "two plans differ"},
	} {
		if got := tt.problem.String(); got != tt.want {
			t.Errorf("%#v.String() = %q, want %q", tt.problem, got, tt.want)
		}
	}
}

func TestComponentIsTheFirstOfItsKind(t *testing.T) {
	p := threePool()
	p.Components = append(p.Components, plan.Component{ID: "second", Kind: plan.Retention})
	if got := p.Component(plan.Retention); got != &p.Components[0] {
		t.Errorf("Component(retention) = %v, want the first", got)
	}
	if got := p.Component(plan.Spif); got != nil {
		t.Errorf("Component(spif) = %v, want none", got)
	}
}

func TestCovers(t *testing.T) {
	csms := plan.AppliesTo{Roles: []event.Role{event.CSM}}
	mid := plan.AppliesTo{Roles: []event.Role{event.CSM, event.AE}, Segments: []string{"mid_market", "smb"}}
	for _, tt := range []struct {
		applies plan.AppliesTo
		role    event.Role
		segment string
		want    bool
	}{
		{plan.AppliesTo{}, event.AE, "", true},
		{csms, event.CSM, "", true},
		{csms, event.CSM, "smb", true},
		{csms, event.AE, "smb", false},
		{mid, event.AE, "smb", true},
		{mid, event.CSM, "enterprise", false},
		{mid, event.CSM, "", false},
		{mid, event.Manager, "smb", false},
	} {
		if got := tt.applies.Covers(tt.role, tt.segment); got != tt.want {
			t.Errorf("%+v.Covers(%s, %q) = %v, want %v", tt.applies, tt.role, tt.segment, got, tt.want)
		}
	}
}

func TestSetByDate(t *testing.T) {
	version := func(name event.PlanID, version int, from string, roles []event.Role, segments ...string) *plan.Plan {
		return &plan.Plan{
			Name: name, Version: version, EffectiveFrom: day(t, from), Zone: time.UTC, Currency: "USD",
			AppliesTo: plan.AppliesTo{Roles: roles, Segments: segments},
		}
	}
	csm, ae := []event.Role{event.CSM}, []event.Role{event.AE}
	set, problems := plan.NewSet( // in no order
		version("mid", 1, "2027-04-01", csm, "mid_market"),
		version("base", 2, "2027-07-01", csm),
		version("ae", 1, "2027-02-01", ae),
		version("base", 1, "2027-01-15", csm),
		version("mid", 2, "2027-10-01", csm, "smb"),
	)
	if len(problems) > 0 {
		t.Fatalf("NewSet: %v", problems)
	}
	id := func(p *plan.Plan) string {
		if p == nil {
			return ""
		}
		return p.ID()
	}

	for _, tt := range []struct {
		name event.PlanID
		on   string
		want string
	}{
		{"base", "2027-01-14", ""},
		{"base", "2027-01-15", "base@1"},
		{"base", "2027-06-30", "base@1"},
		{"base", "2027-07-01", "base@2"},
		{"base", "2099-01-01", "base@2"},
		{"mid", "2027-03-31", ""},
		{"other", "2027-07-01", ""},
	} {
		if got := id(set.InForce(tt.name, day(t, tt.on))); got != tt.want {
			t.Errorf("InForce(%s, %s) = %q, want %q", tt.name, tt.on, got, tt.want)
		}
	}

	for _, tt := range []struct{ on, first, settings string }{
		{"2026-01-01", "", "base@1"}, // before the first plan, the first plan's
		{"2027-01-14", "", "base@1"},
		{"2027-01-15", "base@1", "base@1"},
		{"2027-02-01", "ae@1", "ae@1"}, // the first by name
		{"2027-07-01", "ae@1", "ae@1"},
	} {
		if got := id(set.First(day(t, tt.on))); got != tt.first {
			t.Errorf("First(%s) = %q, want %q", tt.on, got, tt.first)
		}
		if got := id(set.Settings(day(t, tt.on))); got != tt.settings {
			t.Errorf("Settings(%s) = %q, want %q", tt.on, got, tt.settings)
		}
	}

	for _, tt := range []struct {
		named   event.PlanID
		role    event.Role
		segment string
		on      string
		want    string
	}{
		{"", event.CSM, "mid_market", "2027-01-14", ""},
		{"", event.CSM, "mid_market", "2027-03-31", "base@1"},
		{"", event.CSM, "mid_market", "2027-04-01", "mid@1"}, // names the segment
		{"", event.CSM, "mid_market", "2027-09-30", "mid@1"},
		{"", event.CSM, "mid_market", "2027-10-01", "base@2"}, // mid@2 is for smb, mid@1 is over
		{"", event.CSM, "smb", "2027-09-30", "base@2"},
		{"", event.CSM, "smb", "2027-10-01", "mid@2"},
		{"", event.CSM, "", "2027-10-01", "base@2"},
		{"", event.AE, "mid_market", "2027-04-01", "ae@1"},
		{"", event.AE, "", "2027-01-31", ""},
		{"", event.Manager, "", "2027-10-01", ""},
		{"base", event.AE, "smb", "2027-06-30", "base@1"}, // what the enrolment names covers anybody
		{"mid", event.CSM, "", "2027-03-31", ""},          // and does not fall back
	} {
		if got := id(set.For(tt.named, tt.role, tt.segment, day(t, tt.on))); got != tt.want {
			t.Errorf("For(%q, %s, %q, %s) = %q, want %q", tt.named, tt.role, tt.segment, tt.on, got, tt.want)
		}
	}
}

func TestFirstIsTheVersionInForce(t *testing.T) {
	v1, v2 := threePool(), threePool()
	v2.Version, v2.EffectiveFrom = 2, day(t, "2027-07-01")
	set, problems := plan.NewSet(v2, v1)
	if len(problems) > 0 {
		t.Fatalf("NewSet: %v", problems)
	}
	for on, want := range map[string]*plan.Plan{"2026-12-31": nil, "2027-01-01": v1, "2027-06-30": v1, "2027-07-01": v2} {
		if got := set.First(day(t, on)); got != want {
			t.Errorf("First(%s) = %v, want %v", on, got, want)
		}
	}
}

func TestForTakesTheFirstByNameOfSeveral(t *testing.T) {
	set, problems := plan.NewSet(
		&plan.Plan{Name: "b", Version: 1, Zone: time.UTC},
		&plan.Plan{Name: "a", Version: 1, Zone: time.UTC},
		&plan.Plan{Name: "d", Version: 1, Zone: time.UTC, AppliesTo: plan.AppliesTo{Segments: []string{"smb"}}},
		&plan.Plan{Name: "c", Version: 1, Zone: time.UTC, AppliesTo: plan.AppliesTo{Segments: []string{"smb"}}},
	)
	if len(problems) > 0 {
		t.Fatalf("NewSet: %v", problems)
	}
	for segment, want := range map[string]string{"": "a@1", "smb": "c@1", "enterprise": "a@1"} {
		if got := set.For("", event.CSM, segment, 0); got.ID() != want {
			t.Errorf("For(csm, %q) = %s, want %s", segment, got.ID(), want)
		}
	}
}

func TestNewSetFindsWhatPlansContradict(t *testing.T) {
	starts := day(t, "2027-01-01")
	same := day(t, "2027-01-01")
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(p, q *plan.Plan) // both in force from 2027-01-01, p named a, q named b
		want   string                // part of the one problem; empty: none
	}{
		{"nothing", func(_, _ *plan.Plan) {}, ""},
		{"pay may differ", func(p, _ *plan.Plan) { p.Variable, p.Components = usd(1), nil }, ""},
		{"time zone", func(p, _ *plan.Plan) { p.Zone = newYork }, "timezone"},
		{"currency", func(p, _ *plan.Plan) { p.Currency = "EUR" }, "currency"},
		{"periods", func(p, _ *plan.Plan) { p.Periods.LockAfterDays++ }, "periods"},
		{"year's start", func(p, _ *plan.Plan) { p.Periods.Calendar.StartMonth = time.July }, "periods"},
		{"ledger start, one", func(p, _ *plan.Plan) { p.LedgerStarts = &starts }, "ledger_starts_on"},
		{"ledger start, both alike", func(p, q *plan.Plan) { p.LedgerStarts, q.LedgerStarts = &starts, &same }, ""},
		{"risk clock", func(p, _ *plan.Plan) { p.SLA.Risk.Hours++ }, "sla"},
		{"risk threshold written otherwise", func(p, q *plan.Plan) {
			p.SLA.Risk.Below, q.SLA.Risk.Below = money.Ratio{Num: 65, Den: 1}, money.Ratio{Num: 650, Den: 10}
		}, ""},
		{"review days", func(p, _ *plan.Plan) { p.SLA.ExpansionReviewDays = []int{90} }, "sla"},
		{"holidays", func(p, _ *plan.Plan) { p.SLA.Business.Holidays = []civil.Date{starts} }, "sla"},
		{"evidence", func(p, _ *plan.Plan) { p.Evidence.Churn = "crm" }, "evidence"},
		{"exceptions", func(p, _ *plan.Plan) { p.Exceptions.ApprovedBy = []string{"cfo"} }, "exceptions"},
		{"two at once", func(p, _ *plan.Plan) { p.Currency, p.Evidence.Churn = "EUR", "crm" }, "currency, evidence"},
		{"in force on other days", func(p, q *plan.Plan) { p.Currency, q.Name, q.Version, q.EffectiveFrom = "EUR", "a", 2, starts+1 }, ""},
		{"one version twice", func(_, q *plan.Plan) { q.Name = "a" }, "a@1 is given twice"},
		{"two versions from one day", func(_, q *plan.Plan) { q.Name, q.Version = "a", 2 }, "a@2 does not take effect after a@1"},
		{"a later version from an earlier day", func(_, q *plan.Plan) { q.Name, q.Version, q.EffectiveFrom = "a", 2, starts-1 }, "does not take effect after"},
	} {
		p, q := threePool(), threePool()
		p.Name, q.Name = "a", "b"
		tt.change(p, q)
		_, problems := plan.NewSet(q, p)
		switch {
		case tt.want == "" && len(problems) > 0, tt.want != "" && len(problems) != 1:
			t.Errorf("%s: NewSet: %q, want %q", tt.name, problems, tt.want)
		case tt.want != "" && !strings.Contains(problems[0].String(), tt.want):
			t.Errorf("%s: NewSet: %q, want %q", tt.name, problems, tt.want)
		}
	}
}

// Of three versions only those that share a day are compared.
func TestNewSetComparesOnlyPlansInForceTogether(t *testing.T) {
	at := func(name event.PlanID, version int, from string, c money.Currency) *plan.Plan {
		p := threePool()
		p.Name, p.Version, p.EffectiveFrom, p.Currency = name, version, day(t, from), c
		return p
	}
	_, problems := plan.NewSet(at("a", 1, "2027-01-01", "EUR"), at("a", 2, "2027-07-01", "USD"), at("b", 1, "2027-07-01", "USD"))
	if len(problems) > 0 {
		t.Errorf("the tenant changes currency on one day: %q, want no problem", problems)
	}
	_, problems = plan.NewSet(at("a", 1, "2027-01-01", "EUR"), at("a", 2, "2027-07-02", "USD"), at("b", 1, "2027-07-01", "USD"))
	if len(problems) != 1 || !strings.Contains(problems[0].Text, "a@1 and b@1") {
		t.Errorf("a@1 and b@1 share a day: %q, want one problem", problems)
	}
}
