package ledger_test

import (
	"encoding/hex"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
)

var someDay = civil.On(2027, time.March, 31)

func key(component string, on civil.Date) ledger.Key {
	return ledger.Key{
		Line: ledger.Line{Payee: "csm-1", Component: component}, Kind: ledger.Earning, Reason: ledger.ExpansionBooked,
		From: ledger.Expense, To: ledger.Held, Effective: on,
	}
}

// because explains so many minor units.
func because(minor int64) ledger.Explanation {
	return ledger.Explanation{Text: "because.", Rule: "rules §5", Figures: []ledger.Figure{ledger.Minor(ledger.Plus, "amount", "field", minor, "USD")}}
}

func step(k ledger.Key, minor int64, causes ...event.Identity) ledger.Step {
	return ledger.Step{Key: k, Minor: minor, Currency: "USD", Causes: causes, Explain: func() ledger.Explanation { return because(minor) }}
}

// explained reports whether an entry's figures give its amount.
func explained(e *ledger.Entry) bool {
	got, err := e.Amount()
	return err == nil && got == e.Minor
}

// post counts entries into a tally, as the engine does after settling.
func post(t rapid.TB, tally ledger.Tally, entries []ledger.Entry) ledger.Tally {
	t.Helper()
	tally = slices.Clone(tally)
	for i := range entries {
		if err := tally.Add(&entries[i]); err != nil {
			t.Fatalf("Tally.Add(%+v): %v", entries[i], err)
		}
	}
	return tally
}

func sums(tally ledger.Tally) map[ledger.Key]int64 {
	by := map[ledger.Key]int64{}
	for _, p := range tally {
		if p.Minor != 0 {
			by[p.Key] += p.Minor
		}
	}
	return by
}

