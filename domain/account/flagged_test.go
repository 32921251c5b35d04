package account_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/civil"
)

// An account's flags that are brought up to date from the quarter on that
// FlagFigures gives are those of an account that is looked at for the first time.
func TestFlagsChangeOnlyFromWhereTheyAreLookedAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := account.GenSetting(t)
		set.Plans[0].Crediting.SlicingDays = rapid.SampledFrom([]int{0, 30, 90}).Draw(t, "slicing")
		events := account.GenBusy.Draw(t, "events")
		lived, raised := account.New("acct-1", set), map[string]advice.Flag{}
		today := civil.On(2026, time.June, 1)
		for i, e := range events {
			if _, err := lived.Add(e); err != nil {
				t.Fatalf("Add: %v", err)
			}
			today += civil.Date(rapid.SampledFrom([]int{0, 0, 5, 40, 200}).Draw(t, "days later"))
			keepFlags(lived, today, raised)
			once, want := account.New("acct-1", set), map[string]advice.Flag{}
			for _, e := range events[:i+1] {
				if _, err := once.Add(e); err != nil {
					t.Fatalf("Add: %v", err)
				}
			}
			keepFlags(once, today, want)
			if !maps.Equal(raised, want) {
				t.Fatalf("after %T %+v on %s flags are\n%v\nwant\n%v", e, e, today, raised, want)
			}
		}
	})
}

// What is news about an account that is asked on one day after another is what
// an account says that is asked for the first time.
func TestNoticesAreKeptOnlyAsLongAsTheyAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := account.GenSetting(t)
		set.Plans[0].SLA.ExpansionReviewDays = rapid.SampledFrom([][]int{nil, {30}, {30, 90}}).Draw(t, "reviews")
		set.Plans[0].SLA.RenewalWindowDays = rapid.SampledFrom([]int{0, 90}).Draw(t, "window")
		events := account.GenBusy.Draw(t, "events")
		lived := account.New("acct-1", set)
		today := civil.On(2026, time.June, 1)
		for i, e := range events {
			once := account.New("acct-1", set)
			for _, e := range events[:i+1] {
				if _, err := once.Add(e); err != nil {
					t.Fatalf("Add: %v", err)
				}
			}
			if _, err := lived.Add(e); err != nil {
				t.Fatalf("Add: %v", err)
			}
			for range 3 {
				today += civil.Date(rapid.SampledFrom([]int{0, 1, 5, 40, 200}).Draw(t, "days later"))
				got := slices.Clone(lived.Notices(today))
				once.PayeesChanged() // nothing is kept
				if want := once.Notices(today); !slices.Equal(got, want) {
					t.Fatalf("after %T %+v on %s notices are\n%v\nwant\n%v", e, e, today, got, want)
				}
			}
		}
	})
}

// keepFlags brings flags to what a state says now.
func keepFlags(s *account.State, today civil.Date, raised map[string]advice.Flag) {
	in, changed := s.FlagFigures(today)
	if !changed {
		return
	}
	figures := advice.AccountFigures{Account: s.ID, Calendar: civil.Calendar{}, Since: in.Since, Crediting: in.Crediting, Renewals: in.Renewals, Churns: in.Churns}
	for _, x := range in.Expansions {
		figures.Expansions = append(figures.Expansions, advice.Deal(x))
	}
	for _, x := range in.Changes {
		figures.Changes = append(figures.Changes, advice.Change(x))
	}
	maps.DeleteFunc(raised, func(_ string, f advice.Flag) bool { return f.Period >= in.Since })
	for _, f := range advice.OfAccount(figures) {
		raised[f.Name+f.Period.String()] = f
	}
}
