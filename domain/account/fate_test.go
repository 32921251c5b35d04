package account

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// walked are the steps of each line of a share, before those of one key are
// merged: by component, in the order they take place.
func walked(t rapid.TB, s *State, c *Credited) map[string][]ledger.Step {
	t.Helper()
	out := map[string][]ledger.Step{}
	if c.why != "" || c.terms.Plan == nil {
		return out
	}
	d := *c.Deal
	d.derived = derived{}
	alone := *c
	alone.Deal = &d
	if err := s.deriveLines(&alone); err != nil {
		t.Fatalf("deriveLines of %s: %v", d.Opportunity, err)
	}
	for _, st := range d.derived.steps {
		out[st.Component] = append(out[st.Component], st)
	}
	return out
}

// checkWalk goes through a line: it is earned once, nothing it moves was not
// there, what is left in the end is the part its losses keep, in one bucket,
// and nothing follows once all is lost. Every step's figures give its amount.
func checkWalk(t rapid.TB, c *Credited, steps []ledger.Step, kept int64) {
	t.Helper()
	held, payable := int64(0), int64(0)
	for i, st := range steps {
		x := st.Explain()
		if got, err := x.Amount(); err != nil || got != st.Minor || x.Text == "" || x.Rule == "" {
			t.Fatalf("the figures of %+v give %d, %v, want %d", x, got, err, st.Minor)
		}
		first := st.Kind == ledger.Earning || st.Kind == ledger.TrueUp
		if first != (i == 0) || i > 0 && (held+payable == 0 || st.Effective < steps[i-1].Effective) {
			t.Fatalf("step %d of %v is out of place", i, steps)
		}
		switch st.To {
		case ledger.Held:
			held += st.Minor
		case ledger.Payable:
			payable += st.Minor
		case ledger.Expense, ledger.Paid:
			t.Fatalf("step %+v", st.Key)
		}
		if st.From == ledger.Held {
			held -= st.Minor
		}
		if held < 0 || payable < 0 {
			t.Fatalf("%d held and %d payable after %+v", held, payable, st.Key)
		}
		if st.Recoverable && (!first || st.To != ledger.Payable) {
			t.Fatalf("%+v is recoverable", st.Key)
		}
	}
	if held+payable != kept || held > 0 && payable > 0 || held > 0 && c.opens != civil.Never || payable > 0 && c.opens == civil.Never {
		t.Fatalf("%d held and %d payable in the end, want %d, gates open %s", held, payable, kept, c.opens)
	}
}

// Source: rules §7; readings R5, R7–R9: for any history under any plan.
func TestEveryLineIsWalked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
		s := state(t, set, genFacts.Draw(t, "events")...)
		if _, err := s.Settling(civil.In(horizon, set.Zone)); err != nil {
			t.Fatalf("Settling: %v", err)
		}
		for _, d := range s.Deals() {
			for i := range d.derived.shares {
				c := &d.derived.shares[i]
				part := c.part(func(x *loss) bool { return !c.final && (!x.held || c.opens > x.on) })
				for _, steps := range walked(t, s, c) {
					kept, err := remains(steps[0].Minor, part)
					if err != nil {
						t.Fatal(err)
					}
					if steps[0].Effective != d.Booked {
						t.Fatalf("earned on %s, booked on %s", steps[0].Effective, d.Booked)
					}
					checkWalk(t, c, steps, kept)
				}
			}
		}
	})
}

// Steps of one key that were merged are explained as one: their figures give
// the sum.
func TestMergedStepsAreExplained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
		s := state(t, set, genFacts.Draw(t, "events")...)
		settled, err := s.Settling(civil.In(horizon, set.Zone))
		if err != nil {
			t.Fatalf("Settling: %v", err)
		}
		for _, st := range settled {
			for _, step := range st.Due {
				x := step.Explain()
				if got, err := x.Amount(); err != nil || got != step.Minor {
					t.Fatalf("the figures of %+v give %d, %v, want %d", x, got, err, step.Minor)
				}
			}
		}
	})
}

