package account

import (
	"testing"
)

// Where neither a fact nor the calendar changes what flags look at it is not
// given again.
func TestFlagFiguresOnce(t *testing.T) {
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
