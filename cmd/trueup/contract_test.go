package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// What a made-up company's year publishes, and what worked cases do, is as
// docs/events.schema.json says.
func TestOutputsAreAsTheSchemaSays(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile("../../docs/events.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	company := demo.Company{Seed: 5, CSMs: 4, AEs: 2, Accounts: 60, From: civil.On(2027, time.January, 1), Until: civil.On(2027, time.December, 31)}
	var lines [][]byte
	for a := range company.Events() {
		line, err := demo.Line(a)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	outs := published(t, company.Plans(), lines)
	cases, err := filepath.Glob("../../domain/testdata/scenario/dispute-sla-*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no worked case of disputes: %v", err)
	}
	for _, file := range cases {
		plans, lines := worked(t, file)
		outs = append(outs, published(t, plans, lines)...)
	}
	seen := map[string]bool{}
	for _, o := range outs {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(o.Body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Fatalf("%s: %s\n%v", o.ID, o.Body, err)
		}
		var e struct{ Type, ID string }
		if err := json.Unmarshal(o.Body, &e); err != nil || e.ID != o.ID {
			t.Fatalf("%s has the id %s, %v", o.Body, o.ID, err)
		}
		seen[e.Type] = true
	}
	for _, name := range wire.OutTypes() {
		if !seen[name] {
			t.Errorf("no %s of %d outputs", name, len(outs))
		}
	}
}

// worked is a worked case: its plan, and its events in the order of their times.
func worked(t *testing.T, file string) (plans plan.Set, lines [][]byte) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse(text).Files {
		switch f.Name {
		case "plan.yaml":
			if plans, err = planfile.DecodeAll(f.Name, f.Data); err != nil {
				t.Fatal(err)
			}
		case "events.ndjson":
			for line := range bytes.Lines(f.Data) {
				lines = append(lines, bytes.TrimSpace(line))
			}
		}
	}
	return plans, lines
}

// published is what events come to publish, each arriving at its recordedtime or
// else when it happened.
func published(t *testing.T, plans plan.Set, lines [][]byte) []tenant.Output {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "l.db"), store.Options{Tenant: "default", Plans: plans, Plan: readPlan, Codec: newCodec("default", wire.Limits{})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var batch []tenant.Arrival
	for _, line := range lines {
		in, err := wire.DecodeLine(line, "default")
		if err != nil {
			t.Fatal(err)
		}
		at := in.Recorded
		if at.IsZero() {
			at = in.Event.Head().Time
		}
		batch = append(batch, tenant.Arrival{
			Arrived: at, Event: in.Event.Head().Identity, Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: at},
		})
	}
	slices.SortStableFunc(batch, func(a, b tenant.Arrival) int { return a.Arrived.Compare(b.Arrived) })
	for i := range batch {
		batch[i].Position = tenant.Position{Seq: uint64(i + 1)}
	}
	if _, err := s.Record(batch); err != nil {
		t.Fatal(err)
	}
	outs, err := s.Outputs(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return outs
}
