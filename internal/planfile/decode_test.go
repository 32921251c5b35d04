package planfile

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// head is the least a plan has: four lines, then its one component in line 5.
const (
	head      = "plan: p\nversion: 1\neffective_from: 2027-01-01\ncomponents:\n"
	component = "  - {id: r, kind: retention, weight: 100%}\n"
)

func check(t *testing.T, src string, want ...string) {
	t.Helper()
	_, err := Decode("plan.yaml", []byte(src))
	got := ""
	if err != nil {
		got = err.Error()
	}
	if w := strings.Join(want, "\n"); got != w {
		t.Errorf("Decode(\n%s)\n got:\n%s\nwant:\n%s", src, got, w)
	}
}

func TestDecodeMinimal(t *testing.T) { check(t, head+component) }

func TestDecodeRefusesFile(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"empty", "", "plan.yaml: is empty: a plan has at least plan, version, effective_from and components"},
		{"only comments", "# a\n\n# b\n", "plan.yaml: is empty: a plan has at least plan, version, effective_from and components"},
		{"null", "---\n", "plan.yaml: is empty: a plan has at least plan, version, effective_from and components"},
		{"huge", strings.Repeat("#", maxSize+1), "plan.yaml: has more than 1048576 bytes, the most a plan file may have"},
		{"a list", "\n- plan: p\n", "plan.yaml:2: is a list, not a mapping of fields to values"},
		{"a word", "plan\n", `plan.yaml:1: "plan" is not a mapping of fields to values`},
		{"a tab", head + "\t- id: r\n", "plan.yaml:5: is not YAML: found character that cannot start any token"},
		{"an open list", "plan: [p\nversion: 1\n", "plan.yaml:1: is not YAML: did not find expected ',' or ']'"},
		{"unknown alias", head + "  - *r\n", "plan.yaml: is not YAML: unknown anchor 'r' referenced"},
		{"two documents", head + component + "---\nplan: q\n", "plan.yaml:7: a second YAML document starts here: one document is one plan version"},
		{"a broken second document", head + component + "---\nplan: 'q\n", "plan.yaml:7: is not YAML: found unexpected end of stream"},
		{"anchor", "plan: &p p\n" + strings.TrimPrefix(head, "plan: p\n") + component, "plan.yaml:1: &p: anchors are not read here; write the value where it is used"},
		{"tag", "plan: !!str p\n" + strings.TrimPrefix(head, "plan: p\n") + component, "plan.yaml:1: !!str: tags are not read here"},
		{"key that is a list", head + component + "? [a]\n: 1\n", "plan.yaml:6: has a field whose name is not a word"},
	} {
		t.Run(tt.name, func(t *testing.T) { check(t, tt.src, tt.want) })
	}
}

func TestDecodeAlias(t *testing.T) {
	check(t, head+component+"variable_annual: &v 100.00\ncrediting: {handoff_above: *v}\n",
		"plan.yaml:6: &v: anchors are not read here; write the value where it is used",
		"plan.yaml:7: *v: aliases are not read here; write the value out")
}

