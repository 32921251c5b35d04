package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// What a made-up company's year publishes is as docs/events.schema.json says,
// and its body names the subject it travels on.
func TestOutputsAreAsTheSchemaSays(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile("../../docs/events.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	company := demo.Company{Seed: 5, CSMs: 4, AEs: 2, Accounts: 60, From: civil.On(2027, time.January, 1), Until: civil.On(2027, time.December, 31)}
	codec := newCodec("default", wire.Limits{})
	s, err := store.Open(filepath.Join(t.TempDir(), "l.db"), store.Options{Tenant: "default", Plans: company.Plans(), Plan: readPlan, Codec: codec})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var batch []tenant.Arrival
	for a := range company.Events() {
		line, err := demo.Line(a)
		if err != nil {
			t.Fatal(err)
		}
		in, err := wire.DecodeLine(line, "default")
		if err != nil {
			t.Fatal(err)
		}
		input := tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: in.Recorded}
		if input.Arrived.IsZero() {
			input.Arrived = in.Event.Head().Time
		}
		batch = append(batch, tenant.Arrival{
			Position: tenant.Position{Seq: uint64(len(batch) + 1)}, Arrived: input.Arrived, Event: in.Event.Head().Identity, Input: input,
		})
	}
	if _, err := s.Record(batch); err != nil {
		t.Fatal(err)
	}
	outs, err := s.Outputs(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
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
		seen[e.Type]++
	}
	for _, name := range []string{
		"payout.adjustment.issued.v1", "payout.statement.locked.v1", "payout.payment.requested.v1", "sla.risk.opened.v1", "sla.risk.breached.v1",
		"ops.renewal.window_opened.v1", "ops.expansion.review_due.v1", "ops.flag.raised.v1", "ledger.period.locked.v1",
	} {
		if seen[name] == 0 {
			t.Errorf("no %s of %d outputs", name, len(outs))
		}
	}
}