func TestSettlePostsTheDifference(t *testing.T) {
	a, b := key("a", someDay), key("b", someDay+1)
	was := &plan.Plan{Name: "was", Version: 1, Hash: [32]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}}
	now := &plan.Plan{Name: "now", Version: 2, Hash: [32]byte{9, 8, 7, 6, 5, 4, 3, 2, 1}}
	type want struct {
		component string
		minor     int64
		ordinal   int
		plan      string
	}
	for _, tt := range []struct {
		name   string
		posted map[ledger.Key][]int64
		due    map[ledger.Key]int64
		want   []want
	}{
		{"nothing due, nothing posted", nil, nil, nil},
		{"first time", nil, map[ledger.Key]int64{a: 480_00}, []want{{"a", 480_00, 0, "now@2"}}},
		{"as posted", map[ledger.Key][]int64{a: {480_00}}, map[ledger.Key]int64{a: 480_00}, nil},
		{"as posted in parts", map[ledger.Key][]int64{a: {500_00, -20_00}}, map[ledger.Key]int64{a: 480_00}, nil},
		{"due more", map[ledger.Key][]int64{a: {480_00}}, map[ledger.Key]int64{a: 500_00}, []want{{"a", 20_00, 1, "now@2"}}},
		{"due less", map[ledger.Key][]int64{a: {480_00}}, map[ledger.Key]int64{a: 400_00}, []want{{"a", -80_00, 1, "now@2"}}},
		{"no longer due", map[ledger.Key][]int64{a: {480_00, 20_00}}, nil, []want{{"a", -500_00, 2, "was@1"}}},
		{"due again after it was taken back", map[ledger.Key][]int64{a: {480_00, -480_00}}, map[ledger.Key]int64{a: 480_00}, []want{{"a", 480_00, 2, "now@2"}}},
		{"taken back before", map[ledger.Key][]int64{a: {480_00, -480_00}}, nil, nil},
		{"due nothing", nil, map[ledger.Key]int64{a: 0}, nil},
		{"now due nothing", map[ledger.Key][]int64{a: {480_00}}, map[ledger.Key]int64{a: 0}, []want{{"a", -480_00, 1, "now@2"}}},
		{
			"what moves is taken back first, whatever its date",
			map[ledger.Key][]int64{b: {480_00}},
			map[ledger.Key]int64{a: 480_00},
			[]want{{"b", -480_00, 1, "was@1"}, {"a", 480_00, 0, "now@2"}},
		},
		{"in order of date", nil, map[ledger.Key]int64{b: 1, a: 2}, []want{{"a", 2, 0, "now@2"}, {"b", 1, 0, "now@2"}}},
	} {
		var tally ledger.Tally
		for k, minors := range tt.posted {
			for _, minor := range minors {
				tally = post(t, tally, []ledger.Entry{{Key: k, Minor: minor, Currency: "USD", PlanName: was.Name, PlanVersion: was.Version, PlanHash: [8]byte(was.Hash[:8])}})
			}
		}
		var due []ledger.Step
		for k, minor := range tt.due {
			s := step(k, minor)
			s.Plan = now
			due = append(due, s)
		}
		entries, err := ledger.Settle(nil, due, tally)
		if err != nil {
			t.Errorf("%s: Settle: %v", tt.name, err)
		}
		var got []want
		for _, e := range entries {
			got = append(got, want{e.Component, e.Minor, e.Ordinal, e.Plan()})
			if e.Currency != "USD" || e.Text == "" || !explained(&e) {
				t.Errorf("%s: entry %+v has no currency, or no explanation that gives its amount", tt.name, e)
			}
			if wantHash := map[string]byte{"now@2": 9, "was@1": 1}[e.Plan()]; e.PlanHash[0] != wantHash {
				t.Errorf("%s: entry of %s has plan hash %x", tt.name, e.Plan(), e.PlanHash)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: Settle = %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestSettleCopiesWhatAStepSays(t *testing.T) {
	cause := event.Identity{Source: "crm", ID: "e1"}
	s := step(key("a", someDay), 480_00, cause)
	s.Recoverable = true
	entries, err := ledger.Settle(nil, []ledger.Step{s}, nil)
	if err != nil || len(entries) != 1 {
		t.Fatalf("Settle = %+v, %v", entries, err)
	}
	e := entries[0]
	if !e.Recoverable || !slices.Equal(e.CausedBy, []event.Identity{cause}) || e.Text != "because." || e.Plan() != "" {
		t.Errorf("Settle = %+v, want what the step says, and no plan", e)
	}
	s.Causes[0].ID = "e2"
	if e.CausedBy[0] != cause {
		t.Errorf("the entry shares its causes with the step")
	}
	later, err := ledger.Settle(nil, []ledger.Step{step(s.Key, 500_00)}, post(t, nil, entries))
	if err != nil || len(later) != 1 || !strings.Contains(later[0].Text, "$480.00") || !strings.Contains(later[0].Text, "$20.00") {
		t.Errorf("Settle = %+v, %v, want an explanation with what was posted and the difference", later, err)
	}
}

func TestSettleOverflowIsAnError(t *testing.T) {
	k := key("a", someDay)
	tally := post(t, nil, []ledger.Entry{{Key: k, Minor: -math.MaxInt64}})
	if got, err := ledger.Settle(nil, []ledger.Step{step(k, 2)}, tally); err == nil {
		t.Errorf("Settle(2 due, -MaxInt64 posted) = %+v, want an error", got)
	}
}

var genKey = rapid.Custom(func(t *rapid.T) ledger.Key {
	k := key(rapid.SampledFrom([]string{"retention", "expansion"}).Draw(t, "component"), someDay+civil.Date(rapid.IntRange(0, 2).Draw(t, "day")))
	k.Payee = event.PayeeID(rapid.SampledFrom([]string{"csm-1", "ae-1"}).Draw(t, "payee"))
	k.Kind = ledger.Kind(rapid.IntRange(0, 2).Draw(t, "kind"))
	k.To = ledger.Bucket(rapid.IntRange(1, 2).Draw(t, "to"))
	return k
})

var genSteps = rapid.Custom(func(t *rapid.T) []ledger.Step {
	var steps []ledger.Step
	for _, k := range rapid.SliceOfN(genKey, 0, 8).Draw(t, "keys") {
		steps = append(steps, step(k, rapid.Int64Range(-100, 100).Draw(t, "minor")))
	}
	return steps
})

// Whatever was due before, settling brings what is posted to what is due now;
// settling again finds nothing; nothing due takes back everything.
func TestSettleBringsPostedToDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tally ledger.Tally
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			steps := genSteps.Draw(t, "due")
			want := map[ledger.Key]int64{}
			for _, s := range steps {
				if want[s.Key] += s.Minor; want[s.Key] == 0 {
					delete(want, s.Key)
				}
			}
			due, err := ledger.Merge(slices.Clone(steps))
			if err != nil {
				t.Fatalf("Merge: %v", err)
			}
			entries, err := ledger.Settle(nil, due, tally)
			if err != nil {
				t.Fatalf("Settle: %v", err)
			}
			for _, e := range entries {
				if e.Minor == 0 {
					t.Fatalf("Settle posts nothing: %+v", e)
				}
			}
			tally = post(t, tally, entries)
			if got := sums(tally); !reflect.DeepEqual(got, want) {
				t.Fatalf("posted %v, want %v", got, want)
			}
			if again, err := ledger.Settle(nil, due, tally); err != nil || len(again) > 0 {
				t.Fatalf("settled again: %+v, %v, want nothing", again, err)
			}
		}
		back, err := ledger.Settle(nil, nil, tally)
		if err != nil {
			t.Fatalf("Settle: %v", err)
		}
		if got := sums(post(t, tally, back)); len(got) > 0 {
			t.Fatalf("all taken back, but posted %v", got)
		}
	})
}