// Each case is one field of the plan, in line 6.
func TestDecodeRefusesField(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"timezone: Mars/Olympus", `timezone: "Mars/Olympus" is not a time zone of the IANA database, such as America/New_York or UTC`},
		{"timezone: Local", `timezone: "Local" is not a time zone of the IANA database, such as America/New_York or UTC`},
		{"timezone: ../../etc/passwd", `timezone: "../../etc/passwd" is not a time zone of the IANA database, such as America/New_York or UTC`},
		{"currency: usd", `currency: "usd" is not an ISO 4217 code such as USD`},
		{"ownership: mine", `ownership: "mine" is not one of full, split, three_way, non_commercial, overlay, pod, banded`},
		{"colour: red", "colour: is not a field of a plan; here are allowed: plan, version, effective_from, timezone, currency, ownership, applies_to, " +
			"variable_annual, periods, ledger_starts_on, proration, components, crediting, gates, payability, clawback, sla, evidence, exceptions, flags"},
		{"<<: {version: 2}", "<<: is not a field of a plan; here are allowed: plan, version, effective_from, timezone, currency, ownership, applies_to, " +
			"variable_annual, periods, ledger_starts_on, proration, components, crediting, gates, payability, clawback, sla, evidence, exceptions, flags"},
		{"version: 2", "version: is given twice, first in line 2"},
		{"applies_to: csm", `applies_to: "csm" is not a mapping of fields to values`},
		{"applies_to: {roles: csm}", `applies_to.roles: "csm" is not a list`},
		{"applies_to: {roles: [csm, boss]}", `applies_to.roles[1]: "boss" is not one of csm, ae, renewal_manager, manager`},
		{"applies_to: {roles: [csm, csm]}", `applies_to.roles[1]: "csm" is given twice`},
		{"applies_to: {segments: ['']}", `applies_to.segments[0]: "" is not a name of at most 100 characters without blanks around it`},
		{"variable_annual: 30,000.00", `variable_annual: "30,000.00" is not an amount such as 30000.00: digits and a decimal point, in major units`},
		{"variable_annual: 3e4", `variable_annual: "3e4" is not an amount such as 30000.00: digits and a decimal point, in major units`},
		{"variable_annual: 30000.005", `variable_annual: "30000.005" has 3 decimals, USD has 2`},
		{"variable_annual: -1", "variable_annual: -1 is below zero"},
		{"variable_annual: 99999999999999999", `variable_annual: "99999999999999999" is larger than 10000000000000.00`},
		{"variable_annual:", "variable_annual: has no value: give an amount such as 30000.00, or leave the field out"},
		{"variable_annual: [1]", "variable_annual: is a list, not an amount such as 30000.00"},
		{"variable_annual: {a: 1}", "variable_annual: is a mapping, not an amount such as 30000.00"},
		{"periods: {kind: month}", `periods.kind: "month" is not quarter, the only choice there is`},
		{"periods: {year_starts: 13-01}", `periods.year_starts: "13-01" is not a day of the year, written MM-DD, such as 01-01`},
		{"periods: {year_starts: 01-29}", "periods.year_starts: 01-29 is after the 28th, which not every month has"},
		{"periods: {lock_after_days: -1}", "periods.lock_after_days: -1 is below 0"},
		{"periods: {lock_after_days: ten}", `periods.lock_after_days: "ten" is not a whole number`},
		{"periods: {lock_after_days: 010}", `periods.lock_after_days: "010" is not a whole number`},
		{"periods: {lock_after_days: 367}", "periods.lock_after_days: 367 is above 366"},
		{"ledger_starts_on: 2027-02-29", `ledger_starts_on: "2027-02-29" does not exist`},
		{"ledger_starts_on: 1 May 2027", `ledger_starts_on: "1 May 2027" is not YYYY-MM-DD`},
		{"proration: hours", `proration: "hours" is not one of days, none`},
		{"crediting: {mode: guess}", `crediting.mode: "guess" is not one of split, dual, pipeline, pod, spif`},
		{"crediting: {bands: []}", "crediting.bands: is empty"},
		{"crediting: {handoff_above: 1.234}", `crediting.handoff_above: "1.234" has 3 decimals, USD has 2`},
		{"gates: {health_at_close: {min: 65%}}", `gates.health_at_close.min: "65%" is a percentage; here stands a plain number, such as 1.3 for 130%`},
		{"gates: {health_at_close: {min: 101}}", "gates.health_at_close.min: 101 is not between 0 and 100"},
		{"gates: {health_at_close: {missing: ignore}}", `gates.health_at_close.missing: "ignore" is not one of hold, pass, fail`},
		{"gates: {review_completion: {min: 80}}", `gates.review_completion.min: "80" is not a percentage: it has no % sign, as in 95%`},
		{"gates: {review_completion: {min: 101%}}", "gates.review_completion.min: 101% is above 100%"},
		{"gates: {review_completion: {min: 1.0.0%}}", `gates.review_completion.min: "1.0.0%" is not a percentage such as 95% or 97.5%`},
		{"gates: {review_completion: {min: 0.0000001%}}", "gates.review_completion.min: 0.0000001% has more than 6 decimals"},
		{"payability: {renewal: wait}", `payability.renewal: "wait" is not one of hold, advance, off`},
		{"payability: {release: some}", `payability.release: "some" is not one of all, surviving_arr`},
		{"payability: {cash: on}", `payability.cash: "on" is not one of off, invoice_paid`},
		{"payability: {termination: pay}", `payability.termination: "pay" is not one of keep, forfeit`},
		{"clawback: {window_days: 90.5}", `clawback.window_days: "90.5" is not a whole number`},
		{"clawback: {churn_date: late}", `clawback.churn_date: "late" is not one of effective, notice, earlier_of`},
		{"clawback: {contraction: fifo}", `clawback.contraction: "fifo" is not one of proportional_lifo, ignore, full`},
		{"clawback: {basis: guess}", `clawback.basis: "guess" is not one of recompute, as_paid`},
		{"clawback: {recovery_cap: -1%}", "clawback.recovery_cap: -1% is below zero"},
		{"sla: {risk: {below: 0}}", "sla.risk.below: 0 is not above 0 and at most 100"},
		{"sla: {risk: {hours: 24}}", "sla.risk.warn_hours: 24 is not before the deadline of 24 hours"},
		{"sla: {risk: {hours: soon}}", `sla.risk.hours: "soon" is not a whole number`},
		{"sla: {risk: {clock: wall}}", `sla.risk.clock: "wall" is not one of elapsed, business`},
		{"sla: {dispute: {warn_hours: 48}}", "sla.dispute.warn_hours: 48 is not before the deadline of 48 hours"},
		{"sla: {dispute: {decided_by: 'the boss'}}", `sla.dispute.decided_by: "the boss" is not a name of at most 64 letters, digits, dots, - and _`},
		{"sla: {expansion_review_days: [180, 180]}", `sla.expansion_review_days[1]: "180" is given twice`},
		{"sla: {expansion_review_days: [0]}", "sla.expansion_review_days[0]: 0 is below 1"},
		{"sla: {business: {days: [monday]}}", `sla.business.days[0]: "monday" is not one of mon, tue, wed, thu, fri, sat, sun`},
		{"sla: {business: {days: []}}", "sla.business.days: is empty: no working time would ever pass"},
		{"sla: {business: {from: 9}}", `sla.business.from: "9" is not a time such as "09:00"`},
		{"sla: {business: {from: '17:00'}}", "sla.business.to: 17:00 is not after 17:00, where the day starts"},
		{"sla: {business: {holidays: [xmas]}}", `sla.business.holidays[0]: "xmas" is not YYYY-MM-DD`},
		{"evidence: {churn: hearsay}", `evidence.churn: "hearsay" is not one of crm, billing, any`},
		{"exceptions: {approved_by: cfo}", `exceptions.approved_by: "cfo" is not a list`},
		{"flags: {portfolio_large: 60}", "flags.portfolio_too_large: 60 is not above portfolio_large, 60"},
		{"flags: {handoff_broken: 40}", `flags.handoff_broken: "40" is not a percentage: it has no % sign, as in 95%`},
	} {
		t.Run(tt.line, func(t *testing.T) { check(t, head+component+tt.line+"\n", "plan.yaml:6: "+tt.want) })
	}
}

