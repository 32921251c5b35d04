package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/trueup/trueup/internal/planfile"
)

const planHead = `# The plan file

<!-- Written by internal/catalogue: run make generate. -->

One YAML document is one version of a plan, and a version never changes: a change is a new version with a later ` + "`effective_from`" + `, another
file or another document of the same file. Every ledger entry names the version it was made by; the version's identity is the SHA-256 of its canonical form,
which ` + "`trueup plan show`" + ` prints.

* ` + "`trueup plan check FILE`" + ` says everything that is wrong at once, each with its line: unknown fields, numbers that cannot be read, contradictions.
* [plan.schema.json](plan.schema.json) lets an editor complete the fields and say what they take.
* ` + "`trueup plan diff OLD NEW --events FILE`" + ` says what the same events come to under two plans.

Amounts are in major units of the plan's currency, percentages carry ` + "`%`" + `; both are read exactly, never as floating point. A field that is left out takes the default
of the tables. Those marked **the tenant's** have to be the same in all plans that are in force on one day. Every field has been there since the first release; one that is added later
will say since when.

## The smallest plan

` + "```yaml\n" + smallestPlan + "```" + `

## The default plan, whole

What ` + "`trueup run`" + ` pays by when it is given no plan:

`

const planTail = `
## Other shapes

A month's revenue instead of a pool, and a credit for who found the deal:

` + "```yaml\n" + mrrPlan + "```" + `

Fixed amounts and no quota:

` + "```yaml\n" + spifPlan + "```" + `

A second version, from the middle of the year: deals that were booked before are judged by the first.

` + "```yaml\n" + twoVersions + "```" + `

The presets have more: ` + "`trueup plan advise --arr AMOUNT`" + ` names those that fit a size of company.
`

const smallestPlan = `plan: acme-csm
version: 1
effective_from: 2027-01-01
components:
  - {id: retention, kind: retention, weight: 60%}
  - {id: expansion, kind: expansion, weight: 40%}
`

const mrrPlan = `plan: acme-sourcing
version: 1
effective_from: 2027-01-01
ownership: split
crediting: {mode: dual, handoff_above: 15000.00}
variable_annual: 24000.00
components:
  - {id: renewals, kind: retention, weight: 100%, target: 93%, stretch: 98%}
  - {id: expansion, kind: expansion, basis: mrr, rate: 10%}
  - {id: sourcing, kind: sourcing, rate: 15%}
`

const spifPlan = `plan: acme-spif
version: 1
effective_from: 2027-01-01
variable_annual: 0.00
crediting: {mode: spif}
components:
  - id: spif
    kind: spif
    table:
      - {from: 0.00, amount: 250.00}
      - {from: 25000.00, amount: 1000.00}
`

const twoVersions = `plan: acme-csm
version: 1
effective_from: 2027-01-01
components:
  - {id: retention, kind: retention, weight: 60%}
  - {id: expansion, kind: expansion, weight: 40%}
---
plan: acme-csm
version: 2
effective_from: 2027-07-01
clawback: {window_days: 60}
components:
  - {id: retention, kind: retention, weight: 50%}
  - {id: expansion, kind: expansion, weight: 50%}
`

// PlanPage is the reference of plan files.
func PlanPage(string) ([]byte, error) {
	leaves, err := planLeaves()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(planHead)
	source, ok := planfile.Preset("three-pool-mid-market")
	if !ok {
		return nil, errors.New("the default plan is missing")
	}
	p, err := planfile.Decode("preset", source)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "```yaml\n%s```\n", planfile.Canonical(p))
	told := map[string]bool{}
	for _, f := range planFields {
		if f.path == "" {
			fmt.Fprintf(&b, "\n## %s\n\n| field | takes | default | what it does |\n| --- | --- | --- | --- |\n", f.text)
			continue
		}
		s, is := leaves[f.path]
		if !is || told[f.path] {
			return nil, fmt.Errorf("%s is not in the schema, or told twice", f.path)
		}
		told[f.path] = true
		what, err := planTakes(s.takes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.path, err)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", shortPath(f.path), what, s.preset(), cell(f.text))
	}
	for _, path := range sorted(leaves) {
		if !told[path] {
			return nil, fmt.Errorf("what %s does is not told", path)
		}
	}
	b.WriteString(planTail)
	return []byte(b.String()), nil
}

// shortPath is a path as it is written inside its section.
func shortPath(path string) string {
	if rest, is := strings.CutPrefix(path, "components["); is {
		_, rest, _ = strings.Cut(rest, "].")
		return rest
	}
	return path
}

