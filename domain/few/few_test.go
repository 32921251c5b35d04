package few_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/few"
)

// A Map is a map whose keys come in order.
func TestMapIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got few.Map[string, int]
		want := map[string]int{}
		for i, step := range rapid.SliceOf(rapid.Custom(func(t *rapid.T) struct {
			What byte
			Key  string
		} {
			return struct {
				What byte
				Key  string
			}{rapid.SampledFrom([]byte("pppd")).Draw(t, "what"), rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 0, 2, -1).Draw(t, "key")}
		})).Draw(t, "steps") {
			switch step.What {
			case 'p':
				got.Put(step.Key, i)
				want[step.Key] = i
			case 'd':
				got.Delete(step.Key)
				delete(want, step.Key)
			}
			for _, k := range []string{"", "a", "ab", "c", step.Key} {
				v, ok := got.Find(k)
				if w, in := want[k]; v != w || ok != in || got.Has(k) != in || got.Get(k) != w {
					t.Fatalf("Find(%q) = %d, %v, want %d, %v", k, v, ok, w, in)
				}
			}
			if keys := slices.Sorted(maps.Keys(want)); !slices.Equal(got.Keys(), keys) || got.Len() != len(keys) {
				t.Fatalf("Keys() = %q, want %q", got.Keys(), keys)
			}
			if all := maps.Collect(got.All()); !maps.Equal(all, want) {
				t.Fatalf("All() = %v, want %v", all, want)
			}
		}
		got.Clear()
		if got.Len() != 0 || got.Has("a") {
			t.Fatalf("Clear() leaves %q", got.Keys())
		}
	})
}