// The entries do not depend on the order in which due steps are listed.
func TestSettleOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		due, err := ledger.Merge(genSteps.Draw(t, "due"))
		if err != nil {
			t.Fatalf("Merge: %v", err)
		}
		before, err := ledger.Merge(genSteps.Draw(t, "posted"))
		if err != nil {
			t.Fatalf("Merge: %v", err)
		}
		entries, err := ledger.Settle(nil, before, nil)
		if err != nil {
			t.Fatalf("Settle: %v", err)
		}
		a, errA := ledger.Settle(nil, due, post(t, nil, entries))
		b, errB := ledger.Settle(nil, rapid.Permutation(due).Draw(t, "listed"), post(t, nil, rapid.Permutation(entries).Draw(t, "tallied")))
		if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("Settle = %+v, %v, or %+v, %v in another order", a, errA, b, errB)
		}
	})
}

func TestTallyCountsPerKey(t *testing.T) {
	a, b := key("a", someDay), key("b", someDay)
	tally := post(t, nil, []ledger.Entry{{Key: a, Minor: 5, PlanName: "p", PlanVersion: 1}, {Key: b, Minor: 7}, {Key: a, Minor: -2, PlanName: "p", PlanVersion: 2}})
	if len(tally) != 2 || tally[0].Key != a || tally[0].Minor != 3 || tally[0].Entries != 2 || tally[0].PlanVersion != 2 || tally[1].Minor != 7 || tally[1].Entries != 1 {
		t.Errorf("tally = %+v, want a: 3 in 2 entries by p@2, b: 7 in 1", tally)
	}
	full := post(t, nil, []ledger.Entry{{Key: a, Minor: math.MaxInt64}})
	if err := full.Add(&ledger.Entry{Key: a, Minor: 1}); err == nil {
		t.Errorf("MaxInt64 + 1 counted as %d, want an error", full[0].Minor)
	}
}

func TestMerge(t *testing.T) {
	a, b := key("a", someDay), key("b", someDay)
	one, two, three := event.Identity{Source: "crm", ID: "1"}, event.Identity{Source: "crm", ID: "2"}, event.Identity{Source: "crm", ID: "3"}
	first := step(a, 5, one, two)
	first.Explain = func() ledger.Explanation { return ledger.Explanation{Text: "the first"} }
	firstCauses := first.Causes
	got, err := ledger.Merge([]ledger.Step{step(b, 7), first, step(a, -2, two, three), step(a, 1, one)})
	if err != nil || len(got) != 2 {
		t.Fatalf("Merge = %+v, %v, want two steps", got, err)
	}
	if got[0].Key != a || got[0].Minor != 4 || !strings.HasPrefix(got[0].Explain().Text, "the first") || !slices.Equal(got[0].Causes, []event.Identity{one, two, three}) {
		t.Errorf("Merge gives %+v for a, want 4, the first's explanation, each cause once", got[0])
	}
	if got[1].Key != b || got[1].Minor != 7 {
		t.Errorf("Merge gives %+v for b, want 7", got[1])
	}
	if !slices.Equal(firstCauses, []event.Identity{one, two}) {
		t.Errorf("Merge wrote into the causes it was given: %v", firstCauses)
	}
	if got, err := ledger.Merge([]ledger.Step{step(a, math.MaxInt64), step(a, 1)}); err == nil {
		t.Errorf("Merge of more than int64 = %+v, want an error", got)
	}
	if got, err := ledger.Merge(nil); err != nil || len(got) != 0 {
		t.Errorf("Merge(nil) = %v, %v", got, err)
	}
}

func TestMergeKeepsSumsPerKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := genSteps.Draw(t, "steps")
		want := map[ledger.Key]int64{}
		for _, s := range steps {
			want[s.Key] += s.Minor
		}
		got, err := ledger.Merge(slices.Clone(steps))
		if err != nil {
			t.Fatalf("Merge: %v", err)
		}
		have := map[ledger.Key]int64{}
		for i, s := range got {
			have[s.Key] += s.Minor
			if len(got) > 1 && i > 0 && got[i-1].Compare(s.Key) >= 0 {
				t.Fatalf("Merge lists %+v before %+v", got[i-1].Key, s.Key)
			}
		}
		if !reflect.DeepEqual(have, want) || len(got) != len(want) {
			t.Fatalf("Merge = %v, want %v", have, want)
		}
	})
}

// Compare tells any two keys that differ apart, in whichever field.
func TestCompareSeesEveryField(t *testing.T) {
	for path, change := range changes(reflect.TypeFor[ledger.Key]()) {
		a := key("a", someDay)
		b := a
		change(reflect.ValueOf(&b).Elem())
		if a.Compare(b) == 0 || a.Compare(b) != -b.Compare(a) {
			t.Errorf("keys that differ in %s compare as %d and %d", path, a.Compare(b), b.Compare(a))
		}
	}
	earlier, later := key("z", someDay), key("a", someDay+1)
	if earlier.Compare(later) >= 0 {
		t.Errorf("%+v does not come before %+v: dates come first", earlier, later)
	}
}

func TestMove(t *testing.T) {
	start := ledger.Balances{Held: 100, Payable: 20, Paid: 3}
	for _, tt := range []struct {
		minor    int64
		from, to ledger.Bucket
		want     ledger.Balances
	}{
		{7, ledger.Expense, ledger.Held, ledger.Balances{Held: 107, Payable: 20, Paid: 3}},
		{7, ledger.Held, ledger.Payable, ledger.Balances{Held: 93, Payable: 27, Paid: 3}},
		{7, ledger.Payable, ledger.Paid, ledger.Balances{Held: 100, Payable: 13, Paid: 10}},
		{-7, ledger.Payable, ledger.Paid, ledger.Balances{Held: 100, Payable: 27, Paid: -4}},
		{-50, ledger.Expense, ledger.Payable, ledger.Balances{Held: 100, Payable: -30, Paid: 3}}, // a debt
		{7, ledger.Held, ledger.Held, start},
		{7, ledger.Expense, ledger.Expense, start},
	} {
		got, err := start.Move(tt.minor, tt.from, tt.to)
		if err != nil || got != tt.want {
			t.Errorf("Move(%d, %s, %s) = %+v, %v, want %+v", tt.minor, tt.from, tt.to, got, err, tt.want)
		}
	}
	for _, full := range []ledger.Balances{{Held: math.MaxInt64}, {Payable: math.MaxInt64}, {Paid: math.MaxInt64}} {
		for _, to := range []ledger.Bucket{ledger.Held, ledger.Payable, ledger.Paid} {
			got, err := full.Move(1, ledger.Expense, to)
			if overflows := [...]int64{0, full.Held, full.Payable, full.Paid}[to] == math.MaxInt64; (err != nil) != overflows {
				t.Errorf("%+v.Move(1, expense, %s) = %+v, %v", full, to, got, err)
			}
		}
	}
}

// Source: rules §1, "Buckets": all buckets of the tenant always sum to zero.
func TestMoveSumsToZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b ledger.Balances
		expense := int64(0)
		bucket := rapid.SampledFrom([]ledger.Bucket{ledger.Expense, ledger.Held, ledger.Payable, ledger.Paid})
		for range rapid.IntRange(0, 10).Draw(t, "moves") {
			minor, from, to := rapid.Int64Range(-1000, 1000).Draw(t, "minor"), bucket.Draw(t, "from"), bucket.Draw(t, "to")
			before := b
			var err error
			if b, err = b.Move(minor, from, to); err != nil {
				t.Fatalf("Move: %v", err)
			}
			if from == ledger.Expense {
				expense -= minor
			}
			if to == ledger.Expense {
				expense += minor
			}
			if got := b.Expense(); got != expense {
				t.Fatalf("Expense() = %d, want %d", got, expense)
			}
			if back, err := b.Move(-minor, from, to); err != nil || back != before {
				t.Fatalf("moved back: %+v, %v, want %+v", back, err, before)
			}
		}
	})
}