// An accelerator's share is a line of its own that begins at its quarter's end.
func TestEveryUpliftIsWalked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
		s := state(t, set, genFacts.Draw(t, "events")...)
		if _, err := s.Settling(civil.In(horizon, set.Zone)); err != nil {
			t.Fatalf("Settling: %v", err)
		}
		for _, d := range s.Deals() {
			for i := range d.derived.shares {
				c := &d.derived.shares[i]
				last := set.Calendar.Last(set.Calendar.QuarterOf(d.Booked))
				minor := rapid.Int64Range(1, 1000).Draw(t, "minor")
				asPaid := rapid.Bool().Draw(t, "as paid")
				why := ledger.Explanation{Text: "share", Rule: "rules §5", Figures: []ledger.Figure{ledger.Minor(ledger.Plus, "share", "", minor, "USD")}}
				basis := Basis{Known: civil.In(horizon, set.Zone)}
				if asPaid {
					basis = Basis{Known: last, AsPaid: true}
				}
				before := func(x *loss) bool { return x.on <= last || x.credit && x.on <= basis.Known }
				if c.part(before).Sign() == 0 {
					continue // nothing is credited, or all is lost: there is no share
				}
				steps, err := c.Uplift(nil, minor, last, basis, set.Plans[0], func() ledger.Explanation { return why })
				if err != nil {
					t.Fatalf("Uplift: %v", err)
				}
				if len(steps) == 0 {
					continue // lost before it was posted
				}
				after := func(x *loss) bool { return before(x) || x.on > last && (asPaid || !x.credit) }
				kept, err := remains(steps[0].Minor, of(c.part(after), c.part(before)))
				if err != nil {
					t.Fatal(err)
				}
				if steps[0].Effective != last || steps[0].Kind != ledger.TrueUp {
					t.Fatalf("the share begins with %+v, want a true-up of %s", steps[0].Key, last)
				}
				checkWalk(t, c, steps, kept)
			}
		}
	})
}

// A deal's credits never exceed it, never grow as days pass, and what counts
// is what CreditBy says.
func TestCreditsOnlyShrink(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
		s := state(t, set, genFacts.Draw(t, "events")...)
		if _, err := s.Settling(civil.In(horizon, set.Zone)); err != nil {
			t.Fatalf("Settling: %v", err)
		}
		for _, d := range s.Deals() {
			before := d.home.Minor
			for _, on := range []civil.Date{d.Booked, d.Booked + 30, d.Booked + 90, d.Booked + 400, civil.In(horizon, set.Zone)} {
				sum := int64(0)
				for _, c := range creditsOn(t, d, on.String()) {
					if c.ARR.Minor < 0 || !c.Counted() && c.ARR.Minor != 0 {
						t.Fatalf("credit %+v on %s", c, on)
					}
					sum += c.ARR.Minor
				}
				if sum > before {
					t.Fatalf("credits of %s on %s sum to %d, were at most %d", d.Opportunity, on, sum, before)
				}
				before = sum
			}
		}
	})
}

// remains loses what rounds, so that nothing is made up of parts.
func TestRemains(t *testing.T) {
	for _, tt := range []struct{ minor, num, den, want int64 }{
		{480_00, 1, 1, 480_00},
		{480_00, 0, 1, 0},
		{480_00, 1, 2, 240_00},
		{1, 1, 2, 0}, // half a cent is lost whole
		{3, 1, 2, 1},
		{-3, 1, 2, -1},
		{100, 2, 3, 67},
		{0, 1, 2, 0},
	} {
		got, err := remains(tt.minor, money.Ratio{Num: tt.num, Den: tt.den}.Rat())
		if err != nil || got != tt.want {
			t.Errorf("remains(%d, %d/%d) = %d, %v, want %d", tt.minor, tt.num, tt.den, got, err, tt.want)
		}
	}
}

