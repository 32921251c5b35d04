package account

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
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

// genFacts draws a history with everything in it that an account's rules read.
var genFacts = rapid.Custom(func(t *rapid.T) []event.Event {
	var facts []fact
	for range rapid.IntRange(1, 16).Draw(t, "facts") {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			facts = append(facts, genScore(t))
		case 1:
			facts = append(facts, genAttention(t))
		case 2, 3:
			facts = append(facts, genAbout(t))
		default:
			facts = append(facts, genMove(t))
		}
	}
	return shuffledTimes(t, facts)
})

func genScore(t *rapid.T) fact {
	at := rapid.SampledFrom([]string{
		"2027-02-27T12:00:00Z", "2027-03-01T00:00:00Z", "2027-03-01T12:00:00Z", "2027-03-03T00:00:00Z", "2027-03-08T12:00:00Z", "2027-06-01T00:00:00Z",
	}).Draw(t, "at")
	if rapid.Bool().Draw(t, "intervention") {
		return intervenes(rapid.SampledFrom([]string{"i1", "i2"}).Draw(t, "id"), at)
	}
	return measured(at, rapid.SampledFrom([]int64{10, 64, 65, 90}).Draw(t, "score"))
}

// genAbout draws what bears on a deal beside its booking and the account's ARR.
func genAbout(t *rapid.T) fact {
	d := genDate.Draw(t, "on")
	on := d.String()
	id := rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id")
	opp := event.OpportunityID(rapid.SampledFrom([]string{"1", "1", "2"}).Draw(t, "opportunity"))
	arr := rapid.Int64Range(0, 100).Draw(t, "arr")
	payee := rapid.SampledFrom([]event.PayeeID{"csm-1", "csm-2", "ae-1"}).Draw(t, "payee")
	role := rapid.SampledFrom([]string{"cfo", "vp_cs"}).Draw(t, "by role")
	bps := rapid.SampledFrom([]int{0, 3333, 5000, 10000}).Draw(t, "bps")
	return []fact{
		schedules(opp, on, step(on, arr), step(d.AddYears(1).String(), 100-arr)),
		bills(id, opp, rapid.SampledFrom([]event.InvoiceState{
			event.InvoiceIssued, event.InvoicePaid, event.InvoicePaid, event.InvoiceFailed, event.InvoiceVoided, event.InvoiceUncollectible,
		}).Draw(t, "state"), on, 100),
		bills(id, "", event.InvoicePaid, on, 100),
		credits(id, opp, rapid.SampledFrom([]string{"order_change", "cancellation", "waiver"}).Draw(t, "reason"), on, arr),
		credits(id, "", "order_change", on, arr),
		notifies(on), excepts(id, role, on, rapid.SampledFrom([]string{"", d.Add(100).String()}).Draw(t, "until")),
		disputes(id, opp, on), decides(id, opp, on, event.Share{Payee: "ae-1", BPS: 10000 - bps}, event.Share{Payee: payee, BPS: bps}),
		handsOff(opp, on, "buyer"), handsOff(opp, on, ""),
		books(event.Deal{
			Opportunity: opp, ARR: money.Money{Minor: arr, Currency: rapid.SampledFrom([]money.Currency{"USD", "EUR", "GBP"}).Draw(t, "currency")},
			ClosedAt: noon(on), CSM: rapid.SampledFrom([]event.PayeeID{"", "csm-1", "csm-2"}).Draw(t, "csm"), AE: "ae-1",
			SourcedBy: rapid.SampledFrom([]event.PayeeID{"", "csm-1"}).Draw(t, "source"), Flags: rapid.SampledFrom([][]string{nil, {"legal"}}).Draw(t, "flags"),
		}),
		leads(opp, payee, rapid.SampledFrom([]event.Stage{"Qualified", "new"}).Draw(t, "stage"), on),
		wins(opp, on, arr), wins(opp, on, arr),
	}[rapid.IntRange(0, 14).Draw(t, "kind")]
}
