package broker

import (
	"slices"
	"testing"
)

func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"a.b", "a.b", true},
		{"a.b", "a.c", false},
		{"a.*", "a.b", true},
		{"a.*", "a.b.c", false},
		{"a.*", "a", false},
		{"a.>", "a", false},
		{"a.>", "a.b", true},
		{"a.>", "a.b.c", true},
		{">", "a", true},
		{"*.b", "a.b", true},
		{"a.b", "a", false},
		{"a", "a.b", false},
		// Patterns on both sides.
		{"a.*.>", "a.t.>", true},
		{"a.t.>", "a.*.>", false},
		{"a.*", "a.>", false},
		{"a.>", "a.*", true},
	} {
		if got := covers(tt.a, tt.b); got != tt.want {
			t.Errorf("covers(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestNarrower(t *testing.T) {
	want := []string{"a.b.c", "a.b.*", "a.b.>", "a.*.c", "a.*.>", "a.>", "*.b", ">"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, func(a, b string) int {
		switch {
		case narrower(a, b):
			return -1
		case narrower(b, a):
			return 1
		}
		return 0
	})
	if !slices.Equal(got, want) {
		t.Errorf("sorted by narrower = %q, want %q", got, want)
	}
}

func TestOlderThan(t *testing.T) {
	for _, tt := range []struct {
		got  string
		want bool
	}{
		{"2.13.9", true},
		{"2.14.0", false},
		{"2.15.2", false},
		{"3.0.0", false},
		{"1.99.0", true},
		{"v2.9.1", true},
		{"2.14.0-RC.1", false},
		{"", false},
		{"dev", false},
	} {
		if got := olderThan(tt.got, "2.14"); got != tt.want {
			t.Errorf("olderThan(%q, 2.14) = %v, want %v", tt.got, got, tt.want)
		}
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"nats://127.0.0.1:4222":        "nats://127.0.0.1:4222",
		"nats://me:secret@h:1,tls://i": "nats://xxxxx@h:1,tls://i",
		"tls://token@h":                "tls://xxxxx@h",
		"me:secret@h:1":                "xxxxx@h:1",
		"nats://me:se/cr@et %@h:1":     "nats://xxxxx@h:1",
	} {
		if got := redact(in); got != want {
			t.Errorf("redact(%q) = %q, want %q", in, got, want)
		}
	}
}
