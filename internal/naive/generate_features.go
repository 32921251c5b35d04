package naive

import (
	"iter"
	"math/bits"
	"math/rand/v2"
	"strings"
)

// Features is a set of what a history may have beside the plainest.
type Features uint32

// The features. Some only choose plan options, some only tell events, most do
// both.
const (
	Uplifts      Features = 1 << iota // multi-year deals in steps
	Modes                             // crediting modes other than split
	Handoff                           // deals above a threshold or with a flag are the AE's
	Sourcing                          // sourcing components, claims and hand-off records
	Spifs                             // spif components
	Bases                             // bases mrr and fixed, targets in per cent of the book
	Foreign                           // other currencies, with and without rates
	Accelerators                      // tiers, the review gate, as_paid
	Surviving                         // release surviving_arr
	Contractions                      // proportional_lifo and full
	Invoices                          // invoices and what becomes of them
	CreditNotes                       // credit notes
	Cash                              // cash gate
	Forfeit                           // termination forfeit
	Notices                           // churn notices, churn dates notice and earlier_of
	Disputes                          // disputes and decisions
	Exceptions                        // approved exceptions
	NetRetention                      // net_retention components
	Objectives                        // objectives components, attestations
	HealthBonus                       // health components
	Managers                          // managers of managers
	Pods                              // pods with a renewal manager
	Openings                          // opening balances
	LedgerStart                       // a ledger that starts late
	Retractions                       // facts taken back
	Versions                          // several versions and plans by segment
	Business                          // clocks in business time
	Others                            // events that change nothing

	// AllFeatures is every one of them.
	AllFeatures Features = 1<<iota - 1
)

var featureNames = [...]string{
	"uplifts", "modes", "handoff", "sourcing", "spifs", "bases", "foreign", "accelerators", "surviving", "contractions",
	"invoices", "creditnotes", "cash", "forfeit", "notices", "disputes", "exceptions", "netretention", "objectives", "healthbonus",
	"managers", "pods", "openings", "ledgerstart", "retractions", "versions", "business", "others",
}

// String names the features, for whoever has to find out what went wrong.
func (f Features) String() string {
	var names []string
	for one := range f.each() {
		names = append(names, featureNames[bits.TrailingZeros32(uint32(one))])
	}
	return strings.Join(names, "+")
}

// each is every feature of the set, one at a time.
func (f Features) each() iter.Seq[Features] {
	return func(yield func(Features) bool) {
		for one := Features(1); one <= AllFeatures; one <<= 1 {
			if f&one != 0 && !yield(one) {
				return
			}
		}
	}
}

// drawFeatures is few features mostly, sometimes many, seldom all.
func drawFeatures(seed uint64) Features {
	r := rand.New(rand.NewPCG(seed, 2))
	percent := pick(r, []int{5, 10, 20, 20, 35, 50, 100})
	var f Features
	for one := range AllFeatures.each() {
		if r.IntN(100) < percent {
			f |= one
		}
	}
	return f
}

// tellOf tells what a feature is about, a few times.
func (g *generator) tellOf(f Features) {
	steps := map[Features][]func(*story){
		Uplifts:      {g.schedule, g.schedule, g.reschedule, g.cancelUplift},
		Modes:        {g.lead, g.lead, g.handOff, g.openStage},
		Handoff:      {g.correctDeal, g.book},
		Sourcing:     {g.lead, g.lead, g.handOff, g.handOff},
		Foreign:      {g.setRate, g.setRate, g.correctDeal},
		Accelerators: {g.book, g.book, g.book, g.review, g.review},
		Contractions: {g.contract, g.contract, g.renewLower, g.book},
		Surviving:    {g.renewLower, g.renewLower, g.renewLower, g.book},
		Invoices:     {g.invoice, g.invoice, g.restate, g.restate},
		CreditNotes:  {g.invoice, g.credit, g.credit},
		Cash:         {g.invoice, g.invoice, g.restate},
		Forfeit:      {g.terminate},
		Notices:      {g.notify, g.notify, g.churn},
		Disputes:     {g.dispute},
		Exceptions:   {g.except, g.except, g.churn},
		Objectives:   {g.review, g.engage, g.engage, g.attest, g.score},
		HealthBonus:  {g.score},
		Managers:     {g.enrolManager, g.assign},
		Pods:         {g.assignRenewalManager, g.assign},
		Openings:     {g.openBalance},
		Retractions:  {g.retract},
		Business:     {g.score, g.intervene, g.dispute},
		Others:       {g.tellOther},
	}[f]
	if f == Managers {
		g.enrolManagers()
	}
	if f == Pods {
		g.enrolRenewalManager()
	}
	if len(steps) == 0 {
		return
	}
	most := max(2, 30/bits.OnesCount32(uint32(g.features)))
	for range 1 + g.r.IntN(min(most, 8)) {
		pick(g.r, steps)(pick(g.r, g.stories))
	}
}
