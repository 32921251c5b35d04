package advice

import (
	"testing"

	"github.com/trueup/trueup/domain/money"
)

func TestStageOf(t *testing.T) {
	for _, tt := range []struct{ arr, want string }{
		{"0", "full"},
		{"4999999.99", "full"},
		{"5000000.00", "split"},
		{"14999999.99", "split"},
		{"15000000.00", "three_way"},
		{"49999999.99", "three_way"},
		{"50000000.00", "non_commercial"},
		{"10000000000.00", "non_commercial"},
	} {
		arr, err := money.Parse(tt.arr, "USD")
		if err != nil {
			t.Fatal(err)
		}
		s := StageOf(arr)
		if s.Ownership != tt.want || s.Why == "" {
			t.Errorf("StageOf(%s) = %+v, want %s", tt.arr, s, tt.want)
		}
	}
}

func TestStagesHaveNoGaps(t *testing.T) {
	stages := Stages()
	for i, s := range stages[1:] {
		if before := stages[i]; before.Below == nil || *before.Below != s.From {
			t.Errorf("%s ends at %v and %s starts at %v", before.Ownership, before.Below, s.Ownership, s.From)
		}
	}
}

func TestFits(t *testing.T) {
	large := StageOf(million(50))
	for _, tt := range []struct {
		ownership     string
		fits, anySize bool
	}{
		{"non_commercial", true, false}, {"overlay", true, false}, {"pod", true, true}, {"banded", true, true}, {"full", false, false},
	} {
		if fits, anySize := large.Fits(tt.ownership); fits != tt.fits || anySize != tt.anySize {
			t.Errorf("Fits(%s) = %v, %v, want %v, %v", tt.ownership, fits, anySize, tt.fits, tt.anySize)
		}
	}
}
