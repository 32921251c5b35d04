package advice

import (
	"testing"

	"github.com/trueup/trueup/domain/money"
)

func TestExpansion(t *testing.T) {
	for _, tt := range []struct {
		name                           string
		base, need, acquisition, churn int64
		needed, surplus, of, nrr, grr  string
		versus                         int
	}{
		{"rules", 5_000_000, 2_000_000, 1_200_000, 500_000, "1300000.00", "0.00", "26%", "116%", "90%", 0},
		{"a dollar more churn", 5_000_000, 2_000_000, 1_200_000, 500_001, "1300001.00", "0.00", "26.00002%", "116%", "89.99998%", -1},
		{"acquisition is enough", 1_000_000, 100_000, 300_000, 50_000, "0.00", "150000.00", "0%", "95%", "95%", 1},
		{"exactly enough", 1_000_000, 100_000, 100_000, 0, "0.00", "0.00", "0%", "100%", "100%", 1},
		{"all is lost", 3, 3, 0, 3, "6.00", "0.00", "200%", "200%", "0%", -1},
	} {
		g := Growth{usd(tt.base), usd(tt.need), usd(tt.acquisition), usd(tt.churn)}
		x, err := g.Expansion()
		if err != nil {
			t.Fatal(err)
		}
		if x.Needed.Decimal() != tt.needed || x.Surplus.Decimal() != tt.surplus || x.VersusGRR != tt.versus {
			t.Errorf("%s: %+v, want %s, surplus %s, against the floor %d", tt.name, x, tt.needed, tt.surplus, tt.versus)
		}
		for what, of := range map[string][2]string{
			"of base": {money.Percent(x.OfBase), tt.of}, "NRR": {money.Percent(x.NRR), tt.nrr}, "GRR": {money.Percent(x.GRR), tt.grr},
		} {
			if of[0] != of[1] {
				t.Errorf("%s: %s %s, want %s", tt.name, what, of[0], of[1])
			}
		}
	}
	for _, g := range []Growth{
		{Base: usd(0), Need: usd(1)},
		{Base: usd(-5), Need: usd(1)},
		{Base: usd(1), Churn: usd(2)},
		{Base: usd(1), Need: money.Money{Minor: 1<<63 - 1, Currency: "USD"}, Churn: usd(1)},
	} {
		if x, err := g.Expansion(); err == nil {
			t.Errorf("%+v.Expansion() = %+v, want an error", g, x)
		}
	}
}

func TestAnnual(t *testing.T) {
	for _, tt := range []struct{ monthly, want string }{
		{"1.01", "1.126825"}, {"1", "1.000000"}, {"0", "0.000000"}, {"0.98", "0.784717"}, {"2", "4096.000000"},
	} {
		r, err := money.ParseRatio(tt.monthly)
		if err != nil {
			t.Fatal(err)
		}
		if got := Annual(r).FloatString(6); got != tt.want {
			t.Errorf("Annual(%s) = %s, want %s", tt.monthly, got, tt.want)
		}
	}
}

func TestGrown(t *testing.T) {
	for _, tt := range []struct {
		opening int64
		nrr     string
		want    string
	}{
		{3_000_000, "110%", "300000.00"}, {3_000_000, "100%", "0.00"}, {1_000_000, "95%", "-50000.00"}, {1, "100.5%", "0.01"},
	} {
		r, err := money.ParsePercent(tt.nrr)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Grown(usd(tt.opening), r); err != nil || got.Decimal() != tt.want {
			t.Errorf("Grown(%d, %s) = %s, %v, want %s", tt.opening, tt.nrr, got.Decimal(), err, tt.want)
		}
	}
}

func TestSegmentOf(t *testing.T) {
	for _, name := range []string{"enterprise", "mid_market", "smb"} {
		if s, ok := SegmentOf(name); !ok || s.Name != name || s.NRR.Low.Cmp(s.NRR.High) >= 0 {
			t.Errorf("SegmentOf(%s) = %+v, %v", name, s, ok)
		}
	}
	if _, ok := SegmentOf("SMB"); ok {
		t.Error("SegmentOf(SMB) is there")
	}
}