func TestDecodeRequires(t *testing.T) {
	check(t, "\nownership: banded\n",
		"plan.yaml:2: plan: is missing",
		"plan.yaml:2: version: is missing",
		"plan.yaml:2: effective_from: is missing",
		"plan.yaml:2: components: is missing")
	check(t, head+"  - {weight: 100%}\n  - {}\n",
		"plan.yaml:5: components[0].id: is missing",
		"plan.yaml:5: components[0].kind: is missing",
		"plan.yaml:6: components[1].id: is missing",
		"plan.yaml:6: components[1].kind: is missing")
	check(t, strings.Replace(head, "components:", "components: []", 1), "plan.yaml:4: components: is empty: the plan pays nothing")
	check(t, head, "plan.yaml:4: components: has no value")
}

// TestDecodeAllAtOnce holds a file with a mistake in nearly every line to one
// report.
func TestDecodeAllAtOnce(t *testing.T) {
	src, err := os.ReadFile("testdata/wrong.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Decode("wrong.yaml", src)
	var es Errors
	if !errors.As(err, &es) || domain.KindOf(err) != domain.Invalid {
		t.Fatalf("Decode(wrong.yaml) = %T %v, want Errors of kind invalid", err, err)
	}
	golden(t, "testdata/wrong.txt", es.Error()+"\n")
	for i, e := range es {
		if e.File != "wrong.yaml" || e.Line == 0 || i > 0 && e.Line < es[i-1].Line {
			t.Errorf("error %d of Decode(wrong.yaml) is %+v: want a line of the file, in order", i, e)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (go test -update rewrites it)\n got:\n%s\nwant:\n%s", file, got, want)
	}
}
