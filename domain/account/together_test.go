package account

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// genBusy draws an account with many deals that share contractions and
// renewals, mostly told as they happen, and much that bears on some of them.
var genBusy = rapid.Custom(func(t *rapid.T) []event.Event {
	start := day("2026-06-01")
	facts := []fact{
		assigned(event.CSM, "csm-1", start.String()), starts("s1", start.String(), start.AddYears(1).String(), 2000), measured("2026-06-01T00:00:00Z", 90),
	}
	on := start
	for range rapid.IntRange(5, 40).Draw(t, "facts") {
		on = on.Add(rapid.SampledFrom([]int{0, 1, 7, 20, 45, 91}).Draw(t, "days"))
		at := on.Add(-rapid.SampledFrom([]int{0, 0, 0, 0, 0, 3, 30, 100}).Draw(t, "late"))
		facts = append(facts, genShared(t, at))
	}
	return shuffledTimes(t, facts)
})

// genShared draws what happens to a busy account on a day.
func genShared(t *rapid.T, d civil.Date) fact {
	on, until := d.String(), d.AddYears(1).String()
	n := rapid.IntRange(1, 12).Draw(t, "no")
	id, opp := fmt.Sprint(n), event.OpportunityID(fmt.Sprint("opp-", n))
	arr := rapid.Int64Range(1, 100).Draw(t, "arr")
	switch kind := rapid.IntRange(0, 24).Draw(t, "kind"); kind {
	default:
		return wins(opp, on, arr)
	case 0:
		return loses(opp, on)
	case 1, 2, 3, 4:
		return shrinks(id, on, arr)
	case 5, 18:
		return renews("", on, until, rapid.Int64Range(1500, 2500).Draw(t, "whole"))
	case 6:
		return changes("s1", on, rapid.Int64Range(0, 3000).Draw(t, "whole"))
	case 7:
		return rapid.SampledFrom([]fact{churns(on), churns(on), stays(on), returns(on, 1000), cancels("s1", on), starts("s2", on, until, 500)}).Draw(t, "life")
	case 8, 9:
		return bills(id, opp, rapid.SampledFrom([]event.InvoiceState{
			event.InvoiceIssued, event.InvoicePaid, event.InvoiceVoided, event.InvoiceUncollectible,
		}).Draw(t, "state"), on, 100)
	case 10:
		return credits(id, rapid.SampledFrom([]event.OpportunityID{"", opp}).Draw(t, "of"), "order_change", on, arr)
	case 11:
		return rapid.SampledFrom([]fact{notifies(on), excepts(id, "cfo", on, ""), excepts(id, "cfo", on, d.Add(40).String())}).Draw(t, "word")
	case 12:
		return schedules(opp, on, step(on, arr), step(d.Add(rapid.IntRange(1, 60).Draw(t, "next")).String(), 100-arr+1))
	case 13, 16, 17:
		return measured(on+"T12:00:00Z", rapid.SampledFrom([]int64{10, 64, 65, 90}).Draw(t, "score"))
	case 14:
		return assigned(event.CSM, rapid.SampledFrom([]event.PayeeID{"csm-1", "csm-2", "csm-3"}).Draw(t, "owner"), on)
	case 15:
		return rapid.SampledFrom([]fact{
			leads(opp, "csm-1", "Qualified", on), leads(opp, "csm-2", "Qualified", on), disputes(id, opp, on), intervenes(id, on+"T18:00:00Z"),
			decides(id, opp, on, event.Share{Payee: "ae-1", BPS: 5000}, event.Share{Payee: "csm-1", BPS: 5000}), handsOff(opp, on, "buyer"),
		}).Draw(t, "about")
	}
}