func fullEntry() ledger.Entry {
	return ledger.Entry{
		Key: ledger.Key{
			Line: ledger.Line{Payee: "csm-1", Component: "expansion", Account: "acct-1", Opportunity: "opp-1"},
			Kind: ledger.Release, Reason: ledger.RenewalReleased, From: ledger.Held, To: ledger.Payable, Effective: someDay, Reference: "ref",
		},
		ID: ledger.EntryID{1, 2, 3}, Seq: 4, Ordinal: 1, Scope: event.Scope{Account: "acct-1", Payee: "csm-1"},
		Minor: 480_00, Currency: "USD", Period: 8108, AppliesTo: 8107, At: time.Date(2027, time.April, 1, 12, 0, 0, 5, time.UTC),
		PlanName: "three-pool", PlanVersion: 2, PlanHash: [8]byte{9, 8, 7}, Recoverable: true,
		CausedBy: []event.Identity{{Source: "crm", ID: "e1"}, {Source: "billing", ID: "e2"}},
		Explanation: ledger.Explanation{
			Text: "because.", Rule: "rules §5", Rounding: ledger.Down,
			Figures: []ledger.Figure{
				{Op: ledger.Times, Name: "credit", Value: "48000", Unit: "USD", Field: "incremental_arr"},
				{Op: ledger.Over, Name: "target", Value: "3/2", Unit: "%", Field: "annual_arr"},
			},
		},
		After: ledger.Balances{Held: 1, Payable: 2, Paid: 3},
	}
}

// changes lists, by path, a way to change each single value inside a type.
func changes(typ reflect.Type) map[string]func(reflect.Value) {
	out := map[string]func(reflect.Value){}
	switch {
	case typ == reflect.TypeFor[time.Time]():
		out[""] = func(v reflect.Value) { v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(1))) }
	case typ.Kind() == reflect.Struct:
		for i := range typ.NumField() {
			for path, change := range changes(typ.Field(i).Type) {
				out["."+typ.Field(i).Name+path] = func(v reflect.Value) { change(v.Field(i)) }
			}
		}
	case typ.Kind() == reflect.Array:
		for _, i := range []int{0, typ.Len() - 1} {
			for path, change := range changes(typ.Elem()) {
				out["["+string(rune('0'+i%10))+"]"+path] = func(v reflect.Value) { change(v.Index(i)) }
			}
		}
	case typ.Kind() == reflect.Slice:
		out["+1"] = func(v reflect.Value) { v.Set(reflect.Append(v, reflect.Zero(typ.Elem()))) }
		out["-1"] = func(v reflect.Value) { v.Set(v.Slice(0, v.Len()-1)) }
		for path, change := range changes(typ.Elem()) {
			out["[1]"+path] = func(v reflect.Value) { change(v.Index(1)) }
		}
	case typ.Kind() == reflect.String:
		out[""] = func(v reflect.Value) { v.SetString(v.String() + "'") }
	case typ.Kind() == reflect.Bool:
		out[""] = func(v reflect.Value) { v.SetBool(!v.Bool()) }
	case reflect.Zero(typ).CanInt():
		out[""] = func(v reflect.Value) { v.SetInt(v.Int() + 1) }
	case reflect.Zero(typ).CanUint():
		out[""] = func(v reflect.Value) { v.SetUint(v.Uint() + 1) }
	default:
		panic("no way to change a " + typ.String())
	}
	return out
}

func TestChainHashCoversEveryField(t *testing.T) {
	whole := fullEntry()
	want := whole.ChainHash([32]byte{1})
	if again := whole.ChainHash([32]byte{1}); again != want {
		t.Fatalf("ChainHash is %x, then %x", want, again)
	}
	if other := whole.ChainHash([32]byte{2}); other == want {
		t.Errorf("ChainHash does not cover the hash before")
	}
	seen := map[[32]byte]string{want: "nothing"}
	count := 0
	for path, change := range changes(reflect.TypeFor[ledger.Entry]()) {
		e := fullEntry()
		change(reflect.ValueOf(&e).Elem())
		got := e.ChainHash([32]byte{1})
		if strings.HasPrefix(path, ".Hash") {
			if got != want {
				t.Errorf("ChainHash covers the entry's own hash, %s", path)
			}
			continue
		}
		if like, known := seen[got]; known {
			t.Errorf("ChainHash is the same with %s changed as with %s changed", path, like)
		}
		seen[got] = path
		count++
	}
	if count < 43 {
		t.Errorf("only %d fields were changed", count)
	}
}

