package account

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// ownerOn is who owned in a role on a day, by definition: of the assignments in
// effect the latest, of those of one date the one stated last.
func ownerOn(events []event.Event, role event.Role, d civil.Date) event.PayeeID {
	var found event.AccountAssigned
	for _, e := range events {
		a, ok := e.(event.AccountAssigned)
		if !ok || a.Role != role || a.Effective > d {
			continue
		}
		if found.Payee == "" || a.Effective > found.Effective || a.Effective == found.Effective && event.Newer(a.Header, found.Header) {
			found = a
		}
	}
	return found.Payee
}

// retainedByDay is one account's part in a payee's book over [start, last] by
// the words of rules §8, a day at a time.
func retainedByDay(s *State, owns func(civil.Date) bool, start, last civil.Date) (r Retention) {
	if s.arr.At(start-1) == 0 {
		return r
	}
	for d := start; d <= last; d++ {
		if !owns(d) || d > start && owns(d-1) {
			continue // no interval begins here
		}
		until := d
		for until <= last && owns(until) {
			until++
		}
		opening, closing := s.arr.At(d-1), s.arr.At(until-1)
		r.Opening += opening
		r.Gross += min(opening, closing)
		r.Net += closing
		if opening > 0 {
			r.Logos++
			if closing == 0 {
				r.Lost++
			}
		}
	}
	return r
}

// Source: rules §8 "GRR", "NRR"; readings R18.
func TestRetentionIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := genHistory.Draw(t, "events")
		set := setting(nil)
		if rapid.Bool().Draw(t, "year starts 15 July") {
			set.Calendar = civil.Calendar{StartMonth: time.July, StartDay: 15}
		}
		s := state(t, set, events...)
		cal := set.Calendar
		for _, role := range []event.Role{event.CSM, event.AE} {
			base, end := day("2025-06-01"), day("2030-01-01")
			var owners []event.PayeeID
			for d := base; d < end; d++ {
				owners = append(owners, ownerOn(events, role, d))
			}
			for _, payee := range []event.PayeeID{"csm-1", "csm-2", "csm-3"} {
				owns := func(d civil.Date) bool { return owners[d-base] == payee }
				for q := cal.QuarterOf(day("2026-06-01")); q <= cal.QuarterOf(day("2029-06-01")); q++ {
					for _, w := range []Window{WindowQuarter, WindowYTD, WindowTTM} {
						got := s.Retention(Holders{{payee, role}}, w, q, nil)
						if want := retainedByDay(s, owns, cal.First(w.First(q)), cal.Last(q)); got != want {
							t.Fatalf("Retention(%s, %s, %d, %s) = %+v, want %+v", payee, role, w, q, got, want)
						}
					}
				}
			}
		}
	})
}

