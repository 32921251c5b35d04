package account

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
)

// What flags look at is given whenever it differs from what was given last,
// whether a fact or the calendar changed it; and where the calendar changes
// nothing it is not given again.
func TestFlagFigures(t *testing.T) {
	t.Run("facts and days", rapid.MakeCheck(func(t *rapid.T) {
		set := genSetting(t)
		events := genFacts.Draw(t, "events")
		lived := New("acct-1", set)
		var last FlagFigures
		today := day("2026-06-01")
		for told := 0; told < len(events); today += civil.Date(rapid.IntRange(0, 60).Draw(t, "days later")) {
			if rapid.Bool().Draw(t, "a fact comes") {
				if _, err := lived.Add(events[told]); err != nil {
					t.Fatalf("Add: %v", err)
				}
				told++
			}
			if now, changed := lived.FlagFigures(today); changed {
				last = now
			}
			if want, _ := state(t, set, events[:told]...).FlagFigures(today); !reflect.DeepEqual(last, want) {
				t.Fatalf("on %s after %d facts FlagFigures last gave %+v, want %+v", today, told, last, want)
			}
		}
	}))

	s := state(t, setting(nil), stated(owned()...)...)
	for _, tt := range []struct {
		on      string
		changed bool
	}{
		{"2027-02-09", true}, {"2027-02-09", false}, {"2027-02-10", true}, {"2027-02-11", false}, {"2029-01-01", false},
	} {
		if _, changed := s.FlagFigures(day(tt.on)); changed != tt.changed {
			t.Errorf("FlagFigures(%s) of a deal booked on 2027-02-10: changed = %v, want %v", tt.on, changed, tt.changed)
		}
	}
}
