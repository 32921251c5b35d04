package planfile

import "testing"

// Each case is a list of components from line 5 on.
func TestDecodeRefusesComponents(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		want       []string
	}{
		{"not a mapping", "  - 17\n", []string{`5: components[0]: "17" is not a mapping of fields to values`}},
		{"kind", "  - {id: b, kind: bonus, weight: 100%, colour: red}\n", []string{
			`5: components[0].kind: "bonus" is not one of retention, net_retention, expansion, sourcing, objectives, health, spif`,
			"5: components[0].colour: is not a field of a plan; here are allowed: id, kind, weight, window, floor, target, stretch, multiplier, curve, basis, rate, table, tiers, tier_mode, objectives",
		}},
		{"field of another kind", "  - {id: r, kind: retention, weight: 100%, table: []}\n  - {id: s, kind: sourcing, window: ttm}\n", []string{
			"5: components[0].table: does not go with kind retention; it goes with kind expansion, spif",
			"6: components[1].window: does not go with kind sourcing; it goes with kind retention, net_retention, expansion",
		}},
		{"field of another basis", "  - {id: e, kind: expansion, basis: mrr, weight: 40%, target: {annual_arr: 1.00}}\n" +
			"  - {id: f, kind: expansion, weight: 100%, rate: 15%, table: []}\n", []string{
			"5: components[0].weight: does not go with basis mrr; it goes with basis pool",
			"5: components[0].target: does not go with basis mrr; it goes with basis pool",
			"6: components[1].rate: does not go with basis pool; it goes with basis mrr",
			"6: components[1].table: does not go with basis pool; it goes with basis fixed",
		}},
		{"basis", "  - {id: e, kind: expansion, basis: book, rate: 15%}\n", []string{`5: components[0].basis: "book" is not one of pool, mrr, fixed`}},
		{"id twice", "  - {id: r, kind: retention, weight: 50%}\n  - {id: r, kind: health, weight: 50%, target: 80%}\n", []string{
			`6: components[1].id: "r" is used twice`,
		}},
		{"no weight", "  - {id: r, kind: retention}\n", []string{"5: components[0].weight: is missing: kind retention is paid from a share of the variable"}},
		{"weights", "  - {id: r, kind: retention, weight: 50%}\n  - {id: e, kind: expansion, weight: 40%}\n", []string{
			"4: components: weights sum to 90%, not 100%",
		}},
		{"weights, one of them unreadable", "  - {id: r, kind: retention, weight: 50}\n  - {id: e, kind: expansion, weight: 40%}\n", []string{
			`5: components[0].weight: "50" is not a percentage: it has no % sign, as in 95%`,
		}},
		{"floor", "  - id: r\n    kind: retention\n    weight: 100%\n    floor: 96%\n    target: 95%\n", []string{
			"8: components[0].floor: 96% is not below the target 95%",
		}},
		{"floor against the default target", "  - {id: r, kind: retention, weight: 100%, floor: 95%}\n", []string{
			"5: components[0].floor: 95% is not below the target 95%",
		}},
		{"stretch against the target, its line the nearest there is", "  - id: r\n    kind: retention\n    weight: 100%\n    target: 98%\n", []string{
			"5: components[0].stretch: 98% is not above the target 98%",
		}},
		{"floor beside an unreadable target", "  - {id: r, kind: retention, weight: 100%, floor: 99%, target: all}\n", []string{
			`5: components[0].target: "all" is not a percentage: it has no % sign, as in 95%`,
		}},
		{"multiplier", "  - {id: r, kind: retention, weight: 100%, multiplier: {below_floor: 50%, stretch: 1.5}}\n", []string{
			`5: components[0].multiplier.below_floor: "50%" is a percentage; here stands a plain number, such as 1.3 for 130%`,
			"5: components[0].multiplier.stretch: is not a field of a plan; here are allowed: below_floor, at_target, at_stretch",
		}},
		{"closed lists", "  - {id: r, kind: retention, weight: 60%, window: month, curve: s}\n  - {id: e, kind: expansion, weight: 40%, window: ttm, tier_mode: both}\n", []string{
			`5: components[0].window: "month" is not one of ttm, ytd, quarter`,
			`5: components[0].curve: "s" is not one of prorata, flat, ramp`,
			`6: components[1].tier_mode: "both" is not one of marginal, retroactive`,
			`6: components[1].window: "ttm" is not one of quarter, ytd`,
		}},
		{"targets", "  - {id: e, kind: expansion, weight: 50%, target: {annual_arr: 0, percent_of_book: 15%}}\n" +
			"  - {id: f, kind: expansion, weight: 50%, target: {}}\n", []string{
			"5: components[0].target: has both annual_arr and percent_of_book; give one",
			"6: components[1].target: is empty: give annual_arr or percent_of_book, or leave target out",
		}},
		{"targets of nothing", "  - {id: e, kind: expansion, weight: 50%, target: {annual_arr: 0}}\n" +
			"  - {id: f, kind: expansion, weight: 50%, target: {percent_of_book: 0%}}\n", []string{
			"5: components[0].target.annual_arr: 0.00 is not above zero",
			"6: components[1].target.percent_of_book: 0% is not above zero",
		}},
		{"tiers", "  - id: e\n    kind: expansion\n    weight: 100%\n    tiers:\n      - {from: 10%, rate: 1.0}\n      - {from: 5%, rate: 1.3}\n      - {from: x, rate: 1}\n" +
			"      - {from: 1%, rate: 1}\n      - {rate: -1}\n", []string{
			"9: components[0].tiers[0].from: 10%: the first tier starts at 0%",
			"10: components[0].tiers[1].from: 5% is not above the tier before",
			`11: components[0].tiers[2].from: "x" is not a percentage: it has no % sign, as in 95%`,
			"13: components[0].tiers[4].from: is missing",
			"13: components[0].tiers[4].rate: -1 is below zero",
		}},
		{"no tiers", "  - {id: e, kind: expansion, weight: 100%, tiers: []}\n", []string{"5: components[0].tiers: is empty: the first tier starts at 0%"}},
		{"rates of nothing", "  - {id: e, kind: expansion, basis: mrr, rate: 0%}\n  - {id: s, kind: sourcing, rate: 0%}\n", []string{
			"5: components[0].rate: 0% is not above zero",
			"6: components[1].rate: 0% is not above zero",
		}},
		{"tables", "  - {id: e, kind: expansion, basis: fixed, table: []}\n  - id: s\n    kind: spif\n    table:\n      - {from: 0.00}\n      - {from: 0, amount: 250.00}\n", []string{
			"5: components[0].table: is empty: nothing would be paid",
			"9: components[1].table[0].amount: is missing",
			"10: components[1].table[1].from: 0.00 is not above the row before",
		}},
		{"objectives", "  - id: o\n    kind: objectives\n    weight: 100%\n    objectives:\n      - {id: a, weight: 60%, target: 0%}\n      - {id: a, weight: 60%, target: 3}\n" +
			"      - {weight: 0%}\n", []string{
			"8: components[0].objectives: weights sum to 120%, not 100%",
			"9: components[0].objectives[0].target: 0 is not above zero",
			`10: components[0].objectives[1].id: "a" is used twice`,
			"11: components[0].objectives[2].id: is missing",
			"11: components[0].objectives[2].target: is missing",
		}},
		{"objectives of no id we know", "  - {id: o, kind: objectives, weight: 100%, objectives: [{id: smiles, weight: 100%, target: 400%}]}\n", nil},
		{"objectives nobody reaches", "  - id: o\n    kind: objectives\n    weight: 100%\n    objectives:\n      - {id: reviews, weight: 50%, target: 3}\n" +
			"      - {id: multithreading, weight: 50%, target: 3}\n", []string{
			"9: components[0].objectives[0].target: 300% is above 100%, which reviews never is",
		}},
		{"multipliers that pay less for more", "  - id: r\n    kind: retention\n    weight: 50%\n    multiplier:\n      below_floor: 1.1\n      at_stretch: 0.9\n" +
			"  - {id: n, kind: net_retention, weight: 50%, multiplier: {below_floor: x, at_target: 0.1}}\n", []string{
			"8: components[0].multiplier.at_target: 1 is below below_floor, 1.1",
			"10: components[0].multiplier.at_stretch: 0.9 is below at_target, 1",
			`11: components[1].multiplier.below_floor: "x" is not a number such as 1.5`,
		}},
		{"a gross retention nobody reaches", "  - {id: r, kind: retention, weight: 100%, target: 105%, stretch: 110%}\n", []string{
			"5: components[0].target: 105% is above 100%, which gross retention never is",
		}},
		{"names of other lines", "  - {id: accelerator, kind: retention, weight: 100%}\n  - {id: spif, kind: sourcing}\n", []string{
			`5: components[0].id: "accelerator" is what the lines of accelerators are called`,
			`6: components[1].id: "spif" is what the lines of spif are called`,
		}},
		{"a SPIF by its name", "  - {id: spif, kind: spif}\n", nil},
		{"no objectives", "  - {id: o, kind: objectives, weight: 100%, objectives: []}\n", []string{
			"5: components[0].objectives: is empty: its weight would pay for nothing",
		}},
		{"health", "  - {id: h, kind: health, weight: 50%}\n  - {id: i, kind: health, weight: 50%, target: 101%}\n", []string{
			"5: components[0].target: is missing",
			"6: components[1].target: 101% is above 100%: it is a share of the book",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.want {
				tt.want[i] = "plan.yaml:" + tt.want[i]
			}
			check(t, head+tt.yaml, tt.want...)
		})
	}
}

