package account

import (
	"slices"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

const (
	earned   = "2027-02-10 csm-1 earning 480.00 expense>held expansion_booked"
	booked24 = 24_000_00 // earns 24,000 × 12,000 ÷ 600,000
)

// owned is an account of csm-1 with a term of 2027 and a deal of 10 February.
func owned(more ...fact) []fact {
	return append([]fact{
		assigned(event.CSM, "csm-1", "2026-01-01"), starts("s1", "2027-01-01", "2028-01-01", 100_000_00), wins("o1", "2027-02-10", booked24),
	}, more...)
}

// Source: rules §7; readings R5–R9.
func TestLines(t *testing.T) {
	const (
		released = "2028-01-01 csm-1 release 480.00 held>payable renewal_released"
		missed   = "2028-01-31 csm-1 forfeiture -480.00 expense>held renewal_missed"
	)
	for _, tt := range []struct {
		name  string
		facts []fact
		on    string
		want  []string
	}{
		{"the day before the booking", owned(), "2027-02-09", nil},
		{"held from the booking", owned(), "2027-02-10", []string{earned}},
		{
			"churn on the day of the booking", owned(churns("2027-02-10")), "2029-01-01",
			[]string{earned, "2027-02-10 csm-1 forfeiture -480.00 expense>held churn_within_window"},
		},
		{
			"churn on day 89", owned(churns("2027-05-10")), "2029-01-01",
			[]string{earned, "2027-05-10 csm-1 forfeiture -480.00 expense>held churn_within_window"},
		},
		{
			"churn on day 90", owned(churns("2027-05-11")), "2029-01-01",
			[]string{earned, "2027-05-11 csm-1 forfeiture -480.00 expense>held churn_within_window"},
		},
		{
			"churn on day 91: outside, but no renewal", owned(churns("2027-05-12")), "2029-01-01",
			[]string{earned, "2027-05-12 csm-1 forfeiture -480.00 expense>held renewal_missed"},
		},
		{"churn before the booking", owned(churns("2027-02-09"), returns("2027-02-09", 1)), "2027-12-31", []string{earned}},
		{"a cancelled churn", owned(churns("2027-03-01"), stays("2027-03-01")), "2027-12-31", []string{earned}},
		{"released on the next term's first day", owned(renews("", "2028-01-01", "2029-01-01", 1)), "2029-06-01", []string{earned, released}},
		{"not the day before", owned(renews("", "2028-01-01", "2029-01-01", 1)), "2027-12-31", []string{earned}},
		{"any renewal with ARR releases all; one without does not", owned(renews("", "2028-01-01", "2029-01-01", 0)), "2029-06-01", []string{earned, missed}},
		{"the first of two renewals", owned(renews("", "2029-01-01", "2030-01-01", 1), renews("", "2028-01-01", "2029-01-01", 1)), "2029-06-01", []string{earned, released}},
		{"no renewal within the grace", owned(), "2028-01-31", []string{earned, missed}},
		{"the grace's last day", owned(), "2028-01-30", []string{earned}},
		{
			"a renewal after the grace undoes the miss", owned(renews("", "2028-03-01", "2029-03-01", 1)), "2029-06-01",
			[]string{earned, "2028-03-01 csm-1 release 480.00 held>payable renewal_released"},
		},
		{"churn after the renewal", owned(renews("", "2028-01-01", "2029-01-01", 1), churns("2028-06-01")), "2029-06-01", []string{earned, released}},
		{"churn on the renewal's day: both have come, it is released", owned(renews("", "2028-01-01", "2029-01-01", 1), churns("2028-01-01")), "2029-06-01", []string{earned, released}},
		{
			"churn the day before the renewal", owned(renews("", "2028-01-01", "2029-01-01", 1), churns("2027-12-31")), "2029-06-01",
			[]string{earned, "2027-12-31 csm-1 forfeiture -480.00 expense>held renewal_missed"},
		},
		{
			"missed for good, though the account comes back", owned(churns("2027-06-01"), returns("2027-07-01", 9), renews("", "2028-01-01", "2029-01-01", 9)), "2029-06-01",
			[]string{earned, "2027-06-01 csm-1 forfeiture -480.00 expense>held renewal_missed"},
		},
		{
			"signed on a renewal's first day waits for the following", owned(renews("", "2027-02-10", "2028-02-10", 1), renews("", "2028-02-10", "2029-02-10", 1)), "2029-06-01",
			[]string{earned, "2028-02-10 csm-1 release 480.00 held>payable renewal_released"},
		},
		{
			"… and without one its own term ends", owned(renews("", "2027-02-10", "2028-02-10", 1)), "2029-06-01",
			[]string{earned, "2028-03-11 csm-1 forfeiture -480.00 expense>held renewal_missed"},
		},
		{
			"cancelled while held", owned(loses("o1", "2027-04-01")), "2029-06-01",
			[]string{earned, "2027-04-01 csm-1 forfeiture -480.00 expense>held expansion_cancelled"},
		},
		{
			"cancelled after its release", owned(renews("", "2028-01-01", "2029-01-01", 1), loses("o1", "2028-02-01")), "2029-06-01",
			[]string{earned, released, "2028-02-01 csm-1 clawback -480.00 expense>payable expansion_cancelled"},
		},
		{
			"cancelled on the day of its release: cancelled first", owned(renews("", "2028-01-01", "2029-01-01", 1), loses("o1", "2028-01-01")), "2029-06-01",
			[]string{earned, "2028-01-01 csm-1 forfeiture -480.00 expense>held expansion_cancelled"},
		},
		{
			"cancelled and churned in one window: the first", owned(churns("2027-03-01"), loses("o1", "2027-03-02")), "2029-06-01",
			[]string{earned, "2027-03-01 csm-1 forfeiture -480.00 expense>held churn_within_window"},
		},
		{
			"cancelled on the churn's day: cancelled first", owned(churns("2027-03-01"), loses("o1", "2027-03-01")), "2029-06-01",
			[]string{earned, "2027-03-01 csm-1 forfeiture -480.00 expense>held expansion_cancelled"},
		},
		{"released inside the window, then churned", []fact{
			assigned(event.CSM, "csm-1", "2026-01-01"), starts("s1", "2026-04-01", "2027-04-01", 1), renews("", "2027-04-01", "2028-04-01", booked24+1),
			wins("o1", "2027-02-10", booked24), churns("2027-05-01"),
		}, "2029-06-01", []string{
			earned, "2027-04-01 csm-1 release 480.00 held>payable renewal_released",
			"2027-05-01 csm-1 clawback -480.00 expense>payable churn_within_window",
		}},
		{"no term known: pending", []fact{assigned(event.CSM, "csm-1", "2026-01-01"), wins("o1", "2027-02-10", booked24)}, "2040-01-01", []string{earned}},
		{
			"reassigned later: the payee credited keeps and loses it", owned(assigned(event.CSM, "csm-2", "2027-03-01"), churns("2027-04-01")), "2029-06-01",
			[]string{earned, "2027-04-01 csm-1 forfeiture -480.00 expense>held churn_within_window"},
		},
		{"nobody owns it", []fact{wins("o1", "2027-02-10", booked24)}, "2029-06-01", nil},
	} {
		if got := allLines(t, setting(nil), tt.on, tt.facts...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: due on %s\n%q, want\n%q", tt.name, tt.on, got, tt.want)
		}
	}
}

// Source: rules §7, "Renewal gate": advance and off.
func TestPayability(t *testing.T) {
	const atOnce = "2027-02-10 csm-1 earning 480.00 expense>payable expansion_booked"
	renewed := renews("", "2028-01-01", "2029-01-01", 1)
	for _, tt := range []struct {
		renewal string
		name    string
		facts   []fact
		want    []string
	}{
		{"advance", "renewed", owned(renewed), []string{atOnce}},
		{"advance", "missed", owned(), []string{atOnce, "2028-01-31 csm-1 clawback -480.00 expense>payable renewal_missed"}},
		{"advance", "churn inside the window", owned(churns("2027-03-01")), []string{atOnce, "2027-03-01 csm-1 clawback -480.00 expense>payable churn_within_window"}},
		{"advance", "churn outside", owned(churns("2027-07-01")), []string{atOnce, "2027-07-01 csm-1 clawback -480.00 expense>payable renewal_missed"}},
		{"off", "never renewed", owned(), []string{atOnce}},
		{"off", "churn inside the window", owned(churns("2027-03-01")), []string{atOnce, "2027-03-01 csm-1 clawback -480.00 expense>payable churn_within_window"}},
		{"off", "churn outside", owned(churns("2027-07-01")), []string{atOnce}},
	} {
		set := setting(func(p *plan.Plan) { p.Payability.Renewal = tt.renewal })
		if got := allLines(t, set, "2029-06-01", tt.facts...); !slices.Equal(got, tt.want) {
			t.Errorf("%s, %s: due %q, want %q", tt.renewal, tt.name, got, tt.want)
		}
	}
}

// Source: rules §6 "Health at close"; readings R13. The deal closes at noon.
func TestHealthAtClose(t *testing.T) {
	const pending = "2027-02-10 csm-1 earning 480.00 expense>held health_score_missing"
	renewed := renews("", "2028-01-01", "2029-01-01", 1)
	const released = "2028-01-01 csm-1 release 480.00 held>payable renewal_released"
	for _, tt := range []struct {
		name, missing string
		facts         []fact
		want          []string
		counted       bool
	}{
		{"65 passes", "hold", []fact{measured("2027-02-01T00:00:00Z", 65)}, []string{earned, released}, true},
		{"64 fails", "hold", []fact{measured("2027-02-01T00:00:00Z", 64)}, nil, false},
		{"at the instant of the close", "hold", []fact{measured("2027-02-10T12:00:00Z", 64)}, nil, false},
		{"after the close it never counts", "hold", []fact{measured("2027-02-10T12:00:01Z", 90)}, []string{pending}, true},
		{"the last before the close", "hold", []fact{measured("2027-02-01T00:00:00Z", 90), measured("2027-02-02T00:00:00Z", 10), measured("2027-02-11T00:00:00Z", 90)}, nil, false},
		{"none, held", "hold", nil, []string{pending}, true},
		{"none, passed", "pass", nil, []string{earned, released}, true},
		{"none, failed", "fail", nil, nil, false},
	} {
		set := setting(func(p *plan.Plan) { p.Gates.HealthMissing = tt.missing })
		facts := owned(append([]fact{renewed}, tt.facts...)...)
		if got := allLines(t, set, "2029-06-01", facts...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: due %q, want %q", tt.name, got, tt.want)
		}
		s := state(t, set, stated(facts...)...)
		lines(t, s, "2029-06-01")
		credits := creditsOn(t, s.Deals()[0], "2027-02-10")
		if len(credits) != 1 || credits[0].Counted() != tt.counted || tt.counted && credits[0].ARR != usd(booked24) || !tt.counted && !credits[0].ARR.IsZero() {
			t.Errorf("%s: credits %+v, want counted %v", tt.name, credits, tt.counted)
		}
	}
}

// Source: rules §4 "Bands": whole deal not slices; credits sum to the deal.
func TestCredits(t *testing.T) {
	for _, tt := range []struct {
		arr      int64
		csm, ae  int64
		assigned bool // an AE
	}{
		{24_999_99, 24_999_99, 0, true},
		{25_000_00, 17_500_00, 7_500_00, true},
		{25_000_05, 17_500_04, 7_500_01, true}, // 17,500.035 rounded away from zero
		{100_000_00, 70_000_00, 30_000_00, true},
		{100_000_01, 30_000_00, 70_000_01, true},
		{100_000_01, 30_000_00, 0, false}, // without an AE that part goes to nobody
	} {
		facts := []fact{assigned(event.CSM, "csm-1", "2026-01-01"), wins("o1", "2027-02-10", tt.arr)}
		if tt.assigned {
			facts = append(facts, assigned(event.AE, "ae-1", "2026-01-01"))
		}
		s := state(t, setting(nil), stated(facts...)...)
		lines(t, s, "2027-02-10")
		got := map[event.PayeeID]int64{}
		for _, c := range creditsOn(t, s.Deals()[0], "2027-02-10") {
			got[c.Payee] += c.ARR.Minor
		}
		if got["csm-1"] != tt.csm || got["ae-1"] != tt.ae {
			t.Errorf("%s: credits %v, want csm-1 %d, ae-1 %d", usd(tt.arr), got, tt.csm, tt.ae)
		}
	}
}

// A credit stops counting on the day its deal is lost; a missed renewal alone
// does not take it (readings R19).
func TestCreditsLost(t *testing.T) {
	for _, tt := range []struct {
		name  string
		facts []fact
		lost  string
		why   string
	}{
		{"churn inside", owned(churns("2027-05-11")), "2027-05-11", "churn_within_window"},
		{"churn outside", owned(churns("2027-05-12")), "", ""},
		{"cancelled", owned(loses("o1", "2027-06-01")), "2027-06-01", "expansion_cancelled"},
		{"cancelled before the churn", owned(loses("o1", "2027-03-01"), churns("2027-03-02")), "2027-03-01", "expansion_cancelled"},
		{"cancelled on the churn's day", owned(loses("o1", "2027-03-02"), churns("2027-03-02")), "2027-03-02", "expansion_cancelled"},
		{"missed renewal", owned(), "", ""},
	} {
		s := state(t, setting(nil), stated(tt.facts...)...)
		lines(t, s, "2029-01-01")
		d := s.Deals()[0]
		if got := creditsOn(t, d, "2027-02-09"); len(got) > 0 {
			t.Errorf("%s: credited before the booking: %+v", tt.name, got)
		}
		last := "2029-01-01"
		if tt.lost != "" {
			before := creditsOn(t, d, (day(tt.lost) - 1).String())
			if len(before) != 1 || !before[0].Counted() || before[0].ARR != usd(booked24) {
				t.Errorf("%s: credits the day before %+v, want the whole", tt.name, before)
			}
			last = tt.lost
		}
		after := creditsOn(t, d, last)
		if len(after) != 1 || string(after[0].Why) != tt.why || after[0].ARR.IsZero() != (tt.lost != "") {
			t.Errorf("%s: credits on %s %+v, want why %q", tt.name, last, after, tt.why)
		}
	}
}

// Of two scores measured at one instant the one stated later decides.
func TestHealthAtCloseOfTwoSources(t *testing.T) {
	from := func(source string, score int64) fact {
		return func(h event.Header) event.Event {
			h.Source = source
			return measured("2027-02-01T00:00:00Z", score)(h)
		}
	}
	for _, tt := range []struct {
		name          string
		first, second fact
		want          []string
	}{
		{"crm says 90, then billing 10", from("crm", 90), from("billing", 10), nil},
		{"crm says 10, then billing 90", from("crm", 10), from("billing", 90), []string{earned}},
		{"billing says 90, then crm 10", from("billing", 90), from("crm", 10), nil},
	} {
		if got := allLines(t, setting(nil), "2027-12-31", owned(tt.first, tt.second)...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: due %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Settling lists a deal when a fact or the clock has changed it, and not again.
func TestSettlingListsWhatHasChanged(t *testing.T) {
	events := stated(owned(renews("", "2027-03-01", "2028-03-01", 1), churns("2027-05-11"), churns("2027-05-12"))...)
	s := state(t, setting(nil), events[:4]...)
	settled := func(on string) int {
		t.Helper()
		deals, err := s.Settling(day(on))
		if err != nil {
			t.Fatal(err)
		}
		return len(deals)
	}
	add := func(e event.Event) {
		t.Helper()
		if _, err := s.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		what, on string
		want     int
	}{
		{"booked and told of the renewal", "2027-02-10", 1},
		{"nothing new", "2027-02-28", 0},
		{"the renewal's day", "2027-03-01", 1},
		{"settled for good", "2027-05-01", 0},
	} {
		if got := settled(tt.on); got != tt.want {
			t.Errorf("%s: Settling(%s) lists %d deals, want %d", tt.what, tt.on, got, tt.want)
		}
	}
	if day, got := s.Wake(noon("2027-05-01")); day != civil.Never || !got.IsZero() {
		t.Errorf("Wake = %v, %s with nothing to wait for", day, got)
	}
	add(events[5]) // day 91
	if got := settled("2027-05-12"); got != 0 {
		t.Errorf("a churn outside the window: Settling lists %d deals, want none", got)
	}
	add(events[4]) // day 90
	if got := settled("2027-05-12"); got != 1 {
		t.Errorf("a churn on the window's last day: Settling lists %d deals, want one", got)
	}
}

// A renewal that arrives after all else was settled undoes a miss also where
// the deal was cancelled since.
func TestALateRenewalUndoesAMiss(t *testing.T) {
	events := stated(owned(loses("o1", "2028-03-01"), renews("", "2028-02-15", "2029-02-15", 1))...)
	s := state(t, setting(nil), events[:4]...)
	want := []string{earned, "2028-01-31 csm-1 forfeiture -480.00 expense>held renewal_missed"}
	if got := lines(t, s, "2028-06-01"); !slices.Equal(got, want) {
		t.Errorf("before: due %q, want %q", got, want)
	}
	if _, err := s.Add(events[4]); err != nil {
		t.Fatal(err)
	}
	want = []string{
		earned, "2028-02-15 csm-1 release 480.00 held>payable renewal_released",
		"2028-03-01 csm-1 clawback -480.00 expense>payable expansion_cancelled",
	}
	if got := lines(t, s, "2028-06-01"); !slices.Equal(got, want) {
		t.Errorf("after: due %q, want %q", got, want)
	}
}