// A fact has derived afresh what it changes, and no less: after every one, what
// Settling and the others last gave is what they give of a state that is told all at once.
func TestWhatAFactDoesNotReachStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
		if rapid.Bool().Draw(t, "plain") {
			set.Plans[0].Crediting.Mode, set.Plans[0].Clawback.ChurnDate = "split", "effective"
		}
		events := genBusy.Draw(t, "events")
		lived := New("acct-1", set)
		settled := map[event.OpportunityID]string{}
		asOf := day("2026-06-01")
		for i, e := range events {
			if _, err := lived.Add(e); err != nil {
				t.Fatalf("Add: %v", err)
			}
			asOf += civil.Date(rapid.SampledFrom([]int{0, 0, 5, 40, 200}).Draw(t, "days later"))
			if rapid.IntRange(0, 4).Draw(t, "ask") == 0 && i < len(events)-1 {
				continue
			}
			keepSettled(t, lived, asOf, settled)
			once := state(t, set, events[:i+1]...)
			want := map[event.OpportunityID]string{}
			keepSettled(t, once, asOf, want)
			if !reflect.DeepEqual(settled, want) {
				t.Fatalf("after %T %+v settled as\n%v\nbut is\n%v", e, e, settled, want)
			}
			if got, want := lived.Notices(asOf), once.Notices(asOf); !slices.Equal(got, want) {
				t.Fatalf("after %T %+v notices are\n%v\nwant\n%v", e, e, got, want)
			}
			gotDay, gotAt := lived.Wake(asOf.Start(set.Zone))
			if wantDay, wantAt := once.Wake(asOf.Start(set.Zone)); gotDay != wantDay || !gotAt.Equal(wantAt) {
				t.Fatalf("after %T %+v it wakes on %v or at %v, want %v or %v", e, e, gotDay, gotAt, wantDay, wantAt)
			}
			if got, want := episodesOf(lived), episodesOf(once); got != want {
				t.Fatalf("after %T %+v episodes are\n%s\nwant\n%s", e, e, got, want)
			}
		}
	})
}

func keepSettled(t *rapid.T, s *State, on civil.Date, in map[event.OpportunityID]string) {
	list, err := s.Settling(on)
	if err != nil {
		t.Fatalf("Settling: %v", err)
	}
	for _, st := range list {
		if in[st.Opportunity] = plainly(st); len(st.Due)+len(st.Credits) == 0 {
			delete(in, st.Opportunity)
		}
	}
}

// episodesOf is how all episodes ever have turned in the end, kept or not.
func episodesOf(s *State) string {
	var b strings.Builder
	s.deriveEpisodes()
	for i := range s.risk.list {
		e := s.risk.list[i] // a copy: asking settles nothing
		done, next := s.Transitions(&e, horizon)
		fmt.Fprintln(&b, e.SLA, e.Start, e.Payee, e.Score.ID, done, next)
	}
	for _, c := range s.contests() {
		e := *c
		done, next := s.Transitions(&e, horizon)
		fmt.Fprintln(&b, e.SLA, e.Dispute, e.Start, e.Payee, done, next)
	}
	return b.String()
}

// A bill about one deal reaches another that waits for the same renewal, though
// no contraction is near either.
func TestABillReachesThoseThatWaitForTheSameRenewal(t *testing.T) {
	set := setting(func(p *plan.Plan) { p.Payability.Renewal, p.Payability.Release = "hold", "surviving_arr" })
	set.Surviving = true
	events := stated(
		assigned(event.CSM, "csm-1", "2026-06-01"), measured("2026-06-01T00:00:00Z", 90), starts("s1", "2026-06-01", "2027-06-01", 1000),
		wins("opp-1", "2026-07-01", 100), wins("opp-2", "2026-07-02", 100), renews("", "2027-06-01", "2028-06-01", 1100),
		bills("i1", "opp-1", event.InvoiceVoided, "2026-08-01", 100),
	)
	lived := state(t, set, events[:len(events)-1]...)
	if _, err := lived.Settling(day("2027-07-01")); err != nil {
		t.Fatal(err)
	}
	if _, err := lived.Add(events[len(events)-1]); err != nil {
		t.Fatal(err)
	}
	list, err := lived.Settling(day("2027-07-01"))
	if err != nil {
		t.Fatal(err)
	}
	var got []event.OpportunityID
	for _, st := range list {
		got = append(got, st.Opportunity)
	}
	if want := []event.OpportunityID{"opp-1", "opp-2"}; !slices.Equal(got, want) {
		t.Errorf("Settling lists %v, want %v", got, want)
	}
}
