package advice_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func usd(minor int64) money.Money { return money.Money{Minor: minor, Currency: "USD"} }

func amount(minor int64) *money.Money { m := usd(minor); return &m }

func pointer(n int64) *int64 { return &n }

func percent(n int64) money.Ratio { return money.Ratio{Num: n, Den: 100} }

func day(text string) civil.Date {
	d, err := civil.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// raised is a flag with the figure and the threshold, or empty.
func raised(flags []advice.Flag, names ...string) string {
	for _, f := range flags {
		for _, name := range names {
			if f.Name == name {
				return fmt.Sprintf("%s %s of %s", f.Name, f.Figure, f.Threshold)
			}
		}
	}
	return ""
}

// figures are of a CSM whose quarter is over and who gives no cause for a flag,
// and what changes them.
func figures(change func(*advice.PayeeFigures)) advice.PayeeFigures {
	in := advice.PayeeFigures{
		Payee: "csm-1", Role: event.CSM, Segment: "mid_market", Period: 2027 * 4, Ended: true, Currency: "USD",
		Limits:   plan.Flags{PortfolioLarge: 50, PortfolioTooLarge: 60, HandoffBroken: percent(40)},
		Book:     account.Glance{ARR: 4_000_000_00, Living: 40, Leads: 1},
		Variable: amount(30000_00), Opening: pointer(1), Requested: amount(5), Confirmed: amount(5),
	}
	if change != nil {
		change(&in)
	}
	return in
}

// Each flag at both sides of its edges.
func TestFlagsOfPayees(t *testing.T) {
	type in = *advice.PayeeFigures
	portfolio := []string{advice.PortfolioLarge, advice.PortfolioTooLarge}
	handoff, silent, quota := []string{advice.HandoffBroken}, []string{advice.SilentSignals}, []string{advice.QuotaTooLow}
	variable, size, unbalanced := []string{advice.NoVariable}, []string{advice.BookSize}, []string{advice.BookUnbalanced}
	empty, mismatch := []string{advice.EmptyBook}, []string{advice.PayoutMismatch}
	living := func(n int) func(in) { return func(p in) { p.Book.Living = n } }
	qualified := func(n, won int) func(in) {
		return func(p in) { p.Book.Qualified, p.Book.QualifiedWon = n, won }
	}
	grr := func(of ...money.Ratio) func(in) { return func(p in) { p.GRR = of } }
	high, higher, edge := money.Ratio{Num: 981, Den: 1000}, percent(100), percent(98)
	book := func(segment string, major int64) func(in) {
		return func(p in) { p.Segment, p.Book.ARR = segment, major*100 }
	}
	reports := func(n int) func(in) { return func(p in) { p.Role, p.Reports = event.Manager, n } }
	risk := func(own int64, team ...int64) func(in) {
		return func(p in) {
			members := []advice.RiskShare{{}, {}, {}} // without a book: they do not count
			for _, atRisk := range team {
				members = append(members, advice.RiskShare{AtRisk: atRisk, ARR: 100})
			}
			p.Book.ARR, p.Book.AtRiskARR, p.Team = 100, own, advice.NewTeam(members)
		}
	}
	and := func(changes ...func(in)) func(in) {
		return func(p in) {
			for _, c := range changes {
				c(p)
			}
		}
	}
	running := func(p in) { p.Ended = false }
	role := func(r event.Role) func(in) { return func(p in) { p.Role = r } }

	for _, tt := range []struct {
		name   string
		change func(in)
		flag   []string
		want   string
	}{
		{"50 accounts", living(50), portfolio, ""},
		{"51 accounts", living(51), portfolio, "portfolio_large 51 of 50"},
		{"60 accounts", living(60), portfolio, "portfolio_large 60 of 50"},
		{"61 accounts: only the larger", living(61), portfolio, "portfolio_too_large 61 of 60"},
		{"61 accounts of an AE", and(living(61), role(event.AE)), portfolio, ""},
		{"61 accounts without a limit", and(living(61), func(p in) { p.Limits = plan.Flags{} }), portfolio, ""},

		{"4 deals, none won", qualified(4, 0), handoff, ""},
		{"5 deals, one won", qualified(5, 1), handoff, "handoff_broken 20% of 40%"},
		{"5 deals, two won", qualified(5, 2), handoff, ""},
		{"8 deals, three won", qualified(8, 3), handoff, "handoff_broken 37.5% of 40%"},
		{"5 deals of an AE", and(qualified(5, 1), role(event.AE)), handoff, ""},

		{"one sourced", nil, silent, ""},
		{"none sourced", func(p in) { p.Book.Leads = 0 }, silent, "silent_signals 0 of 1"},
		{"none sourced, one of their own booked", func(p in) { p.Book.Leads, p.Expanded = 0, true }, silent, ""},
		{"none sourced yet", and(running, func(p in) { p.Book.Leads = 0 }), silent, ""},
		{"none sourced by an AE", and(role(event.AE), func(p in) { p.Book.Leads = 0 }), silent, ""},

		{"three quarters", grr(high, high, high), quota, ""},
		{"four quarters", grr(high, higher, higher, higher), quota, "quota_too_low 98.1% of 98%"},
		{"exactly 98 % in one", grr(higher, higher, higher, edge), quota, ""},
		{"98 % before the four", grr(edge, higher, higher, higher, higher), quota, "quota_too_low 100% of 98%"},
		{"the fourth still running", and(running, grr(high, high, high, high)), quota, ""},

		{"variable pay", nil, variable, ""},
		{"no variable pay", func(p in) { p.Variable = amount(0) }, variable, "no_variable 0.00 of above 0"},
		{"a cent of it", func(p in) { p.Variable = amount(1) }, variable, ""},
		{"no variable pay, no revenue", func(p in) { p.Variable, p.Book.ARR = amount(0), 0 }, variable, ""},
		{"no plan", func(p in) { p.Variable = nil }, variable, ""},

		{"SMB at 1M", book("smb", 1_000_000), size, ""},
		{"SMB below", book("SMB", 999_999), size, "book_size 999999.00 of 1000000.00–3000000.00"},
		{"SMB at 3M", book("smb", 3_000_000), size, ""},
		{"SMB above", book("smb", 3_000_001), size, "book_size 3000001.00 of 1000000.00–3000000.00"},
		{"mid-market at 3M", book("mid_market", 3_000_000), size, ""},
		{"mid-market below", book("Mid-Market", 2_999_999), size, "book_size 2999999.00 of 3000000.00–8000000.00"},
		{"mid-market at 8M", book("midmarket", 8_000_000), size, ""},
		{"mid-market above", book("mid_market", 8_000_001), size, "book_size 8000001.00 of 3000000.00–8000000.00"},
		{"enterprise at 5M", book("enterprise", 5_000_000), size, ""},
		{"enterprise below", book("enterprise", 4_999_999), size, "book_size 4999999.00 of 5000000.00–15000000.00"},
		{"enterprise at 15M", book("enterprise", 15_000_000), size, ""},
		{"enterprise above", book("enterprise", 15_000_001), size, "book_size 15000001.00 of 5000000.00–15000000.00"},
		{"strategic at 15M", book("strategic", 15_000_000), size, ""},
		{"strategic below", book("strategic", 14_999_999), size, "book_size 14999999.00 of 15000000.00–50000000.00"},
		{"strategic at 50M", book("strategic", 50_000_000), size, ""},
		{"strategic above", book("strategic", 50_000_001), size, "book_size 50000001.00 of 15000000.00–50000000.00"},
		{"an unknown segment", book("tiny", 1), size, ""},
		{"no book", book("smb", 0), size, ""},
		{"no currency", and(book("smb", 1), func(p in) { p.Currency = "" }), size, ""},
		{"an AE's", and(book("smb", 1), role(event.AE)), size, ""},
		{"a renewal manager's", and(book("smb", 1), role(event.RenewalManager)), size, ""},
		{"5 reports", reports(5), size, "book_size 5 of 6–8"},
		{"6 reports", reports(6), size, ""},
		{"8 reports", reports(8), size, ""},
		{"9 reports", reports(9), size, "book_size 9 of 6–8"},

		{"twice the median", risk(20, 10, 20, 10), unbalanced, ""},
		{"more than twice", risk(21, 10, 21, 10), unbalanced, "book_unbalanced 21% of 20%"},
		{"of an even team the mean of both middles", risk(31, 31, 20, 10, 0), unbalanced, "book_unbalanced 31% of 30%"},
		{"exactly twice that mean", risk(30, 30, 20, 10, 0), unbalanced, ""},
		{"the median is nothing", risk(1, 1, 0, 0), unbalanced, "book_unbalanced 1% of 0%"},
		{"nothing at risk", risk(0, 0, 0, 0), unbalanced, ""},
		{"alone", risk(50, 50), unbalanced, ""},
		{"a team without any book", risk(50), unbalanced, ""},
		{"no team", func(p in) { p.Book.ARR, p.Book.AtRiskARR = 100, 50 }, unbalanced, ""},
		{"no book of their own", and(risk(0, 10, 10), func(p in) { p.Book.ARR = 0 }), unbalanced, ""},

		{"a book", nil, empty, ""},
		{"an empty book", func(p in) { p.Opening = pointer(0) }, empty, "empty_book 0.00 of above 0"},
		{"an empty book, still running", and(running, func(p in) { p.Opening = pointer(0) }), empty, ""},
		{"not paid on a book", func(p in) { p.Opening = nil }, empty, ""},

		{"paid as asked", nil, mismatch, ""},
		{"paid a cent less", func(p in) { p.Confirmed = amount(4) }, mismatch, "payout_mismatch 0.04 of 0.05"},
		{"paid a cent more", func(p in) { p.Confirmed = amount(6) }, mismatch, "payout_mismatch 0.06 of 0.05"},
		{"not asked", func(p in) { p.Requested = nil }, mismatch, ""},
		{"not paid yet", func(p in) { p.Confirmed = nil }, mismatch, ""},
	} {
		if got := raised(ofPayee(figures(tt.change)), tt.flag...); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A flag says whose it is and of which quarter, and a payee without cause has none.
func TestFlagsOfPayeeAreNamed(t *testing.T) {
	if got := ofPayee(figures(nil)); len(got) != 0 {
		t.Errorf("OfPayee = %+v, want none", got)
	}
	got := ofPayee(figures(func(p *advice.PayeeFigures) { p.Book.Living, p.Variable = 70, amount(0) }))
	want := []advice.Flag{
		{Name: "portfolio_too_large", Payee: "csm-1", Period: 2027 * 4, Figure: "70", Threshold: "60"},
		{Name: "no_variable", Payee: "csm-1", Period: 2027 * 4, Figure: "0.00", Threshold: "above 0"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("OfPayee = %+v, want %+v", got, want)
	}
}

// Whether a book is unbalanced is told exactly, whatever the amounts: as with
// fractions of any size.
func TestABookIsUnbalancedAboveTwiceTheMedianExactly(t *testing.T) {
	amounts := rapid.OneOf(rapid.Int64Range(0, 4), rapid.Int64Range(1, math.MaxInt64))
	rapid.Check(t, func(t *rapid.T) {
		var members []advice.RiskShare
		var shares []*big.Rat
		for range rapid.IntRange(0, 5).Draw(t, "members") {
			m := advice.RiskShare{AtRisk: amounts.Draw(t, "at risk"), ARR: amounts.Draw(t, "ARR")}
			members = append(members, m)
			if m.ARR > 0 {
				shares = append(shares, big.NewRat(m.AtRisk, m.ARR))
			}
		}
		arr, atRisk := max(1, amounts.Draw(t, "own ARR")), amounts.Draw(t, "own at risk")
		want := ""
		if n := len(shares); n > 0 {
			slices.SortFunc(shares, (*big.Rat).Cmp)
			own, most := big.NewRat(atRisk, arr), new(big.Rat).Add(shares[(n-1)/2], shares[n/2])
			if own.Cmp(most) > 0 {
				want = fmt.Sprintf("book_unbalanced %s of %s", money.Percent(own), money.Percent(most))
			}
		}
		got := raised(ofPayee(figures(func(p *advice.PayeeFigures) {
			p.Book.ARR, p.Book.AtRiskARR, p.Team = arr, atRisk, advice.NewTeam(members)
		})), advice.BookUnbalanced)
		if got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	})
}

func ofPayee(in advice.PayeeFigures) []advice.Flag { return advice.OfPayee(&in) }
