package planfile

import (
	"slices"
	"testing"
)

func TestNotices(t *testing.T) {
	for _, tt := range []struct {
		file string
		want []string
	}{
		{"testdata/grr-loss-80000.yaml", []string{
			"gates.review_completion: the minimum of 80% is not applied in this release: there are no accelerators for it to stop",
			"clawback.contraction: proportional_lifo is not applied in this release: a contraction takes nothing back from deals",
		}},
		{"presets/three-pool-mid-market.yaml", []string{
			"components[1].tiers: the accelerator (1.3 from 120%, 1.5 from 150%) is not paid in this release: every deal earns 1.0",
			"components[2].kind: objectives pays nothing in this release",
			"gates.review_completion: the minimum of 80% is not applied in this release: there are no accelerators for it to stop",
			"clawback.contraction: proportional_lifo is not applied in this release: a contraction takes nothing back from deals",
		}},
		{"testdata/every-option.yaml", []string{
			"components[1].kind: net_retention pays nothing in this release",
			"components[2].tiers: the accelerator (0.8 from 0%) is not paid in this release: every deal earns 1.0",
			"components[2].window: ytd changes nothing in this release, which pays no accelerators",
			"components[3].tiers: the accelerator (1.3 from 120%, 1.5 from 150%) is not paid in this release: every deal earns 1.0",
			"components[4].tiers: the accelerator (1.3 from 120%, 1.5 from 150%) is not paid in this release: every deal earns 1.0",
			"components[5].kind: sourcing pays nothing in this release",
			"components[6].kind: objectives pays nothing in this release",
			"components[7].kind: health pays nothing in this release",
			"components[8].kind: spif pays nothing in this release",
			"clawback.contraction: full is not applied in this release: a contraction takes nothing back from deals",
			"clawback.recovery_cap: 50% is not applied in this release: a debt takes all of what is payable",
		}},
	} {
		if got := Notices(decodeFile(t, tt.file)); !slices.Equal(got, tt.want) {
			t.Errorf("Notices(%s) = %q, want %q", tt.file, got, tt.want)
		}
	}
}

func TestRefuse(t *testing.T) {
	for _, file := range []string{"presets/three-pool-mid-market.yaml", "testdata/grr-loss-80000.yaml", "testdata/band-edge-25000-00.yaml"} {
		if got := Refuse(decodeFile(t, file)); got != nil {
			t.Errorf("Refuse(%s) = %v, want nothing", file, got)
		}
	}
	want := []string{
		"components[2].target.percent_of_book: 15%: a target from the book is not computed in this release; only annual_arr is",
		"components[3].basis: mrr is not computed in this release; only pool is",
		"components[4].basis: fixed is not computed in this release; only pool is",
		"crediting.mode: dual is not computed in this release; only split is",
		"payability.release: surviving_arr is not computed in this release; only all is",
		"payability.cash: invoice_paid is not computed in this release; only off is",
		"payability.termination: forfeit is not computed in this release; only keep is",
		"clawback.churn_date: earlier_of is not computed in this release; only effective is",
		"clawback.basis: as_paid is not computed in this release; only recompute is",
		"sla.risk.clock: business is not computed in this release; only elapsed is",
	}
	var got []string
	for _, p := range Refuse(decodeFile(t, "testdata/every-option.yaml")) {
		got = append(got, p.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("Refuse(every-option) = %q, want %q", got, want)
	}
}