// planLeaf is a field of the plan's schema that is neither an object nor a list
// of them.
type planLeaf struct {
	takes    map[string]any
	required bool
}

// preset is what it is when it is left out.
func (l planLeaf) preset() string {
	switch d := l.takes["default"]; {
	case l.required:
		return "must be there"
	case d != nil:
		return fmt.Sprintf("`%v`", d)
	}
	return ""
}

// planLeaves are all of them, by path. The kinds of component are told apart as
// components[KIND]; what both kinds of retention have is told once.
func planLeaves() (map[string]planLeaf, error) {
	d := json.NewDecoder(bytes.NewReader(planfile.Schema()))
	d.UseNumber()
	var root map[string]any
	if err := d.Decode(&root); err != nil {
		return nil, err
	}
	all := map[string]planLeaf{}
	if err := leavesOf(all, "", root, false); err != nil {
		return nil, err
	}
	for path, leaf := range all {
		rest, is := strings.CutPrefix(path, "components[net_retention].")
		if !is {
			continue
		}
		if !reflect.DeepEqual(all["components[retention]."+rest], leaf) {
			return nil, fmt.Errorf("%s differs from that of retention", path)
		}
		delete(all, path)
	}
	return all, nil
}

func leavesOf(all map[string]planLeaf, path string, s map[string]any, required bool) error {
	items, _ := s["items"].(map[string]any)
	properties, object := s["properties"].(map[string]any)
	switch {
	case items != nil && items["properties"] != nil:
		return leavesOf(all, path+"[]", items, true)
	case !object:
		all[path] = planLeaf{s, required}
		return nil
	}
	for name, of := range properties {
		inner, is := of.(map[string]any)
		if !is {
			continue // false: not a field here
		}
		if err := leavesOf(all, strings.TrimPrefix(path+"."+name, "."), inner, requires(s, name)); err != nil {
			return err
		}
	}
	for _, rule := range list(s["allOf"]) {
		if err := leavesOfKind(all, path, rule.(map[string]any)); err != nil {
			return err
		}
	}
	return nil
}

// leavesOfKind are the fields that a kind of component has.
func leavesOfKind(all map[string]planLeaf, path string, rule map[string]any) error {
	kind, is := rule["if"].(map[string]any)["properties"].(map[string]any)["kind"].(map[string]any)
	if !is {
		return nil // a rule on what there is already
	}
	then := rule["then"].(map[string]any)
	fields := then["properties"].(map[string]any)
	delete(fields, "id")
	delete(fields, "kind")
	return leavesOf(all, strings.TrimSuffix(path, "[]")+"["+kind["const"].(string)+"]", then, false)
}

func requires(s map[string]any, name string) bool {
	for _, r := range list(s["required"]) {
		if r == name {
			return true
		}
	}
	return false
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// planTakes is what a field takes, in words.
func planTakes(s map[string]any) (string, error) {
	if s["type"] == "array" {
		one, err := planTakes(s["items"].(map[string]any))
		return "list: " + one, err
	}
	if s["enum"] != nil {
		return words(s["enum"]), nil
	}
	if s["type"] == "integer" {
		return fmt.Sprintf("whole number, %v to %v", s["minimum"], s["maximum"]), nil
	}
	what, is := planPatterns[fmt.Sprint(s["pattern"])]
	if !is && s["maxLength"] == json.Number("100") {
		what, is = "text", true
	}
	if !is {
		return "", fmt.Errorf("%v has no words", s)
	}
	return what, nil
}

// planPatterns are the patterns of the schema in words.
var planPatterns = map[string]string{
	`^[0-9]+(\.[0-9]{1,6}0*)?%$`:                    "percentage",
	`^0*(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,6}0*)?)%$`: "percentage, up to 100%",
	`^[0-9]+(\.[0-9]{1,6}0*)?$`:                     "number",
	`^[0-9]+(\.[0-9]{1,6}0*)?%?$`:                   "percentage or number",
	`^[0-9]+(\.[0-9]+)?$`:                           "amount",
	`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`:             "word",
	`^[A-Z]{3}$`:                                    "ISO 4217 code",
	`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`:                  "date",
	`^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$`:      "MM-DD, up to the 28th",
	`^(?:[01][0-9]|2[0-3]):[0-5][0-9]$`:             "HH:MM",
	`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`:  "time zone",
}
