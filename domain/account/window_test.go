package account

import (
	"testing"

	"github.com/trueup/trueup/domain/civil"
)

func TestWindowFirst(t *testing.T) {
	q3 := civil.Quarter(4*2027 + 2)
	for w, want := range map[Window]civil.Quarter{WindowQuarter: q3, WindowYTD: q3 - 2, WindowTTM: q3 - 3} {
		if got := w.First(q3); got != want {
			t.Errorf("Window(%d).First(%s) = %s, want %s", w, q3, got, want)
		}
	}
}
