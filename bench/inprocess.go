package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"syscall"
	"time"

	"github.com/trueup/trueup/consumers"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// openScripted makes a ledger file for a script in a folder, in this process.
func (s *script) openScripted(path string) (*store.Store, error) {
	var plans [][]byte
	for _, p := range s.w.company().Plans() {
		plans = append(plans, planfile.Canonical(p))
	}
	var files []string
	for i, text := range plans {
		name := fmt.Sprintf("%s.plan-%d.yaml", path, i)
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return nil, err
		}
		files = append(files, name)
	}
	set, err := planfile.Load(files...)
	if err != nil {
		return nil, err
	}
	return store.Open(path, store.Options{Tenant: tenantName, Plans: set, Plan: readPlan, Codec: codec{}})
}

// arrivals decodes events as the handlers do, for Record.
func arrivals(events []told, after uint64) ([]tenant.Arrival, error) {
	decoder := wire.Decoder{Tenant: tenantName}
	out := make([]tenant.Arrival, len(events))
	for i, t := range events {
		in, err := decoder.Decode(wire.Raw{Subject: t.msg.Subject, Header: t.msg.Header, Body: t.msg.Body})
		if err != nil {
			return nil, err
		}
		out[i] = tenant.Arrival{
			Position: tenant.Position{Created: time.Unix(0, 0), Seq: after + uint64(i) + 1, Time: in.Recorded}, //nolint:gosec // an index
			Arrived:  in.Recorded, Subject: t.msg.Subject, Body: t.msg.Body, Event: t.id,
			Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum},
		}
	}
	return out, nil
}

// recordAll records in batches as large as the worker's largest.
func recordAll(s *store.Store, all []tenant.Arrival) error {
	for len(all) > 0 {
		n := min(len(all), consumers.DefaultBatch)
		if _, err := s.Record(all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// hold is the oracle for a ledger in this process: with a tick where the events
// end, it stands where they leave it in memory.
func (s *script) hold(st *store.Store) error {
	last := s.measured[len(s.measured)-1]
	at, err := st.AsOf()
	if err != nil {
		return err
	}
	body, err := demo.Line(demo.Arrival{Recorded: at, Event: event.Ticked{Header: event.Header{
		Identity: event.Identity{Source: "trueup/clock", ID: "tick-" + last.id.ID}, Type: wire.Tick, Time: at,
	}}})
	if err != nil {
		return err
	}
	in, err := wire.DecodeLine(body, tenantName)
	if err != nil {
		return err
	}
	_, err = st.Record([]tenant.Arrival{{
		Position: tenant.Position{Created: time.Unix(0, 0), Seq: s.w.last() + 1, Time: at}, Arrived: at, Event: in.Event.Head().Identity,
		Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum},
	}})
	if err != nil {
		return err
	}
	return st.View(func(v *store.View) error {
		got, err := standings(v)
		if err == nil && !maps.Equal(got, s.want) {
			err = errors.New("balances differ from those in memory")
		}
		return err
	})
}

// processor is the processor time of this process, to the microsecond.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
