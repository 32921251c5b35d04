package account

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// creditedBy is who is credited with what of an account's deals on a day.
func creditedBy(t rapid.TB, s *State, on string) []string {
	t.Helper()
	if _, err := s.Settling(day(on)); err != nil {
		t.Fatalf("Settling(%s): %v", on, err)
	}
	var out []string
	for _, d := range s.Deals() {
		for _, c := range creditsOn(t, d, on) {
			text := fmt.Sprintf("%s %s %s", d.Booked, c.Payee, c.ARR.Decimal())
			if !c.Counted() {
				text += " " + string(c.Why)
			}
			out = append(out, text)
		}
	}
	return out
}

// Source: rules §2, §4: a deal of 50,000 with a CSM and an AE, by mode and
// ownership; hand-offs are needed above 40,000 or with any flag.
func TestCreditingModes(t *testing.T) {
	const csm70, all, ae = "csm-1 35000.00, ae-1 15000.00", "csm-1 50000.00", "ae-1 50000.00"
	for _, tt := range []struct {
		mode, ownership string
		threshold       int64 // in thousands
		flags           []string
		want            string
	}{
		{"split", "banded", 40, []string{"legal"}, csm70},
		{"split", "full", 40, []string{"legal"}, csm70},
		{"split", "split", 50, nil, csm70}, // at the threshold
		{"split", "split", 49, nil, ae},
		{"split", "split", 50, []string{"legal"}, ae},
		{"split", "three_way", 49, nil, ae},
		{"split", "overlay", 49, nil, csm70},
		{"dual", "banded", 50, nil, ae},
		{"pod", "pod", 50, nil, all},
		{"pipeline", "banded", 50, nil, ""},
	} {
		set := setting(func(p *plan.Plan) {
			p.Crediting.Mode, p.Ownership, p.Crediting.HandoffAbove = tt.mode, tt.ownership, usd(tt.threshold*1000_00)
		})
		s := state(t, set, stated(books(event.Deal{
			Opportunity: "o1", ARR: usd(50_000_00), ClosedAt: noon("2027-02-10"), CSM: "csm-1", AE: "ae-1", Flags: tt.flags,
		}))...)
		got := strings.ReplaceAll(strings.Join(creditedBy(t, s, "2027-02-10"), ", "), "2027-02-10 ", "")
		if got != tt.want {
			t.Errorf("%s, %s, above %d thousand, flags %q: %q, want %q", tt.mode, tt.ownership, tt.threshold, tt.flags, got, tt.want)
		}
	}
}

