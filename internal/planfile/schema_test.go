package planfile

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

const schemaFile = "../../docs/plan.schema.json"

// TestSchemaIsCommitted: go test -update, or make generate, writes it.
func TestSchemaIsCommitted(t *testing.T) { golden(t, schemaFile, string(Schema())) }

func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// generic is YAML as JSON has it: dates and percentages are strings, numbers
// keep their digits.
func generic(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.DocumentNode:
		return generic(t, n.Content[0])
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = generic(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, generic(t, item))
		}
		return list
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return json.Number(n.Value)
	case "!!bool":
		return n.Value == "true"
	case "!!null":
		return nil
	}
	return n.Value
}

func validate(t *testing.T, s *jsonschema.Schema, src []byte) error {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal(src, &n); err != nil {
		t.Fatal(err)
	}
	return s.Validate(generic(t, &n))
}

func TestSchemaTakesPlans(t *testing.T) {
	s := compiled(t)
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("presets/*.yaml")
	if err != nil || len(more) < 14 {
		t.Fatalf("%d presets, %v", len(more), err)
	}
	for _, file := range append(files, more...) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, wrong := Decode(file, src)
		if err := validate(t, s, src); (err == nil) != (wrong == nil) {
			t.Errorf("the schema says of %s: %v, Decode: %v", file, err, wrong)
		}
		if wrong != nil {
			continue
		}
		if err := validate(t, s, Canonical(p)); err != nil {
			t.Errorf("the schema refuses the canonical form of %s: %v", file, err)
		}
	}
}

// Everything that a schema can see is wrong with a plan, it sees.
func TestSchemaRefuses(t *testing.T) {
	s := compiled(t)
	plan := func(components, rest string) string { return head + components + rest }
	for _, tt := range []struct{ name, src string }{
		{"nothing", "{}"},
		{"no version", strings.Replace(plan(component, ""), "version: 1\n", "", 1)},
		{"a word for a version", strings.Replace(plan(component, ""), "version: 1", "version: one", 1)},
		{"no components", strings.Replace(head, "components:", "components: []", 1)},
		{"unknown field", plan(component, "colour: red\n")},
		{"unknown field inside", plan(component, "clawback: {windw_days: 90}\n")},
		{"unknown choice", plan(component, "ownership: bandit\n")},
		{"percent without sign", plan("  - {id: r, kind: retention, weight: 100}\n", "")},
		{"share above 100%", plan("  - {id: r, kind: retention, weight: 100.5%}\n", "")},
		{"number with sign", plan("  - {id: r, kind: retention, weight: 100%, multiplier: {at_target: 100%}}\n", "")},
		{"no weight", plan("  - {id: r, kind: retention}\n", "")},
		{"no kind", plan("  - {id: r, weight: 100%}\n", "")},
		{"unknown kind", plan("  - {id: r, kind: bonus, weight: 100%}\n", "")},
		{"field of another kind", plan("  - {id: r, kind: retention, weight: 100%, table: [{from: 0.00, amount: 1.00}]}\n", "")},
		{"choice of another kind", plan("  - {id: e, kind: expansion, weight: 100%, window: ttm}\n", "")},
		{"weight on basis mrr", plan("  - {id: e, kind: expansion, basis: mrr, weight: 100%}\n", "")},
		{"rate on basis pool", plan("  - {id: e, kind: expansion, weight: 100%, rate: 15%}\n", "")},
		{"no weight on basis pool", plan("  - {id: e, kind: expansion, basis: pool}\n", "")},
		{"two targets", plan("  - {id: e, kind: expansion, weight: 100%, target: {annual_arr: 1.00, percent_of_book: 1%}}\n", "")},
		{"no tiers", plan("  - {id: e, kind: expansion, weight: 100%, tiers: []}\n", "")},
		{"tier without rate", plan("  - {id: e, kind: expansion, weight: 100%, tiers: [{from: 0%}]}\n", "")},
		{"no objective's target", plan("  - {id: o, kind: objectives, weight: 100%, objectives: [{id: a, weight: 100%}]}\n", "")},
		{"band with two edges", plan(component, "crediting: {bands: [{below: 1.00, above: 1.00, csm: 100%}]}\n")},
		{"role twice", plan(component, "applies_to: {roles: [csm, csm]}\n")},
		{"days below zero", plan(component, "clawback: {window_days: -1}\n")},
		{"half days", plan(component, "clawback: {window_days: 1.5}\n")},
		{"amount below zero", plan(component, "variable_annual: -1.00\n")},
		{"amount in words", plan(component, "variable_annual: 30,000\n")},
		{"not a date", plan(component, "ledger_starts_on: 1 May 2027\n")},
		{"not a time", plan(component, "sla: {business: {from: 9am}}\n")},
		{"the 29th", plan(component, "periods: {year_starts: 01-29}\n")},
		{"no value", plan(component, "gates:\n")},
	} {
		if _, err := Decode(tt.name, []byte(tt.src)); err == nil {
			t.Errorf("Decode takes %s", tt.name)
		}
		if err := validate(t, s, []byte(tt.src)); err == nil {
			t.Errorf("the schema takes %s", tt.name)
		}
	}
}
