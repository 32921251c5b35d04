package account

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// genDate draws from two years, often a quarter's first or last day.
var genDate = rapid.Custom(func(t *rapid.T) civil.Date {
	return rapid.OneOf(
		rapid.SampledFrom([]civil.Date{day("2026-12-31"), day("2027-01-01"), day("2027-03-31"), day("2027-04-01"), day("2027-06-30"), day("2027-07-01"), day("2028-01-01")}),
		rapid.Custom(func(t *rapid.T) civil.Date { return day("2026-06-01").Add(rapid.IntRange(0, 800).Draw(t, "day")) }),
	).Draw(t, "date")
})

// genHistory draws what moves an account's ARR and owners.
var genHistory = rapid.Custom(func(t *rapid.T) []event.Event {
	var facts []fact
	for range rapid.IntRange(1, 10).Draw(t, "facts") {
		facts = append(facts, genMove(t))
	}
	return shuffledTimes(t, facts)
})

func genMove(t *rapid.T) fact {
	d := genDate.Draw(t, "on")
	on, until := d.String(), d.AddYears(1).String()
	arr := rapid.Int64Range(0, 100).Draw(t, "arr")
	sub := rapid.SampledFrom([]event.SubscriptionID{"s1", "s2"}).Draw(t, "sub")
	id := rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id")
	payee := rapid.SampledFrom([]event.PayeeID{"csm-1", "csm-2", "csm-3"}).Draw(t, "payee")
	role := rapid.SampledFrom([]event.Role{event.CSM, event.CSM, event.AE}).Draw(t, "role")
	return []fact{
		assigned(role, payee, on), assigned(role, payee, on), assigned(role, payee, on),
		starts(sub, on, until, arr), starts(sub, on, until, arr),
		changes(sub, on, arr), cancels(sub, on), renews(sub, on, until, arr), renews("", on, until, arr),
		renewalStage(event.Stage(rapid.SampledFrom([]string{"won", "lost", "open"}).Draw(t, "stage")), on, until, arr),
		churns(on), stays(on), returns(on, arr), shrinks(id, on, arr),
		wins(event.OpportunityID(id), on, arr), loses(event.OpportunityID(id), on),
	}[rapid.IntRange(0, 15).Draw(t, "kind")]
}

// shuffledTimes gives facts headers whose times are in no order and repeat.
func shuffledTimes(t *rapid.T, facts []fact) []event.Event {
	var out []event.Event
	for i, f := range facts {
		out = append(out, f(event.Header{
			Identity: event.Identity{Source: rapid.SampledFrom([]string{"billing", "crm"}).Draw(t, "source"), ID: fmt.Sprintf("e%02d", i)},
			Type:     "crm.test.v1",
			Time:     time.Date(2027, time.January, 1, rapid.IntRange(0, 3).Draw(t, "hour"), 0, 0, 0, time.UTC),
		}))
	}
	return out
}

// owner is who owned in a role on a day, by definition: of the assignments in
// effect the latest, of those of one date the one stated last.
func owner(events []event.Event, role event.Role, d civil.Date) event.PayeeID {
	var found *event.AccountAssigned
	for _, e := range events {
		a, ok := e.(event.AccountAssigned)
		if !ok || a.Role != role || a.Effective > d {
			continue
		}
		if found == nil || a.Effective > found.Effective || a.Effective == found.Effective && event.Newer(a.Header, found.Header) {
			found = &a
		}
	}
	if found == nil {
		return ""
	}
	return found.Payee
}

// kept is the opening and closing of one account for a payee in a window
// [start, end), by the words of rules §8, a day at a time.
func kept(s *State, owners []event.PayeeID, base civil.Date, payee event.PayeeID, start, end civil.Date) (opening, closing int64) {
	if s.arr.At(start-1) == 0 {
		return 0, 0
	}
	owns := func(d civil.Date) bool { return d >= base && owners[d-base] == payee }
	for d := start; d < end; d++ {
		if !owns(d) || d > start && owns(d-1) {
			continue // no interval begins here
		}
		until := d
		for until < end && owns(until) {
			until++
		}
		o := s.arr.At(d - 1)
		opening += o
		closing += min(o, s.arr.At(until-1))
	}
	return opening, closing
}