// No two lists of fields give the same bytes: what moves from one field to the
// next is a change.
func TestChainHashKeepsFieldsApart(t *testing.T) {
	a, b := fullEntry(), fullEntry()
	a.Component, a.Account = "ab", "c"
	b.Component, b.Account = "a", "bc"
	if a.ChainHash([32]byte{}) == b.ChainHash([32]byte{}) {
		t.Errorf("ChainHash takes %q, %q for %q, %q", a.Component, a.Account, b.Component, b.Account)
	}
}

func TestChainHashTakesInstantsNotZones(t *testing.T) {
	a, b := fullEntry(), fullEntry()
	b.At = a.At.In(time.FixedZone("east", 3600))
	if a.ChainHash([32]byte{}) != b.ChainHash([32]byte{}) {
		t.Errorf("ChainHash differs for one instant written in two zones")
	}
}

// The bytes hashed must stay: databases hold the hashes. Entries of the first
// release had a text alone.
func TestGoldenHashes(t *testing.T) {
	e, first := fullEntry(), fullEntry()
	first.Explanation = ledger.Explanation{Text: "because."}
	for _, tt := range []struct {
		name  string
		entry ledger.Entry
		want  string
	}{
		{"of the first release", first, "11fcdcd18af8a59e05cb5cdbeea266dade42ccd3f839e5e347e97274e74dbc05"},
		{"with figures", e, "8e274f05bd6428a9861c76ea9d5733bc7c01107bb09556c4c23c427efa5c3efa"},
	} {
		hash := tt.entry.ChainHash([32]byte{1})
		if got := hex.EncodeToString(hash[:]); got != tt.want {
			t.Errorf("ChainHash of an entry %s = %s, want %s", tt.name, got, tt.want)
		}
	}
	const wantID = "f866b4da3b5c9c248b96d6ec2f4c9a37"
	if got := ledger.MakeID("default", e.Key, e.CausedBy[0], 1).String(); got != wantID {
		t.Errorf("MakeID = %s, want %s", got, wantID)
	}
}

func TestMakeIDSeesEverything(t *testing.T) {
	k, cause := fullEntry().Key, event.Identity{Source: "crm", ID: "e1"}
	seen := map[ledger.EntryID]string{ledger.MakeID("default", k, cause, 0): "nothing"}
	see := func(what string, id ledger.EntryID) {
		if like, known := seen[id]; known {
			t.Errorf("MakeID is the same with %s changed as with %s changed", what, like)
		}
		seen[id] = what
	}
	see("tenant", ledger.MakeID("other", k, cause, 0))
	see("ordinal", ledger.MakeID("default", k, cause, 1))
	see("source", ledger.MakeID("default", k, event.Identity{Source: "billing", ID: "e1"}, 0))
	see("id", ledger.MakeID("default", k, event.Identity{Source: "crm", ID: "e2"}, 0))
	see("source and id", ledger.MakeID("default", k, event.Identity{Source: "crme", ID: "1"}, 0))
	for path, change := range changes(reflect.TypeFor[ledger.Key]()) {
		other := k
		change(reflect.ValueOf(&other).Elem())
		see("key"+path, ledger.MakeID("default", other, cause, 0))
	}
}