// Source: rules §4 "Arbitration"; readings R10. Of a deal of 1,000.01.
func TestDecidedSplit(t *testing.T) {
	share := func(payee event.PayeeID, bps int) event.Share { return event.Share{Payee: payee, BPS: bps} }
	won := wins("o1", "2027-02-10", 1_000_01)
	owner := assigned(event.CSM, "csm-1", "2026-01-01")
	for _, tt := range []struct {
		name  string
		facts []fact
		want  []string
	}{
		{"all to another", []fact{decides("d1", "o1", "2027-03-01", share("csm-2", 10000))}, []string{"2027-02-10 csm-2 1000.01"}},
		{"halves: the cent to the earlier name", []fact{decides("d1", "o1", "2027-03-01", share("csm-2", 5000), share("csm-1", 5000))}, []string{"2027-02-10 csm-1 500.01", "2027-02-10 csm-2 500.00"}},
		{"thirds: to the largest remainder", []fact{decides("d1", "o1", "2027-03-01", share("csm-1", 3333), share("csm-2", 3333), share("csm-3", 3334))}, []string{"2027-02-10 csm-1 333.30", "2027-02-10 csm-2 333.30", "2027-02-10 csm-3 333.41"}},
		{"of two decisions the later told", []fact{decides("d1", "o1", "2027-03-05", share("csm-1", 10000)), decides("d2", "o1", "2027-03-01", share("csm-2", 10000))}, []string{"2027-02-10 csm-2 1000.01"}},
		{"about another deal", []fact{decides("d1", "o2", "2027-03-01", share("csm-2", 10000))}, []string{"2027-02-10 csm-1 1000.01"}},
		{"opened about this one, decided with another's name", []fact{disputes("d1", "o1", "2027-02-20"), decides("d1", "o2", "2027-03-01", share("csm-2", 10000))}, []string{"2027-02-10 csm-2 1000.01"}},
		{"opened, then restated about another", []fact{disputes("d1", "o1", "2027-02-20"), disputes("d1", "o2", "2027-02-20"), decides("d1", "o1", "2027-03-01", share("csm-2", 10000))}, []string{"2027-02-10 csm-1 1000.01"}},
		{"the health gate still holds for CSMs", []fact{measured("2027-02-01T00:00:00Z", 10), decides("d1", "o1", "2027-03-01", share("ae-1", 4000), share("csm-2", 6000))}, []string{"2027-02-10 ae-1 400.00", "2027-02-10 csm-2 0.00 health_gate_failed"}},
	} {
		events := stated(append([]fact{owner, won}, tt.facts...)...)
		for _, s := range []*State{state(t, setting(nil), events...), state(t, setting(nil), reversed(events)...)} {
			if got := creditedBy(t, s, "2027-12-31"); !slices.Equal(got, tt.want) {
				t.Errorf("%s: credits %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}

// A decided split is all of the deal, and nobody's part is off by a cent.
func TestDecidedSplitSumsToTheDeal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var split []event.Share
		rest := 10000
		for i := range rapid.IntRange(1, 6).Draw(t, "payees") {
			bps := rapid.IntRange(0, rest).Draw(t, "bps")
			split, rest = append(split, event.Share{Payee: event.PayeeID(fmt.Sprint("csm-", i)), BPS: bps}), rest-bps
		}
		split[0].BPS += rest
		arr := rapid.Int64Range(1, 1_000_000).Draw(t, "arr")
		s := state(t, setting(nil), stated(wins("o1", "2027-02-10", arr), decides("d1", "o1", "2027-03-01", rapid.Permutation(split).Draw(t, "told")...))...)
		if _, err := s.Settling(day("2027-12-31")); err != nil {
			t.Fatalf("Settling: %v", err)
		}
		got, sum := map[event.PayeeID]int64{}, int64(0)
		for _, c := range creditsOn(t, s.Deals()[0], "2027-12-31") {
			got[c.Payee], sum = c.ARR.Minor, sum+c.ARR.Minor
		}
		if sum != arr {
			t.Fatalf("%v sums to %d, want %d", got, sum, arr)
		}
		for _, sh := range split {
			off := new(big.Rat).Sub(big.NewRat(got[sh.Payee], 1), big.NewRat(arr*int64(sh.BPS), 10000))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("%s has %d of %d, %d bps are theirs", sh.Payee, got[sh.Payee], arr, sh.BPS)
			}
		}
	})
}

// Whatever the plan, the CSM and the AE share the deal, and no more than it.
func TestSplitSumsToTheDeal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
		arr := rapid.Int64Range(1, 100).Draw(t, "arr")
		s := state(t, set, stated(measured("2027-02-01T00:00:00Z", 90), books(event.Deal{
			Opportunity: "o1", ARR: usd(arr), ClosedAt: noon("2027-02-10"), CSM: "csm-1", AE: "ae-1", Flags: rapid.SampledFrom([][]string{nil, {"legal"}}).Draw(t, "flags"),
		}))...)
		if _, err := s.Settling(day("2027-12-31")); err != nil {
			t.Fatalf("Settling: %v", err)
		}
		sum := int64(0)
		for _, c := range creditsOn(t, s.Deals()[0], "2027-02-10") {
			sum += c.ARR.Minor
		}
		want := arr
		if set.Plans[0].Crediting.Mode == "pipeline" {
			want = 0
		}
		if sum != want {
			t.Fatalf("credits of %d sum to %d", arr, sum)
		}
	})
}