// Source: rules §8 "GRR"; readings R18.
func TestSharesSumToTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := genHistory.Draw(t, "events")
		set := setting(nil)
		if rapid.Bool().Draw(t, "year starts 15 July") {
			set.Calendar = civil.Calendar{StartMonth: time.July, StartDay: 15}
		}
		s := state(t, set, events...)
		shares := s.Shares(set.Calendar.QuarterOf(day("2020-01-01")))

		base := day("2024-01-01")
		for _, role := range []event.Role{event.CSM, event.AE} {
			var owners []event.PayeeID
			for d := base; d < day("2031-01-01"); d++ {
				owners = append(owners, owner(events, role, d))
			}
			for _, payee := range []event.PayeeID{"csm-1", "csm-2", "csm-3"} {
				running := int64(0)                   // sum of Opening up to a quarter
				openings := map[civil.Quarter]int64{} // by a window's first quarter
				for q := set.Calendar.QuarterOf(base) + 1; q <= set.Calendar.QuarterOf(day("2030-01-01")); q++ {
					at := shares[Seat{payee, role, q}]
					running += at.Opening
					openings[q] = running
					for w := range windows {
						first := w.First(q)
						if first <= set.Calendar.QuarterOf(base) {
							continue
						}
						opening := openings[first] + at.Joined[w]
						closing := opening - at.Lost[w]
						wantOpening, wantClosing := kept(s, owners, base, payee, set.Calendar.First(first), set.Calendar.First(q+1))
						if opening != wantOpening || closing != wantClosing {
							t.Fatalf("%s as %s, window %d ending %s: %d of %d kept, want %d of %d", payee, role, w, q, closing, opening, wantClosing, wantOpening)
						}
					}
				}
			}
		}
	})
}

// Shares from a later quarter on are those of all quarters, without the
// earlier ones; and a fact changes no share before the day that Moves gives.
func TestSharesChangeOnlyFromWhereAFactMoves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := setting(nil)
		s := New("acct-1", set)
		for _, e := range genHistory.Draw(t, "events") {
			before := s.Shares(0)
			from, moves := s.Moves(e)
			touched, err := s.Add(e)
			if err != nil {
				t.Fatalf("Add: %v", err)
			}
			after := s.Shares(0)
			if !touched.Book && !maps.Equal(before, after) {
				t.Fatalf("%+v touched no book, shares were %v and are %v", e, before, after)
			}
			if touched.Book && !moves {
				t.Fatalf("Moves(%+v) gives no day, Add touched the book", e)
			}
			if !moves {
				continue
			}
			q := set.Calendar.QuarterOf(from)
			early := func(seat Seat, _ Share) bool { return seat.Quarter < q }
			late := func(seat Seat, _ Share) bool { return seat.Quarter >= q }
			was, is, all := maps.Clone(before), maps.Clone(after), maps.Clone(after)
			maps.DeleteFunc(was, late)
			maps.DeleteFunc(is, late)
			if !maps.Equal(was, is) {
				t.Fatalf("%+v moves from %s, earlier shares were %v and are %v", e, from, was, is)
			}
			maps.DeleteFunc(all, early)
			if got := s.Shares(q); !maps.Equal(got, all) {
				t.Fatalf("Shares(%s) = %v, want %v of all", q, got, all)
			}
		}
	})
}

func TestSharesAddAndTakeAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func() Share {
			n := rapid.Int64Range(-1000, 1000)
			return Share{
				Opening: n.Draw(t, "opening"),
				Joined:  [windows]int64{n.Draw(t, "j0"), n.Draw(t, "j1"), n.Draw(t, "j2")},
				Lost:    [windows]int64{n.Draw(t, "l0"), n.Draw(t, "l1"), n.Draw(t, "l2")},
			}
		}
		a, b := draw(), draw()
		sum, err := a.Add(b)
		if err != nil {
			t.Fatalf("Add: %v", err)
		}
		if sum.Opening != a.Opening+b.Opening || sum.Joined[WindowTTM] != a.Joined[WindowTTM]+b.Joined[WindowTTM] || sum.Lost[WindowYTD] != a.Lost[WindowYTD]+b.Lost[WindowYTD] {
			t.Fatalf("%+v + %+v = %+v", a, b, sum)
		}
		if back, err := sum.Add(b.Neg()); err != nil || back != a {
			t.Fatalf("%+v − %+v = %+v, %v, want %+v", sum, b, back, err, a)
		}
	})
	full := Share{Lost: [windows]int64{0, 0, 1<<63 - 1}}
	if got, err := full.Add(full); err == nil {
		t.Errorf("more than int64 adds up to %+v, want an error", got)
	}
}

func TestWindowFirst(t *testing.T) {
	q3 := civil.Quarter(4*2027 + 2)
	for w, want := range map[Window]civil.Quarter{WindowQuarter: q3, WindowYTD: q3 - 2, WindowTTM: q3 - 3} {
		if got := w.First(q3); got != want {
			t.Errorf("Window(%d).First(%s) = %s, want %s", w, q3, got, want)
		}
	}
}
