package few_test

import (
	"cmp"
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

// A List is a list, in whatever order it is filled.
func TestListIsAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got few.List[int]
		var want []int
		for i := range rapid.IntRange(0, 70).Draw(t, "elements") {
			if rapid.IntRange(0, 3).Draw(t, "append") > 0 {
				got.Append(2 * i)
				want = append(want, 2*i)
			} else {
				at := rapid.IntRange(0, len(want)).Draw(t, "at")
				got.Insert(at, 2*i)
				want = slices.Insert(want, at, 2*i)
			}
		}
		if got.Len() != len(want) || (got.Last() == nil) != (len(want) == 0) {
			t.Fatalf("Len() = %d, want %d", got.Len(), len(want))
		}
		for i, w := range want {
			if *got.At(i) != w {
				t.Fatalf("At(%d) = %d, want %d", i, *got.At(i), w)
			}
		}
		slices.Sort(want)
		for i, w := range want {
			*got.At(i) = w
		}
		until := rapid.IntRange(0, len(want)).Draw(t, "until")
		for of := -1; of < 140; of++ {
			i, found := got.Search(until, func(x *int) int { return cmp.Compare(*x, of) })
			if j, in := slices.BinarySearch(want[:until], of); i != j || found != in {
				t.Fatalf("Search(%d) = %d, %v, want %d, %v", of, i, found, j, in)
			}
		}
	})
}
