package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// No two outputs have one id, also while the clock stands and a tick comes
// between the inputs again and again: flags come and go at one instant, and an
// episode that was taken back is breached once more.
func TestOutputsHaveIDsOfTheirOwn(t *testing.T) {
	company := demo.Company{Seed: 3, CSMs: 3, AEs: 1, Accounts: 40, From: civil.On(2027, time.January, 1), Until: civil.On(2027, time.December, 31)}
	codec := newCodec("default", wire.Limits{})
	s, err := store.Open(filepath.Join(t.TempDir(), "l.db"), store.Options{Tenant: "default", Plans: company.Plans(), Plan: readPlan, Codec: codec})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	standing := company.Until.Start(time.UTC).Add(12 * time.Hour)
	var batch []tenant.Arrival
	add := func(in tenant.Input) {
		in.Arrived = standing
		batch = append(batch, tenant.Arrival{Position: tenant.Position{Seq: uint64(len(batch) + 1)}, Arrived: standing, Event: in.Event.Head().Identity, Input: in})
	}
	for a := range company.Events() {
		line, err := demo.Line(a)
		if err != nil {
			t.Fatal(err)
		}
		in, err := wire.DecodeLine(line, "default")
		if err != nil {
			t.Fatal(err)
		}
		add(tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum})
		if len(batch)%5 == 0 {
			id := event.Identity{Source: "trueup/clock", ID: fmt.Sprint("tick-", standing)}
			add(tenant.Input{Event: event.Ticked{Header: event.Header{Identity: id, Type: wire.Tick, Time: standing}}})
		}
	}
	if _, err := s.Record(batch); err != nil {
		t.Fatal(err)
	}
	outs, err := s.Outputs(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	seen, again := map[string]string{}, 0
	for _, o := range outs {
		if before, ok := seen[o.ID]; ok {
			t.Errorf("two outputs are %s: %s and %s", o.ID, before, o.Body)
		}
		seen[o.ID] = string(o.Body)
		if last := o.ID[len(o.ID)-2:]; last == "/2" {
			again++
		}
	}
	if again == 0 {
		t.Errorf("nothing was told twice of %d outputs", len(outs))
	}
}
