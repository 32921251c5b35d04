package planfile

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func decodeFile(t *testing.T, file string) *plan.Plan {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decode(file, src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// same compares plans by what they mean: a time zone by its name.
func same(a, b *plan.Plan) bool {
	x, y := *a, *b
	if x.Zone.String() != y.Zone.String() {
		return false
	}
	x.Zone, y.Zone = time.UTC, time.UTC
	return reflect.DeepEqual(x, y)
}

// TestCanonicalFixedPoint: the canonical form decodes to an equal plan with
// the same hash, and its own canonical form is itself.
func TestCanonicalFixedPoint(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "presets/three-pool-mid-market.yaml")
	for _, file := range files {
		if filepath.Base(file) == "wrong.yaml" {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			p := decodeFile(t, file)
			text := Canonical(p)
			if p.Hash != sha256.Sum256(text) {
				t.Errorf("Decode(%s).Hash = %x, want the hash of its canonical form", file, p.Hash)
			}
			again, err := Decode("canonical", text)
			if err != nil {
				t.Fatalf("Decode(Canonical(%s)): %v\n%s", file, err, text)
			}
			if !same(p, again) {
				t.Errorf("Decode(Canonical(%s)) = %+v, want %+v", file, again, p)
			}
			if second := Canonical(again); string(second) != string(text) {
				t.Errorf("Canonical is not a fixed point for %s:\n%s\nthen:\n%s", file, text, second)
			}
		})
	}
}

// TestCanonicalGolden pins bytes and hash: entries in ledgers name them.
func TestCanonicalGolden(t *testing.T) {
	for file, name := range map[string]string{
		"presets/three-pool-mid-market.yaml": "three-pool-mid-market",
		"testdata/every-option.yaml":         "every-option",
	} {
		p := decodeFile(t, file)
		golden(t, "testdata/"+name+".canonical", "# sha256 "+hex.EncodeToString(p.Hash[:])+"\n"+string(Canonical(p)))
	}
}

func TestHashIgnoresSpelling(t *testing.T) {
	a, b := decodeFile(t, "presets/three-pool-mid-market.yaml"), decodeFile(t, "testdata/spelled-differently.yaml")
	if !same(a, b) {
		t.Errorf("the preset spelled differently has the canonical form\n%s\nwant\n%s", Canonical(b), Canonical(a))
	}
}

func TestHashSeesEveryValue(t *testing.T) {
	a := decodeFile(t, "testdata/band-edge-25000-00.yaml")
	src := head + component
	b, err := Decode("b", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Decode("c", []byte(src+"clawback: {window_days: 91}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if a.Hash == b.Hash || b.Hash == c.Hash {
		t.Errorf("different plans have one hash: %x %x %x", a.Hash, b.Hash, c.Hash)
	}
}

func TestDefaults(t *testing.T) {
	p, err := Decode("p", []byte(head+
		"  - {id: r, kind: retention, weight: 60%, multiplier: {at_stretch: 2}}\n"+
		"  - {id: e, kind: expansion, weight: 40%}\n"+
		"  - {id: m, kind: expansion, basis: mrr}\n"+
		"  - {id: s, kind: spif}\n"+
		"sla: {risk: {below: 60, hours: 100}}\ncurrency: JPY\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, e, m, s := p.Components[0], p.Components[1], p.Components[2], p.Components[3]
	yen := func(n int64) money.Money { return money.Money{Minor: n, Currency: "JPY"} }
	for _, tt := range []struct {
		what      string
		got, want any
	}{
		{"timezone", p.Zone.String(), "America/New_York"},
		{"ownership", p.Ownership, "banded"},
		{"applies_to", p.AppliesTo, plan.AppliesTo{}},
		{"variable_annual", p.Variable, yen(30000)},
		{"periods", p.Periods, plan.Periods{Kind: "quarter", Calendar: civil.Calendar{StartMonth: 1, StartDay: 1}, LockAfterDays: 10}},
		{"ledger_starts_on", p.LedgerStarts, (*civil.Date)(nil)},
		{"proration", p.Proration, "days"},
		{"retention.window", r.Window, "ttm"},
		{"retention.curve", r.Curve, "prorata"},
		{"retention.floor", r.Floor.Percent(), "90%"},
		{"retention.target", r.Target.Percent(), "95%"},
		{"retention.stretch", r.Stretch.Percent(), "98%"},
		{"retention.multiplier", r.Multiplier, plan.Multiplier{BelowFloor: tenths(5), AtTarget: money.One, AtStretch: tenths(20)}},
		{"expansion.basis", e.Basis, "pool"},
		{"expansion.target", *e.AnnualARR, yen(600000)},
		{"expansion.tiers", len(e.Tiers), 3},
		{"expansion.tier_mode", e.TierMode, "marginal"},
		{"expansion.window", e.Window, "quarter"},
		{"mrr.rate", m.Rate.Percent(), "15%"},
		{"mrr.weight", m.Weight, (*money.Ratio)(nil)},
		{"mrr.target", m.AnnualARR, (*money.Money)(nil)},
		{"spif.table", s.Table, []plan.Amount{{From: yen(0), Amount: yen(250)}}},
		{"crediting", p.Crediting, plan.Crediting{Mode: "split", Bands: defaultBands("JPY"), SlicingDays: 30, HandoffAbove: yen(15000)}},
		{"sla.risk", p.SLA.Risk, plan.RiskClock{Below: money.Ratio{Num: 60, Den: 1}, Hours: 100, Warn: 24, Clock: "elapsed"}},
		{"sla.dispute", p.SLA.Dispute, plan.DisputeClock{Hours: 48, Warn: 8, Clock: "elapsed", DecidedBy: "director_revops"}},
		{"evidence", p.Evidence, plan.Evidence{Renewal: "any", Churn: "any", Expansion: "crm"}},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("default of %s = %+v, want %+v", tt.what, tt.got, tt.want)
		}
	}
}
