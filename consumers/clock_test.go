package consumers

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestRealClock(t *testing.T) {
	at := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	c := RealClock{Time: func() time.Time { return at }}
	if now := c.Now(); !now.Equal(at) {
		t.Errorf("Now() = %v, want %v", now, at)
	}
	stored := at.Add(-time.Minute)
	if got := c.Arrived(stored, at.AddDate(1, 0, 0), at.AddDate(2, 0, 0)); !got.Equal(stored) {
		t.Errorf("Arrived() = %v, want when the broker stored it", got)
	}
}

func TestPlayedClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
		c := NewPlayedClock(from, time.Now)
		time.Sleep(time.Hour)
		if now := c.Now(); !now.Equal(from) {
			t.Errorf("Now() = %v, want %v while it stands", now, from)
		}
		c.Start()
		time.Sleep(time.Hour)
		c.Start() // once
		time.Sleep(time.Hour)
		if now := c.Now(); !now.Equal(from.Add(2 * time.Hour)) {
			t.Errorf("Now() = %v two hours after Start, want %v", now, from.Add(2*time.Hour))
		}
		recorded, happened := from.Add(-time.Hour), from.Add(-2*time.Hour)
		for _, tt := range []struct{ recorded, happened, want time.Time }{
			{recorded, happened, recorded},
			{time.Time{}, happened, happened},
			{time.Time{}, time.Time{}, time.Time{}},
		} {
			if got := c.Arrived(from, tt.recorded, tt.happened); !got.Equal(tt.want) {
				t.Errorf("Arrived(recorded %v, happened %v) = %v, want %v", tt.recorded, tt.happened, got, tt.want)
			}
		}
	})
}
