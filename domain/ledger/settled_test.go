package ledger_test

import (
	"testing"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/ledger"
)

// What is posted is what is due, step by step; anything else is corrupt.
func TestSettled(t *testing.T) {
	earned := ledger.Step{Key: ledger.Key{Line: ledger.Line{Payee: "csm-1"}, To: ledger.Payable}, Minor: 500, Currency: "USD"}
	posted := ledger.Tally{{Key: earned.Key, Minor: 500, Currency: "USD", Entries: 1}}
	other := earned
	other.Kind = ledger.Spif
	for _, s := range []*ledger.Step{&earned, &other} {
		s.Explain = func() ledger.Explanation { return ledger.Explanation{} }
	}
	for _, tt := range []struct {
		name   string
		due    []ledger.Step
		posted ledger.Tally
		want   bool
	}{
		{"nothing", nil, nil, true},
		{"what is due", []ledger.Step{earned}, posted, true},
		{"less than is due", []ledger.Step{earned}, nil, false},
		{"more than is due", nil, posted, false},
		{"another step of the sum", []ledger.Step{other}, posted, false},
		{"a step that is due twice", []ledger.Step{earned, {Key: earned.Key, Minor: 200, Currency: "USD", Explain: earned.Explain}}, posted, false},
	} {
		if err := ledger.Settled(tt.due, tt.posted); (err == nil) != tt.want || err != nil && domain.KindOf(err) != domain.Corrupt {
			t.Errorf("%s: Settled() = %v (%v), want none: %v", tt.name, err, domain.KindOf(err), tt.want)
		}
	}
}

// A step without an explanation is fine as long as it is not posted.
func TestUnexplained(t *testing.T) {
	key := ledger.Key{Line: ledger.Line{Payee: "csm-1"}, Effective: 7}
	explain := func() ledger.Explanation { return ledger.Explanation{} }
	for _, tt := range []struct {
		name    string
		minor   int64
		explain func() ledger.Explanation
		posted  ledger.Tally
		want    int
	}{
		{"posted", 5, nil, ledger.Tally{{Key: key, Minor: 5, Entries: 1}}, 0},
		{"posted differently", 5, nil, ledger.Tally{{Key: key, Minor: 4, Entries: 1}}, 1},
		{"not posted", 5, nil, nil, 1},
		{"not posted, explained", 5, explain, nil, 0},
	} {
		if got := ledger.Unexplained([]ledger.Step{{Key: key, Minor: tt.minor, Explain: tt.explain}}, tt.posted); len(got) != tt.want {
			t.Errorf("%s: Unexplained = %v, want %d", tt.name, got, tt.want)
		}
	}
	merged, err := ledger.Merge([]ledger.Step{{Key: key, Minor: 1, Explain: explain}, {Key: key, Minor: 2}})
	if err != nil || len(merged) != 1 || merged[0].Minor != 3 || merged[0].Explain != nil {
		t.Errorf("Merge of a step without an explanation = %+v, %v", merged, err)
	}
}