// Source: rules §6, §7, §4; readings R9, R10, R22, R26, R28. Every gate on the
// deal of 10 February; the account renews on 1 January 2028.
func TestGates(t *testing.T) {
	const (
		released = "2028-01-01 csm-1 release 480.00 held>payable renewal_released"
		atOnce   = "2027-02-10 csm-1 earning 480.00 expense>payable expansion_booked"
	)
	earnedFor := func(why string) string { return "2027-02-10 csm-1 earning 480.00 expense>held " + why }
	releasedOn := func(on, why string) string { return on + " csm-1 release 480.00 held>payable " + why }
	cash := func(p *plan.Plan) { p.Payability.Cash = "invoice_paid" }
	cashOnly := func(p *plan.Plan) { p.Payability.Cash, p.Payability.Renewal = "invoice_paid", "off" }
	off := func(p *plan.Plan) { p.Payability.Renewal = "off" }
	whole := event.Share{Payee: "csm-1", BPS: 10000}
	renewed := renews("", "2028-01-01", "2029-01-01", 124_000_00)
	paid := func(id, on string) fact { return bills(id, "o1", event.InvoicePaid, on, 10) }
	for _, tt := range []struct {
		name  string
		plan  func(*plan.Plan)
		facts []fact
		want  []string
	}{
		{"no invoice is known", cash, owned(renewed), []string{earnedFor("invoice_unpaid")}},
		{"paid before the renewal", cash, owned(renewed, paid("i1", "2027-05-01")), []string{earned, released}},
		{"paid after it", cash, owned(renewed, paid("i1", "2028-02-01")), []string{earned, releasedOn("2028-02-01", "expansion_booked")}},
		{"one of two", cash, owned(renewed, paid("i1", "2027-05-01"), bills("i2", "o1", event.InvoiceIssued, "2027-05-01", 10)), []string{earnedFor("invoice_unpaid")}},
		{"the other is voided and replaced", cash, owned(renewed, paid("i1", "2027-05-01"), func(h event.Header) event.Event {
			return event.Invoice{Header: h, State: event.InvoiceVoided, Invoice: "i2", Account: "acct-1", Opportunity: "o1", Amount: usd(10), At: noon("2027-05-01"), ReplacedBy: "i1"}
		}), []string{earned, released}},
		{"paid before the booking", cashOnly, owned(paid("i1", "2027-02-01")), []string{atOnce}},
		{"paid on the day", cashOnly, owned(paid("i1", "2027-02-10")), []string{atOnce}},
		{"paid the day after", cashOnly, owned(paid("i1", "2027-02-11")), []string{earned, releasedOn("2027-02-11", "expansion_booked")}},
		{"the last of two", cashOnly, owned(paid("i1", "2027-02-11"), paid("i2", "2027-03-11")), []string{earned, releasedOn("2027-03-11", "expansion_booked")}},
		{"failed again after it was paid", cashOnly, owned(paid("i1", "2027-02-11"), bills("i1", "o1", event.InvoiceFailed, "2027-02-12", 10)), []string{earnedFor("invoice_unpaid")}},
		{"another deal's", cashOnly, owned(bills("i1", "o2", event.InvoicePaid, "2027-02-11", 10)), []string{earnedFor("invoice_unpaid")}},

		{"disputed", nil, owned(renewed, disputes("d1", "o1", "2027-03-01")), []string{earnedFor("dispute_pending")}},
		{"another deal is disputed", nil, owned(renewed, disputes("d1", "o2", "2027-03-01")), []string{earned, released}},
		{"decided before the renewal", nil, owned(renewed, disputes("d1", "o1", "2027-03-01"), decides("d1", "o1", "2027-04-01", whole)), []string{earnedFor("split_arbitrated"), released}},
		{"decided after it", nil, owned(renewed, disputes("d1", "o1", "2027-03-01"), decides("d1", "o1", "2028-04-01", whole)), []string{earnedFor("split_arbitrated"), releasedOn("2028-04-01", "split_arbitrated")}},
		{
			"one of two is decided", nil,
			owned(renewed, disputes("d1", "o1", "2027-03-01"), disputes("d2", "o1", "2027-03-02"), decides("d1", "o1", "2027-04-01", whole)),
			[]string{earnedFor("dispute_pending")},
		},
		{
			"the last of both", off,
			owned(disputes("d1", "o1", "2027-03-01"), disputes("d2", "o1", "2027-03-02"), decides("d2", "o1", "2027-05-01", whole), decides("d1", "o1", "2027-04-01", whole)),
			[]string{earnedFor("split_arbitrated"), releasedOn("2027-05-01", "split_arbitrated")},
		},
		{"decided before the booking", off, owned(decides("d1", "o1", "2027-01-01", whole)), []string{"2027-02-10 csm-1 earning 480.00 expense>payable split_arbitrated"}},
		{"a dispute comes before all else", cash, owned(renewed, disputes("d1", "o1", "2027-03-01")), []string{earnedFor("dispute_pending")}},

		{
			"an exception releases at the churn", nil, owned(churns("2027-03-01"), excepts("x1", "cfo", "2027-03-01", "")),
			[]string{earned, releasedOn("2027-03-01", "exception_approved")},
		},
		{
			"… from the day after, too late", nil, owned(churns("2027-03-01"), excepts("x1", "cfo", "2027-03-02", "")),
			[]string{earned, "2027-03-01 csm-1 forfeiture -480.00 expense>held churn_within_window"},
		},
		{
			"… until the day itself", nil, owned(churns("2027-03-01"), excepts("x1", "cfo", "2027-01-01", "2027-03-01")),
			[]string{earned, releasedOn("2027-03-01", "exception_approved")},
		},
		{"… when the renewal is missed", nil, owned(excepts("x1", "cfo", "2028-01-31", "2028-01-31")), []string{earned, releasedOn("2028-01-31", "exception_approved")}},
		{
			"… not from a cancellation", nil, owned(excepts("x1", "cfo", "2027-01-01", ""), loses("o1", "2027-04-01")),
			[]string{earned, "2027-04-01 csm-1 forfeiture -480.00 expense>held expansion_cancelled"},
		},
	} {
		if got := allLines(t, setting(tt.plan), "2029-06-01", tt.facts...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: due\n%q, want\n%q", tt.name, got, tt.want)
		}
	}
}