// Each case is the list of bands, from line 8 on.
func TestDecodeRefusesBands(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		want       []string
	}{
		{"sound", "    - {below: 1.00, csm: 100%}\n    - {up_to: 2.00, ae: 100%}\n    - {above: 2, csm: 50.5%, ae: 49.5%}\n", nil},
		{"one band", "    - {above: 0.00, csm: 100%}\n", nil},
		{"one band with a hole", "    - {above: 5.00, csm: 100%}\n", []string{
			"8: crediting.bands[0].above: a deal of 5.00 or less is in no band: a single band is above 0.00",
		}},
		{"an edge in no band", "    - {below: 1.00, csm: 100%}\n    - {above: 1.00, csm: 100%}\n", []string{
			"9: crediting.bands[1].above: a deal of exactly 1.00 is in no band: write up_to: 1.00 in the band before it",
		}},
		{"a gap", "    - {up_to: 1.00, csm: 100%}\n    - {above: 2.00, csm: 100%}\n", []string{
			"9: crediting.bands[1].above: 2.00 is not the edge 1.00 of the band before it",
		}},
		{"above in the middle", "    - {above: 0, csm: 100%}\n    - {up_to: 2.00, csm: 100%}\n    - {above: 2.00, csm: 100%}\n", []string{
			"8: crediting.bands[0].above: only the last band can be open above",
		}},
		{"closed above", "    - {below: 1.00, csm: 100%}\n    - {up_to: 2.00, csm: 100%}\n", []string{
			"9: crediting.bands[1].up_to: the last band must be open above: write above: with the edge of the band before it",
		}},
		{"descending", "    - {up_to: 2.00, csm: 100%}\n    - {up_to: 1.00, csm: 100%}\n    - {above: 1.00, csm: 100%}\n", []string{
			"9: crediting.bands[1]: 1.00 is not above the band before",
		}},
		{"shares", "    - {up_to: 2.00, csm: 70%}\n    - {above: 2.00, csm: 70%, ae: 40%}\n", []string{
			"8: crediting.bands[0]: csm 70% and ae 0% sum to 70%, not 100%",
			"9: crediting.bands[1]: csm 70% and ae 40% sum to 110%, not 100%",
		}},
		{"shares beside a bad edge", "    - {up_to: two, csm: 70%}\n    - {above: 2.00, csm: 70%, ae: 40%}\n", []string{
			`8: crediting.bands[0].up_to: "two" is not an amount such as 30000.00: digits and a decimal point, in major units`,
			"9: crediting.bands[1]: csm 70% and ae 40% sum to 110%, not 100%",
		}},
		{"no edge and two", "    - {csm: 100%}\n    - {below: 1, up_to: 2, csm: 100%}\n    - {above: 2.00, csm: 100%}\n", []string{
			"8: crediting.bands[0]: has 0 of below, up_to and above; a band has one",
			"9: crediting.bands[1]: has 2 of below, up_to and above; a band has one",
		}},
		{"an edge at nothing", "    - {up_to: 0, csm: 100%}\n    - {above: 0, csm: 100%}\n", []string{"8: crediting.bands[0].up_to: 0 is not above zero"}},
		{"not mappings", "    - 1\n    - above\n", []string{
			`8: crediting.bands[0]: "1" is not a mapping of fields to values`,
			`9: crediting.bands[1]: "above" is not a mapping of fields to values`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.want {
				tt.want[i] = "plan.yaml:" + tt.want[i]
			}
			check(t, head+component+"crediting:\n  bands:\n"+tt.yaml, tt.want...)
		})
	}
}

// A wrong currency clouds the amounts, not their form.
func TestDecodeWrongCurrency(t *testing.T) {
	check(t, head+component+"currency: DM\nvariable_annual: 1.2345\ncrediting:\n  handoff_above: lots\n  bands: [{up_to: 5, csm: 100%}, {above: 6, csm: 100%}]\n",
		`plan.yaml:6: currency: "DM" is not an ISO 4217 code such as USD`,
		`plan.yaml:9: crediting.handoff_above: "lots" is not an amount such as 30000.00: digits and a decimal point, in major units`)
}
