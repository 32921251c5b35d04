package event_test

import (
	"testing"

	"github.com/trueup/trueup/domain/event"
)

func TestStageName(t *testing.T) {
	for _, tt := range []struct {
		stage event.Stage
		want  string
	}{{"Qualified", "qualified"}, {"3. Closed-Won!", "closedwon"}, {"42", ""}, {"", ""}} {
		if got := tt.stage.Name(); got != tt.want {
			t.Errorf("Stage(%q).Name() = %q, want %q", tt.stage, got, tt.want)
		}
	}
}
