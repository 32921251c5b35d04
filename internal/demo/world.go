package demo

import (
	"fmt"
	"sort"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// segment is a kind of customer and of the people who look after them. Rates
// are in thousandths a year.
type segment struct {
	name     string
	accounts int   // in a CSM's book, where a company has its usual size
	book     int64 // ARR of a book, in whole units
	variable int64 // of a CSM, a year; 0: the plan's
	target   int64 // of a CSM, a year; 0: the plan's
	deals    int   // expansions of an account
	dealSize int64 // median, thousandths of the account's ARR
	churn    int   // beside the accounts that are meant to
	weekly   bool  // health is scored each week, not each month
	reviews  string
	contacts int    // engaged in a quarter
	terms    [4]int // weights of monthly, quarterly, annual, two-year terms
	price    [3]int // weights of renewals for more, as much, less
}

var segments = [...]segment{
	{"smb", 55, 1_300_000, 25_000, 150_000, 550, 180, 55, false, "qbr", 1, [4]int{24, 16, 60, 0}, [3]int{38, 50, 12}},
	{"mid_market", 42, 5_000_000, 0, 0, 850, 150, 22, true, "qbr", 2, [4]int{3, 6, 86, 5}, [3]int{44, 43, 13}},
	{"enterprise", 28, 9_500_000, 45_000, 500_000, 800, 90, 6, true, "ebr", 3, [4]int{0, 3, 85, 12}, [3]int{50, 38, 12}},
}

// pattern is the segments of CSMs, over and over.
var pattern = [...]int{0, 1, 1, 2}

// csm is one customer-success manager.
type csm struct {
	id      event.PayeeID
	seg     int
	joined  civil.Date
	leaves  civil.Date // last day; civil.Never
	reviews int        // they get done, in thousandths
}

// world is a company worked out.
type world struct {
	Company
	plan *plan.Plan
	zone *time.Location

	csms    []csm
	stayers [len(segments)][]int // CSMs there all along, by segment
	joiners [len(segments)][]int
	places  []int // of accounts, summed over CSMs
	mean    [len(segments)]int64

	first civil.Date // of midnights
	days  []time.Time
}

func newWorld(c Company) *world {
	w := &world{Company: c, plan: c.csmPlan()}
	w.zone = w.plan.Zone
	w.first = c.From.AddYears(-4)
	for d := w.first; d < c.Until.AddYears(3); d++ {
		w.days = append(w.days, d.Start(w.zone).UTC())
	}
	for i := range max(c.CSMs, 1) {
		w.hire(i)
	}
	return w
}

// hire decides on a CSM: of twenty, one leaves and one joins on the way.
func (w *world) hire(i int) {
	span := w.Until.Sub(w.From)
	m := csm{
		id: event.PayeeID(fmt.Sprintf("csm-%03d", i+1)), seg: pattern[i%len(pattern)],
		joined: w.From.AddYears(-3).Add(i * 37 % 300), leaves: civil.Never, reviews: 700 + int(mix(w.Seed+uint64(i))%290),
	}
	total, place := 0, segments[m.seg].accounts
	if len(w.places) > 0 {
		total = w.places[i-1]
	}
	switch i % 20 {
	case 1:
		m.leaves = w.From.Add(span * (400 + 13*i%300) / 1000)
		place = place * 2 / 3
	case 5:
		m.joined, place = w.From.Add(span*(150+17*i%400)/1000), 0
		w.joiners[m.seg] = append(w.joiners[m.seg], i)
	default:
		w.stayers[m.seg] = append(w.stayers[m.seg], i)
	}
	w.csms = append(w.csms, m)
	w.places = append(w.places, total+place)
	for s := range segments {
		// Books keep their size, so accounts are smaller where there are more.
		w.mean[s] = segments[s].book * int64(w.places[i]) / int64(max(w.Accounts, 1)) / int64(segments[s].accounts)
	}
}

// home is the CSM an account is given to at first, or would be were they there.
func (w *world) home(no int) int {
	stride := 7919
	if w.Accounts%stride == 0 {
		stride = 104_729
	}
	total := w.places[len(w.places)-1]
	at := no * stride % w.Accounts * total / w.Accounts
	return sort.SearchInts(w.places, at+1)
}

// midnight is the first instant of a day.
func (w *world) midnight(d civil.Date) time.Time {
	return w.days[min(max(d.Sub(w.first), 0), len(w.days)-1)]
}

// after is the date of d's day, or the last there is, some months later.
func after(d civil.Date, months int) civil.Date {
	if months%12 == 0 {
		return d.AddYears(months / 12)
	}
	n := d.Year()*12 + int(d.Month()) - 1 + months
	first := civil.On(n/12, time.Month(n%12+1), 1)
	next := civil.On((n+1)/12, time.Month((n+1)%12+1), 1)
	return min(first.Add(d.Day()-1), next-1)
}

func (w *world) money(minor int64) money.Money {
	return money.Money{Minor: minor, Currency: w.plan.Currency}
}