func TestAppendChains(t *testing.T) {
	acc := ledger.Account{Payee: "csm-1"}
	held, release := fullEntry(), fullEntry()
	held.Kind, held.From, held.To, held.Period, held.Minor = ledger.Earning, ledger.Expense, ledger.Held, 100, 480_00
	release.Period, release.Minor = 101, 400_00
	for i, e := range []*ledger.Entry{&held, &release} {
		head := acc.Head
		if err := acc.Append(e); err != nil {
			t.Fatalf("Append: %v", err)
		}
		if e.Seq != uint64(i+1) || acc.Seq != e.Seq {
			t.Errorf("entry %d has number %d, the account is at %d", i+1, e.Seq, acc.Seq)
		}
		if e.Hash != e.ChainHash(head) || acc.Head != e.Hash {
			t.Errorf("entry %d has hash %x, the account %x, want %x", i+1, e.Hash, acc.Head, e.ChainHash(head))
		}
		if e.After != acc.Balances {
			t.Errorf("entry %d says %+v after it, the account %+v", i+1, e.After, acc.Balances)
		}
	}
	if want := (ledger.Balances{Held: 80_00, Payable: 400_00}); acc.Balances != want {
		t.Errorf("balances %+v, want %+v", acc.Balances, want)
	}
	wantPeriods := map[civil.Quarter]ledger.Totals{
		100: {Lines: 1, Moved: ledger.Balances{Held: 480_00}},
		101: {Lines: 1, Moved: ledger.Balances{Held: -400_00, Payable: 400_00}},
	}
	if !reflect.DeepEqual(acc.Periods, wantPeriods) {
		t.Errorf("periods %+v, want %+v", acc.Periods, wantPeriods)
	}
}

func TestAppendRefusesWhatItCannotHold(t *testing.T) {
	strange := fullEntry()
	strange.Payee = "csm-2"
	acc := ledger.Account{Payee: "csm-1", Balances: ledger.Balances{Payable: math.MaxInt64}}
	if err := acc.Append(&strange); domain.KindOf(err) != domain.Corrupt {
		t.Errorf("Append of another payee's entry: %v, want Corrupt", err)
	}
	over := fullEntry()
	before := acc
	if err := acc.Append(&over); err == nil {
		t.Errorf("Append beyond int64 gives %+v, want an error", acc.Balances)
	}
	if !reflect.DeepEqual(acc, before) {
		t.Errorf("a refused entry moved the account to %+v", acc)
	}
}

// Periods hold all that the balances hold.
func TestAppendPeriodsSumToBalances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		acc := ledger.Account{Payee: "csm-1"}
		n := rapid.IntRange(0, 10).Draw(t, "entries")
		for range n {
			e := fullEntry()
			e.Minor = rapid.Int64Range(-1000, 1000).Draw(t, "minor")
			e.From = ledger.Bucket(rapid.IntRange(0, 3).Draw(t, "from"))
			e.To = ledger.Bucket(rapid.IntRange(0, 3).Draw(t, "to"))
			e.Period = civil.Quarter(rapid.IntRange(1, 3).Draw(t, "period"))
			if err := acc.Append(&e); err != nil {
				t.Fatalf("Append: %v", err)
			}
		}
		var sum ledger.Balances
		lines := 0
		for _, p := range acc.Periods {
			sum.Held, sum.Payable, sum.Paid = sum.Held+p.Moved.Held, sum.Payable+p.Moved.Payable, sum.Paid+p.Moved.Paid
			lines += p.Lines
		}
		if sum != acc.Balances || lines != n || acc.Seq != uint64(n) {
			t.Fatalf("periods sum to %+v in %d lines, want %+v in %d", sum, lines, acc.Balances, n)
		}
	})
}

func TestNames(t *testing.T) {
	for b, want := range map[ledger.Bucket]string{ledger.Expense: "expense", ledger.Held: "held", ledger.Payable: "payable", ledger.Paid: "paid"} {
		if b.String() != want {
			t.Errorf("Bucket(%d) = %q, want %q", b, b, want)
		}
	}
	for k, want := range map[ledger.Kind]string{
		ledger.Earning: "earning", ledger.Release: "release", ledger.Forfeiture: "forfeiture", ledger.Clawback: "clawback",
		ledger.TrueUp: "true_up", ledger.Adjustment: "adjustment", ledger.Spif: "spif", ledger.Payout: "payout",
	} {
		if k.String() != want {
			t.Errorf("Kind(%d) = %q, want %q", k, k, want)
		}
	}
}

func TestPlanOfAnEntry(t *testing.T) {
	for _, tt := range []struct {
		entry ledger.Entry
		want  string
	}{
		{ledger.Entry{PlanName: "three-pool", PlanVersion: 3}, "three-pool@3"},
		{ledger.Entry{}, ""},
	} {
		if got := tt.entry.Plan(); got != tt.want {
			t.Errorf("Plan() = %q, want %q", got, tt.want)
		}
	}
}