// Source: rules §7 "Cancelled or voided"; readings R21, R25. The deal's 480 are
// held, of an invoice of 30,000 where one is named.
func TestBilledLosses(t *testing.T) {
	forfeited := func(on, minor, why string) string { return on + " csm-1 forfeiture " + minor + " expense>held " + why }
	invoice := func(state event.InvoiceState, on string) fact { return bills("i1", "o1", state, on, 30_000_00) }
	for _, tt := range []struct {
		name  string
		facts []fact
		want  []string // beside the earning
	}{
		{"voided", []fact{invoice(event.InvoiceVoided, "2027-03-01")}, []string{forfeited("2027-03-01", "-480.00", "invoice_voided")}},
		{"voided before the booking", []fact{invoice(event.InvoiceVoided, "2027-02-01")}, []string{forfeited("2027-02-10", "-480.00", "invoice_voided")}},
		{"given up, then paid", []fact{invoice(event.InvoiceUncollectible, "2027-03-01"), invoice(event.InvoicePaid, "2027-03-02")}, nil},
		{"paid, then given up", []fact{invoice(event.InvoicePaid, "2027-03-01"), invoice(event.InvoiceUncollectible, "2027-03-02")}, []string{forfeited("2027-03-02", "-480.00", "invoice_uncollectible")}},
		{"payment failed", []fact{invoice(event.InvoiceFailed, "2027-03-01")}, nil},
		{"a tenth credited", []fact{invoice(event.InvoiceIssued, "2027-02-10"), credits("i1", "", "order_change", "2027-03-01", 3_000_00)}, []string{forfeited("2027-03-01", "-48.00", "credit_note")}},
		{"a third: rounded", []fact{invoice(event.InvoiceIssued, "2027-02-10"), credits("i1", "", "cancellation", "2027-03-01", 10_000_00)}, []string{forfeited("2027-03-01", "-160.00", "credit_note")}},
		{"of an unknown invoice: of the deal's ARR", []fact{credits("i1", "o1", "order_change", "2027-03-01", 12_000_00)}, []string{forfeited("2027-03-01", "-240.00", "credit_note")}},
		{"more than the invoice", []fact{invoice(event.InvoiceIssued, "2027-02-10"), credits("i1", "", "order_change", "2027-03-01", 99_000_00)}, []string{forfeited("2027-03-01", "-480.00", "credit_note")}},
		{"a waiver", []fact{invoice(event.InvoiceIssued, "2027-02-10"), credits("i1", "", "waiver", "2027-03-01", 3_000_00)}, nil},
		{
			"two, then voided",
			[]fact{credits("", "o1", "order_change", "2027-03-01", 6_000_00), credits("", "o1", "order_change", "2027-03-02", 6_000_00), invoice(event.InvoiceVoided, "2027-03-03")},
			[]string{forfeited("2027-03-01", "-120.00", "credit_note"), forfeited("2027-03-02", "-120.00", "credit_note"), forfeited("2027-03-03", "-240.00", "invoice_voided")},
		},
		{"voided first on one day", []fact{credits("", "o1", "order_change", "2027-03-01", 6_000_00), bills("i1", "o1", event.InvoiceVoided, "2027-03-01", 1)}, []string{forfeited("2027-03-01", "-480.00", "invoice_voided")}},
	} {
		want := append([]string{earned}, tt.want...)
		if got := allLines(t, setting(nil), "2027-12-31", owned(tt.facts...)...); !slices.Equal(got, want) {
			t.Errorf("%s: due\n%q, want\n%q", tt.name, got, want)
		}
	}
}