// Source: rules §8 "GRR", "NRR"; readings R18.
func TestRetained(t *testing.T) {
	const first, last = "2027-04-01", "2027-06-30"
	book := func(more ...fact) []fact {
		return append([]fact{assigned(event.CSM, "csm-1", "2027-01-01"), starts("s1", "2027-01-01", "2028-01-01", 100)}, more...)
	}
	for _, tt := range []struct {
		name  string
		facts []fact
		want  Retention
	}{
		{"nothing moves", book(), Retention{100, 100, 100, 1, 0}},
		{"growth is net only", book(wins("o1", "2027-05-01", 20)), Retention{100, 100, 120, 1, 0}},
		{"a loss is both", book(shrinks("1", "2027-05-01", 30)), Retention{100, 70, 70, 1, 0}},
		{"growth on the day before the window opens it", book(wins("o1", "2027-03-31", 20)), Retention{120, 120, 120, 1, 0}},
		{"churn on the first day", book(churns("2027-04-01")), Retention{100, 0, 0, 1, 1}},
		{"churn on the last day", book(churns("2027-06-30")), Retention{100, 0, 0, 1, 1}},
		{"churn on the day after", book(churns("2027-07-01")), Retention{100, 100, 100, 1, 0}},
		{"churn on the day before: nothing to keep", book(churns("2027-03-31")), Retention{}},
		{"starts inside", []fact{assigned(event.CSM, "csm-1", "2027-01-01"), starts("s1", "2027-04-01", "2028-04-01", 100)}, Retention{}},
		{"starts on the day before", []fact{assigned(event.CSM, "csm-1", "2027-01-01"), starts("s1", "2027-03-31", "2028-04-01", 100)}, Retention{100, 100, 100, 1, 0}},
		{"given away before the loss", book(assigned(event.CSM, "csm-2", "2027-05-01"), churns("2027-05-01")), Retention{100, 100, 100, 1, 0}},
		{"given away after the loss", book(assigned(event.CSM, "csm-2", "2027-05-02"), churns("2027-05-01")), Retention{100, 0, 0, 1, 1}},
		{"another role's", []fact{assigned(event.AE, "csm-1", "2027-01-01"), starts("s1", "2027-01-01", "2028-01-01", 100)}, Retention{}},
		{
			"given away and taken back counts twice",
			book(assigned(event.CSM, "csm-2", "2027-05-01"), wins("o1", "2027-05-10", 20), assigned(event.CSM, "csm-1", "2027-06-01"), shrinks("1", "2027-06-10", 60)),
			Retention{220, 160, 160, 2, 0},
		},
		{"told twice to one payee is one interval", book(assigned(event.CSM, "csm-1", "2027-05-01")), Retention{100, 100, 100, 1, 0}},
	} {
		events := stated(tt.facts...)
		for _, order := range [][]event.Event{events, reversed(events)} {
			s := state(t, setting(nil), order...)
			if got := s.Retained(Holders{{"csm-1", event.CSM}}, day(first), day(last), nil); got != tt.want {
				t.Errorf("%s: Retained = %+v, want %+v", tt.name, got, tt.want)
			}
		}
	}
}

func TestExceptedAccountCountsForNobody(t *testing.T) {
	s := state(t, setting(nil), stated(assigned(event.CSM, "csm-1", "2027-01-01"), starts("s1", "2027-01-01", "2028-01-01", 100), churns("2027-05-01"))...)
	q := s.set.Calendar.QuarterOf(day("2027-06-30"))
	for _, tt := range []struct {
		window      Window
		start, last string
	}{
		{WindowQuarter, "2027-04-01", "2027-06-30"},
		{WindowYTD, "2027-01-01", "2027-06-30"},
		{WindowTTM, "2026-07-01", "2027-06-30"},
	} {
		asked := false
		got := s.Retention(Holders{{"csm-1", event.CSM}}, tt.window, q, func(start, last civil.Date) bool {
			asked = true
			if start != day(tt.start) || last != day(tt.last) {
				t.Errorf("window %d: asked of [%s, %s], want [%s, %s]", tt.window, start, last, tt.start, tt.last)
			}
			return true
		})
		// The year and the twelve months start before the account did.
		if asked != (tt.window == WindowQuarter) || got != (Retention{}) {
			t.Errorf("window %d, excepted: %+v, asked %v", tt.window, got, asked)
		}
	}
	if got := s.Retention(Holders{{"csm-1", event.CSM}}, WindowQuarter, q, func(_, _ civil.Date) bool { return false }); got != (Retention{100, 0, 0, 1, 1}) {
		t.Errorf("not excepted: %+v", got)
	}
}

func TestRetentionAddsUpOrFails(t *testing.T) {
	r := Retention{1, 2, 3, 4, 5}
	if err := r.Add(Retention{10, 20, 30, 40, 50}); err != nil || r != (Retention{11, 22, 33, 44, 55}) {
		t.Errorf("Add = %+v, %v", r, err)
	}
	for _, much := range []Retention{{Opening: math.MaxInt64}, {Gross: math.MaxInt64}, {Net: math.MaxInt64}} {
		r := Retention{1, 1, 1, 1, 1}
		if err := r.Add(much); err == nil {
			t.Errorf("Add(%+v) = %+v, want an error", much, r)
		}
	}
}