// Source: rules §3, §4; readings R24, R34: where deals come from beside
// bookings. The account has 100,000 of csm-1's.
func TestOrigins(t *testing.T) {
	base := []fact{assigned(event.CSM, "csm-1", "2026-01-01"), starts("s1", "2027-01-01", "2028-01-01", 100_000_00)}
	pipeline := func(p *plan.Plan) { p.Crediting.Mode = "pipeline" }
	uplift := schedules("u1", "2027-02-01", step("2027-03-01", 10_000_00), step("2028-03-01", 20_000_00))
	for _, tt := range []struct {
		name  string
		plan  func(*plan.Plan)
		facts []fact
		on    string
		want  []string
	}{
		{"an uplift before its first step", nil, []fact{uplift}, "2027-02-28", nil},
		{"on it", nil, []fact{uplift}, "2027-03-01", []string{"2027-03-01 csm-1 10000.00"}},
		{"each step", nil, []fact{uplift}, "2028-03-01", []string{"2027-03-01 csm-1 10000.00", "2028-03-01 csm-1 20000.00"}},
		{"to whom the account is that day", nil, []fact{uplift, assigned(event.CSM, "csm-2", "2028-01-01")}, "2028-03-01", []string{"2027-03-01 csm-1 10000.00", "2028-03-01 csm-2 20000.00"}},
		{"healthy when it was signed", nil, []fact{uplift, measured("2027-02-01T12:00:00Z", 65), measured("2027-02-01T12:00:01Z", 10)}, "2027-03-01", []string{"2027-03-01 csm-1 10000.00"}},
		{"ill when it was signed", nil, []fact{uplift, measured("2027-02-01T12:00:00Z", 10), measured("2027-02-02T12:00:00Z", 90)}, "2027-03-01", []string{"2027-03-01 csm-1 0.00 health_gate_failed"}},
		{"scheduled again: whole", nil, []fact{uplift, schedules("u1", "2027-02-01", step("2027-04-01", 5_000_00))}, "2028-03-01", []string{"2027-04-01 csm-1 5000.00"}},
		{"cancelled between two steps", nil, []fact{uplift, loses("u1", "2027-09-01")}, "2028-03-01", []string{"2027-03-01 csm-1 0.00 expansion_cancelled"}},
		{"cancelled before it was scheduled", nil, []fact{loses("u1", "2027-09-01"), uplift}, "2028-03-01", []string{"2027-03-01 csm-1 10000.00", "2028-03-01 csm-1 20000.00"}},

		{"a renewal at more", nil, []fact{renews("", "2028-01-01", "2029-01-01", 110_000_00)}, "2028-01-01", []string{"2028-01-01 csm-1 10000.00"}},
		{"the day before", nil, []fact{renews("", "2028-01-01", "2029-01-01", 110_000_00)}, "2027-12-31", nil},
		{"flat", nil, []fact{renews("", "2028-01-01", "2029-01-01", 100_000_00)}, "2028-01-01", nil},
		{"above what was booked meanwhile", nil, []fact{wins("o1", "2027-06-01", 4_000_00), renews("", "2028-01-01", "2029-01-01", 110_000_00)}, "2028-01-01", []string{"2027-06-01 csm-1 4000.00", "2028-01-01 csm-1 6000.00"}},
		{"after the account had ended", nil, []fact{churns("2027-06-01"), renews("", "2028-01-01", "2029-01-01", 110_000_00)}, "2028-01-01", nil},
		{"restated flat", nil, []fact{renews("", "2028-01-01", "2029-01-01", 110_000_00), renews("", "2028-01-01", "2029-01-01", 100_000_00)}, "2028-01-01", nil},

		{"qualified", pipeline, []fact{estimates("o1", 7_000_00), leads("o1", "csm-2", "Qualified", "2027-05-01")}, "2027-05-01", []string{"2027-05-01 csm-2 7000.00"}},
		{"not qualified yet", pipeline, []fact{estimates("o1", 7_000_00), leads("o1", "csm-2", "new", "2027-05-01")}, "2027-12-31", nil},
		{"qualified, but not in this mode", nil, []fact{leads("o1", "csm-2", "qualified", "2027-05-01")}, "2027-12-31", nil},
		{"to the first who claimed it", pipeline, []fact{estimates("o1", 7_000_00), leads("o1", "csm-1", "new", "2027-04-01"), leads("o1", "csm-2", "qualified", "2027-05-01")}, "2027-12-31", []string{"2027-05-01 csm-1 7000.00"}},
		{"at the ARR its stage tells", pipeline, []fact{estimates("o1", 7_000_00), staged("o1", "proposal", 8_000_00), leads("o1", "csm-2", "qualified", "2027-05-01")}, "2027-12-31", []string{"2027-05-01 csm-2 8000.00"}},
		{"at the ARR it was won at", pipeline, []fact{leads("o1", "csm-2", "qualified", "2027-05-01"), staged("o1", "proposal", 8_000_00), wins("o1", "2027-06-01", 9_000_00)}, "2027-05-01", []string{"2027-05-01 csm-2 9000.00"}},
		{"the booking's word came first", pipeline, []fact{wonBy("o1", "csm-1", "2027-06-01", 9_000_00), leads("o1", "csm-2", "qualified", "2027-05-01")}, "2027-05-01", []string{"2027-05-01 csm-1 9000.00"}},
	} {
		events := stated(append(base[:len(base):len(base)], tt.facts...)...)
		for _, s := range []*State{state(t, setting(tt.plan), events...), state(t, setting(tt.plan), reversed(events)...)} {
			if got := creditedBy(t, s, tt.on); !slices.Equal(got, tt.want) {
				t.Errorf("%s: credits on %s %q, want %q", tt.name, tt.on, got, tt.want)
			}
		}
	}
}