// Source: rules §7 "churn = effective_on (options notice, earlier_of)". Booked
// on 10 February, 90 days: until 11 May.
func TestChurnDate(t *testing.T) {
	for _, tt := range []struct {
		name       string
		facts      []fact
		want       map[string]string // day of the loss by option; none: missed later
		cannotMiss bool
	}{
		{
			"notice inside, churn outside",
			[]fact{notifies("2027-05-01"), churns("2027-06-01")},
			map[string]string{"notice": "2027-05-01", "earlier_of": "2027-05-01"},
			false,
		},
		{
			"both inside",
			[]fact{notifies("2027-03-01"), churns("2027-04-01")},
			map[string]string{"effective": "2027-04-01", "notice": "2027-03-01", "earlier_of": "2027-03-01"},
			false,
		},
		{"no notice", []fact{churns("2027-04-01")}, map[string]string{"effective": "2027-04-01", "notice": "2027-04-01", "earlier_of": "2027-04-01"}, false},
		{"notice alone", []fact{notifies("2027-05-11")}, map[string]string{"notice": "2027-05-11", "earlier_of": "2027-05-11"}, true},
		{"a day outside", []fact{notifies("2027-05-12")}, nil, true},
		{"before the booking", []fact{notifies("2027-02-09"), churns("2027-04-01")}, map[string]string{"effective": "2027-04-01"}, false},
		{
			"of the life that ends on the booking, and another begins",
			[]fact{notifies("2027-02-09"), churns("2027-02-10"), returns("2027-02-10", 80_000_00)},
			map[string]string{"effective": "2027-02-10"},
			false,
		},
		{"withdrawn", []fact{notifies("2027-03-01"), stays("2027-06-01")}, nil, true},
		{"the earliest", []fact{notifies("2027-04-01"), notifies("2027-03-01")}, map[string]string{"notice": "2027-03-01", "earlier_of": "2027-03-01"}, true},
	} {
		for _, option := range []string{"effective", "notice", "earlier_of"} {
			set := setting(func(p *plan.Plan) { p.Clawback.ChurnDate = option })
			want := []string{earned}
			if on, ok := tt.want[option]; ok {
				want = append(want, on+" csm-1 forfeiture -480.00 expense>held churn_within_window")
			} else if !tt.cannotMiss {
				want = append(want, missedAt(tt.facts)+" csm-1 forfeiture -480.00 expense>held renewal_missed")
			}
			if got := allLines(t, set, "2027-12-31", owned(tt.facts...)...); !slices.Equal(got, want) {
				t.Errorf("%s, %s: due %q, want %q", option, tt.name, got, want)
			}
		}
	}
}

// missedAt is the churn among facts.
func missedAt(facts []fact) string {
	for _, e := range stated(facts...) {
		if c, ok := e.(event.ChurnEffective); ok {
			return c.Effective.String()
		}
	}
	return ""
}
