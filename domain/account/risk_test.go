package account

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// turns are the transitions of an account's one episode up to an instant.
func turns(t *testing.T, s *State, asOf string) []string {
	t.Helper()
	var out []string
	for _, e := range s.Episodes() {
		done, _ := s.Transitions(e, instant(asOf))
		for _, d := range done {
			out = append(out, fmt.Sprint(d.At.Format(time.RFC3339), " ", d.Turn))
		}
	}
	return out
}

// Source: rules §10; the clock is 168 hours, warning 24 before. The first low
// score is of 1 March, noon: the deadline is 8 March, noon.
func TestRiskClock(t *testing.T) {
	const (
		opened   = "2027-03-01T12:00:00Z opened"
		warned   = "2027-03-07T12:00:00Z warned"
		breached = "2027-03-08T12:00:00Z breached"
		later    = "2027-06-01T00:00:00Z"
	)
	low := measured("2027-03-01T12:00:00Z", 64)
	for _, tt := range []struct {
		name  string
		facts []fact
		asOf  string
		want  []string
	}{
		{"65 is not low", []fact{measured("2027-03-01T12:00:00Z", 65)}, later, nil},
		{"the first score ever is low", []fact{low}, "2027-03-01T12:00:00Z", []string{opened}},
		{"before it", []fact{low}, "2027-03-01T11:59:59Z", nil},
		{"low after good", []fact{measured("2027-02-01T00:00:00Z", 80), low}, "2027-03-02T00:00:00Z", []string{opened}},
		{"low after low opens nothing new", []fact{low, measured("2027-03-02T00:00:00Z", 20)}, "2027-03-03T00:00:00Z", []string{opened}},
		{"warned a day before", []fact{low}, "2027-03-07T12:00:00Z", []string{opened, warned}},
		{"at the deadline it is still in time", []fact{low}, "2027-03-08T12:00:00Z", []string{opened, warned}},
		{"breached by silence after it, dated at it", []fact{low}, "2027-03-08T12:00:01Z", []string{opened, warned, breached}},
		{"met", []fact{low, intervenes("i1", "2027-03-03T00:00:00Z")}, later, []string{opened, "2027-03-03T00:00:00Z met"}},
		{"met at the opening instant", []fact{low, intervenes("i1", "2027-03-01T12:00:00Z")}, later, []string{opened, "2027-03-01T12:00:00Z met"}},
		{"met at the deadline instant", []fact{low, intervenes("i1", "2027-03-08T12:00:00Z")}, later, []string{opened, warned, "2027-03-08T12:00:00Z met"}},
		{"a second late: breached and resolved", []fact{low, intervenes("i1", "2027-03-08T12:00:01Z")}, later, []string{opened, warned, breached, "2027-03-08T12:00:01Z resolved"}},
		{"the first intervention counts", []fact{low, intervenes("i2", "2027-03-05T00:00:00Z"), intervenes("i1", "2027-03-03T00:00:00Z")}, later, []string{opened, "2027-03-03T00:00:00Z met"}},
		{"an intervention before the opening", []fact{low, intervenes("i1", "2027-03-01T11:59:59Z")}, later, []string{opened, warned, breached}},
		{"recovered: neutral", []fact{low, measured("2027-03-04T00:00:00Z", 65)}, later, []string{opened, "2027-03-04T00:00:00Z closed"}},
		{"recovered at the deadline is too late", []fact{low, measured("2027-03-08T12:00:00Z", 90)}, later, []string{opened, warned, breached}},
		{"met, then recovered", []fact{low, intervenes("i1", "2027-03-03T00:00:00Z"), measured("2027-03-04T00:00:00Z", 90)}, later, []string{opened, "2027-03-03T00:00:00Z met"}},
		{"recovered, then an intervention", []fact{low, measured("2027-03-04T00:00:00Z", 90), intervenes("i1", "2027-03-05T00:00:00Z")}, later, []string{opened, "2027-03-04T00:00:00Z closed"}},
		{"churned: closed", []fact{starts("s1", "2027-01-01", "2028-01-01", 1), low, churns("2027-03-05")}, later, []string{opened, "2027-03-05T00:00:00Z closed"}},
		{"churned the day after the warning", []fact{starts("s1", "2027-01-01", "2028-01-01", 1), low, churns("2027-03-08")}, later, []string{opened, warned, "2027-03-08T00:00:00Z closed"}},
		{"churned after the deadline", []fact{starts("s1", "2027-01-01", "2028-01-01", 1), low, churns("2027-03-09")}, later, []string{opened, warned, breached}},
		{"churned before: nobody is at risk", []fact{starts("s1", "2027-01-01", "2028-01-01", 1), churns("2027-03-01"), low}, later, nil},
		{"churned and recovered: the first", []fact{starts("s1", "2027-01-01", "2028-01-01", 1), low, measured("2027-03-04T00:00:00Z", 90), churns("2027-03-03")}, later, []string{opened, "2027-03-03T00:00:00Z closed"}},
		{
			"a second episode",
			[]fact{low, measured("2027-03-02T00:00:00Z", 90), measured("2027-03-03T00:00:00Z", 10), intervenes("i1", "2027-03-04T00:00:00Z")},
			later,
			[]string{opened, "2027-03-02T00:00:00Z closed", "2027-03-03T00:00:00Z opened", "2027-03-04T00:00:00Z met"},
		},
		{
			"an earlier low score moves the opening",
			[]fact{low, measured("2027-02-27T12:00:00Z", 50)},
			later,
			[]string{"2027-02-27T12:00:00Z opened", "2027-03-05T12:00:00Z warned", "2027-03-06T12:00:00Z breached"},
		},
		{
			"an earlier good score in between does not",
			[]fact{low, measured("2027-02-27T12:00:00Z", 50), measured("2027-02-28T00:00:00Z", 80)},
			"2027-03-02T00:00:00Z",
			[]string{"2027-02-27T12:00:00Z opened", "2027-02-28T00:00:00Z closed", opened},
		},
		{"the score told again is good", []fact{low, measured("2027-03-01T12:00:00Z", 70)}, later, nil},
	} {
		events := stated(tt.facts...)
		if got := turns(t, state(t, setting(nil), events...), tt.asOf); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if got := turns(t, state(t, setting(nil), reversed(events)...), tt.asOf); !slices.Equal(got, tt.want) {
			t.Errorf("%s, told backwards: %q, want %q", tt.name, got, tt.want)
		}
		// As the engine does: asked after every fact.
		s := New("acct-1", setting(nil))
		for _, e := range events {
			if _, err := s.Add(e); err != nil {
				t.Fatal(err)
			}
			s.Episodes()
		}
		if got := turns(t, s, tt.asOf); !slices.Equal(got, tt.want) {
			t.Errorf("%s, asked after every fact: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestEpisodeIsTheCSMsOfItsDay(t *testing.T) {
	for _, tt := range []struct{ on, want string }{{"2027-03-02", "csm-1"}, {"2027-03-01", "csm-2"}, {"2027-02-01", "csm-2"}} {
		s := state(t, setting(nil), stated(
			assigned(event.CSM, "csm-1", "2027-01-01"), assigned(event.AE, "ae-1", "2027-01-01"),
			measured("2027-03-01T12:00:00Z", 10), assigned(event.CSM, "csm-2", tt.on),
		)...)
		got := s.Episodes()
		if len(got) != 1 || string(got[0].Payee) != tt.want || !got[0].Deadline.Equal(instant("2027-03-08T12:00:00Z")) {
			t.Errorf("csm-2 from %s: episodes %+v, want one of %s", tt.on, got, tt.want)
		}
	}
}

// A late proof dated in time is seen also where the episode was already over.
func TestLateProof(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before []fact
		want   string
	}{
		{"breached by silence", nil, "met"},
		{"closed by a recovery", []fact{measured("2027-03-05T00:00:00Z", 90)}, "met"},
		{"resolved late", []fact{intervenes("i1", "2027-03-10T00:00:00Z")}, "met"},
	} {
		facts := append([]fact{measured("2027-03-01T12:00:00Z", 10)}, tt.before...)
		events := stated(append(facts, intervenes("late", "2027-03-03T00:00:00Z"))...)
		s := state(t, setting(nil), events[:len(events)-1]...)
		turns(t, s, "2027-06-01T00:00:00Z")
		if _, err := s.Add(events[len(events)-1]); err != nil {
			t.Fatal(err)
		}
		want := []string{"2027-03-01T12:00:00Z opened", "2027-03-03T00:00:00Z " + tt.want}
		if got := turns(t, s, "2027-06-01T00:00:00Z"); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", tt.name, got, want)
		}
	}
}

func TestWakeIsTheNextInstantTheClockDecides(t *testing.T) {
	for _, tt := range []struct {
		facts      []fact
		asOf, want string // empty: nothing
	}{
		{[]fact{measured("2027-03-01T12:00:00Z", 10)}, "2027-03-01T12:00:00Z", "2027-03-07T12:00:00Z"},
		{[]fact{measured("2027-03-01T12:00:00Z", 10)}, "2027-03-07T12:00:00Z", "2027-03-08T12:00:00.000000001Z"},
		{[]fact{measured("2027-03-01T12:00:00Z", 10)}, "2027-03-09T12:00:00Z", ""},
		{[]fact{measured("2027-03-01T12:00:00Z", 10), measured("2027-03-01T13:00:00Z", 90)}, "2027-03-02T12:00:00Z", ""},
		{owned(), "2027-02-10T13:00:00Z", "2028-01-31T00:00:00Z"},
		{owned(renews("", "2028-01-01", "2029-01-01", 1)), "2027-02-10T13:00:00Z", "2028-01-01T00:00:00Z"},
		{owned(renews("", "2028-01-01", "2029-01-01", 1)), "2028-01-01T13:00:00Z", ""},
	} {
		s := state(t, setting(nil), stated(tt.facts...)...)
		lines(t, s, tt.asOf[:10])
		turns(t, s, tt.asOf)
		var want time.Time
		if tt.want != "" {
			want = instant(tt.want)
		}
		day, got := s.Wake(instant(tt.asOf))
		if at := day.Start(time.UTC); day != civil.Never && (got.IsZero() || at.Before(got)) {
			got = at
		}
		if !got.Equal(want) {
			t.Errorf("Wake(%s) = %v, %v, want the first to be %v", tt.asOf, day, got, want)
		}
	}
}