// Source: rules §4 "Sourcing credit", "One source per opportunity"; readings
// R28, R29. 20 % of 24,000 ÷ 12 is 400; nobody earns anything else.
func TestSourcing(t *testing.T) {
	const buyer = "buyer"
	held := func(payee, why string) string { return "2027-02-10 " + payee + " earning 400.00 expense>held " + why }
	atOnce := func(payee string) string {
		return "2027-02-10 " + payee + " earning 400.00 expense>payable sourcing_credit"
	}
	record := handsOff("o1", "2027-02-01", buyer)
	lead := leads("o1", "csm-1", "new", "2027-01-15")
	won := wins("o1", "2027-02-10", booked24)
	for _, tt := range []struct {
		name  string
		facts []fact
		want  []string
	}{
		{"nobody found it", []fact{record, won}, nil},
		{"a lead", []fact{record, lead, won}, []string{atOnce("csm-1")}},
		{"the booking's own word", []fact{record, wonBy("o1", "csm-1", "2027-02-10", booked24)}, []string{atOnce("csm-1")}},
		{"both are one", []fact{record, lead, wonBy("o1", "csm-1", "2027-02-10", booked24)}, []string{atOnce("csm-1")}},
		{"no hand-off", []fact{lead, won}, []string{held("csm-1", "handoff_incomplete")}},
		{"a field is missing", []fact{handsOff("o1", "2027-02-01", ""), lead, won}, []string{held("csm-1", "handoff_incomplete")}},
		{"completed later", []fact{handsOff("o1", "2027-02-01", ""), handsOff("o1", "2027-03-01", buyer), lead, won}, []string{held("csm-1", "sourcing_credit"), "2027-03-01 csm-1 release 400.00 held>payable sourcing_credit"}},
		{"two claims: the first, held", []fact{record, lead, leads("o1", "csm-2", "new", "2027-01-10"), won}, []string{held("csm-1", "dispute_pending")}},
		{
			"decided for the second",
			[]fact{record, lead, leads("o1", "csm-2", "new", "2027-01-10"), won, decides("d1", "o1", "2027-03-01", event.Share{Payee: "csm-2", BPS: 10000})},
			[]string{held("csm-2", "sourcing_credit"), "2027-03-01 csm-2 release 400.00 held>payable split_arbitrated"},
		},
		{
			"decided evenly: the first",
			[]fact{record, lead, leads("o1", "csm-2", "new", "2027-01-10"), won, decides("d1", "o1", "2027-03-01", event.Share{Payee: "csm-1", BPS: 5000}, event.Share{Payee: "csm-2", BPS: 5000})},
			[]string{held("csm-1", "sourcing_credit"), "2027-03-01 csm-1 release 400.00 held>payable split_arbitrated"},
		},
		{"never won", []fact{record, lead}, nil},
		{"ill at the close", []fact{record, lead, won, measured("2027-02-01T00:00:00Z", 10)}, nil},
		{"cancelled", []fact{record, lead, won, loses("o1", "2027-03-01")}, []string{atOnce("csm-1"), "2027-03-01 csm-1 clawback -400.00 expense>payable expansion_cancelled"}},
	} {
		set := setting(func(p *plan.Plan) {
			p.Components = []plan.Component{{ID: "sourcing", Kind: plan.Sourcing, Rate: percent(20)}}
			p.Payability.Renewal = "off"
		})
		if got := allLines(t, set, "2027-12-31", tt.facts...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: due %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Source: rules §5 "rate basis: mrr", "fixed", §4 "spif". The row of an ARR is
// the last that it reaches.
func TestTablesAndMonths(t *testing.T) {
	table := []plan.Amount{{From: usd(10_000_00), Amount: usd(100_00)}, {From: usd(25_000_00), Amount: usd(250_00)}}
	for _, tt := range []struct {
		arr                    int64
		fixed, mrr, ofTheTable string // of csm-1 by each; empty: nothing
	}{
		{9_999_99, "", "125.00", ""},
		{10_000_00, "100.00", "125.00", "100.00"},
		{24_999_99, "100.00", "312.50", "100.00"},
		{25_000_00, "250.00", "218.75", "250.00"}, // of 70 %: 17,500
		{4, "", "", ""},                           // 0.05 of a cent
		{40, "", "0.01", ""},                      // half a cent
	} {
		for name, want := range map[string]string{"fixed": tt.fixed, "mrr": tt.mrr, "spif": tt.ofTheTable} {
			set := setting(func(p *plan.Plan) {
				p.Payability.Renewal = "off"
				c := plan.Component{ID: "c", Kind: plan.Expansion, Basis: name, Rate: percent(15), Table: table}
				if name == "spif" {
					c.Kind, c.Basis = plan.Spif, ""
				}
				p.Components = []plan.Component{c}
			})
			var lines []string
			if want != "" {
				why := "expansion_booked"
				if name == "spif" {
					why = "spif_awarded"
				}
				lines = []string{"2027-02-10 csm-1 earning " + want + " expense>payable " + why}
			}
			if got := allLines(t, set, "2027-12-31", assigned(event.CSM, "csm-1", "2026-01-01"), wins("o1", "2027-02-10", tt.arr)); !slices.Equal(got, lines) {
				t.Errorf("%s of %s: due %q, want %q", name, usd(tt.arr), got, lines)
			}
		}
	}
}

// A deal in another currency is a deal of what it is converted to. Source:
// readings R23.
func TestAForeignDealIsConvertedOnce(t *testing.T) {
	set := setting(nil)
	set.Rates = Rates{}.With(rate(1, "EUR", "USD", 11, 10, "2027-02-10"))
	for _, tt := range []struct {
		on    string
		minor int64
		want  []string
	}{
		{"2027-02-10", 10_000_00, []string{"2027-02-10 csm-1 11000.00"}},
		{"2027-02-10", 22_727_27, []string{"2027-02-10 csm-1 17500.00"}}, // 25,000.00 rounded, whose band is shared
		{"2027-02-09", 10_000_00, []string{"2027-02-09 csm-1 0.00 fx_rate_missing"}},
	} {
		s := state(t, set, stated(assigned(event.CSM, "csm-1", "2026-01-01"), books(event.Deal{
			Opportunity: "o1", ARR: money.Money{Minor: tt.minor, Currency: "EUR"}, ClosedAt: noon(tt.on),
		}))...)
		if got := creditedBy(t, s, "2027-12-31"); !slices.Equal(got, tt.want) {
			t.Errorf("€%d on %s: credits %q, want %q", tt.minor, tt.on, got, tt.want)
		}
		if got, want := s.Foreign(), []money.Currency{"EUR"}; !slices.Equal(got, want) {
			t.Errorf("Foreign() = %v, want %v", got, want)
		}
	}
}

// What a decision earns names the decision beside the booking.
func TestDecidedSplitNamesItsDecision(t *testing.T) {
	facts := stated(assigned(event.CSM, "csm-1", "2026-01-01"), wins("o1", "2027-02-10", 1_000_01), disputes("d1", "o1", "2027-02-20"),
		decides("d1", "o1", "2027-03-01", event.Share{Payee: "csm-2", BPS: 10000}))
	s := state(t, setting(nil), facts...)
	if _, err := s.Settling(day("2027-03-31")); err != nil {
		t.Fatal(err)
	}
	steps := s.Deals()[0].Due(day("2027-03-31"))
	if len(steps) == 0 {
		t.Fatal("nothing is due")
	}
	decision := facts[len(facts)-1].Head().Identity
	for _, st := range steps {
		if !slices.Contains(st.Causes, decision) {
			t.Errorf("%s %s is caused by %v, want %v among them", st.Kind, st.Reason, st.Causes, decision)
		}
	}
}
