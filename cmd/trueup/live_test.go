package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/internal/workertest"
)

const cases = "../../domain/testdata/scenario"

// hostedAtOnce is how many workers a test keeps running: a few, since they wait
// for little, and many get into each other's way on two cores.
const hostedAtOnce = 8

// Every scenario through a running worker, in order of arrival: events
// published over NATS with the program's own command, statements asked over
// HTTP. The workers share a broker; each is of a tenant of its own.
func TestScenariosLive(t *testing.T) {
	all := scenariotest.All(t, cases)
	if testing.Short() { // the race detector sees the same in a few
		var some []scenariotest.Case
		for chunk := range slices.Chunk(all, 8) {
			some = append(some, chunk[0])
		}
		all = some
	}
	url := brokertest.Start(t).URL()
	came, errs := make([]hosted, len(all)), make([]error, len(all))
	room := make(chan struct{}, hostedAtOnce)
	var running sync.WaitGroup
	for i, c := range all {
		cfg := config{
			data: t.TempDir(), nats: url, http: "127.0.0.1:0", tenant: fmt.Sprintf("t-%d", i), asOf: asOf(t, c), plans: []string{planOf(t, c)},
			streams: broker.DefaultNames, maxEvent: wire.DefaultMaxBody, logLevel: "warn",
		}
		events := bytes.Join(sorted(t, lines(c.Events)), []byte("\n"))
		room <- struct{}{}
		running.Go(func() {
			came[i], errs[i] = host(t.Context(), cfg, events)
			<-room
		})
	}
	running.Wait()
	for i, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			if got := came[i].status.Parked; got != len(c.Want.Rejected) {
				t.Errorf("%d parked, want %d", got, len(c.Want.Rejected))
			}
			c.Check(t, came[i].doc, true)
		})
	}
}

// asOf is an hour before the end of a case's day: a played clock goes on once
// the worker is still, and must not come to the next day.
func asOf(t *testing.T, c scenariotest.Case) string {
	t.Helper()
	plan, err := planfile.Decode("plan.yaml", c.Plan)
	if err != nil {
		t.Fatal(err)
	}
	end, err := parseAsOf(c.Want.AsOf, plan.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return end.Add(-time.Hour).Format(time.RFC3339Nano)
}

// planOf is a file with a case's plan.
func planOf(t *testing.T, c scenariotest.Case) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(file, c.Plan, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// One scenario of every kind through a process with a broker of its own,
// shuffled with repeats.
func TestScenariosLiveShuffled(t *testing.T) {
	if testing.Short() {
		t.Skip("workers here are programs that are not built with the race detector")
	}
	kinds := map[string]bool{}
	sample := slices.DeleteFunc(scenariotest.All(t, cases), func(c scenariotest.Case) bool {
		kind, _, _ := strings.Cut(c.Name, "-")
		seen := kinds[kind]
		kinds[kind] = true
		return seen || c.Name == "same-id-other-content" // it depends on which came first
	})
	for chunk := range slices.Chunk(sample, 20) {
		played := make([]*workertest.Process, len(chunk))
		for i, c := range chunk {
			played[i] = playLive(t, c, shuffle(lines(c.Events)))
		}
		for i, c := range chunk {
			t.Run(c.Name, func(t *testing.T) {
				played[i].Settled()
				got, want := scenariotest.Balances(played[i].Document()), scenariotest.Balances(simulated(t, c))
				if !maps.Equal(got, want) {
					t.Errorf("shuffled: balances %v, want %v as simulate says", got, want)
				}
				played[i].Stop()
			})
		}
	}
}

// shuffle repeats some events and puts all in another order.
func shuffle(events [][]byte) [][]byte {
	r := rand.New(rand.NewPCG(3, 4))
	for range len(events) / 2 {
		events = append(events, events[r.IntN(len(events))])
	}
	r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	return events
}

func lines(ndjson []byte) [][]byte {
	var out [][]byte
	s := bufio.NewScanner(bytes.NewReader(ndjson))
	s.Buffer(nil, scenario.MaxLine)
	for s.Scan() {
		if len(bytes.TrimSpace(s.Bytes())) > 0 {
			out = append(out, bytes.Clone(s.Bytes()))
		}
	}
	return out
}

// sorted puts events in the order of their arrival.
func sorted(t *testing.T, events [][]byte) [][]byte {
	t.Helper()
	type head struct {
		Time, RecordedTime time.Time
		Source, ID         string
	}
	at := func(line []byte) (head, time.Time) {
		var h head
		if err := json.Unmarshal(line, &h); err != nil {
			t.Fatal(err)
		}
		if h.RecordedTime.IsZero() {
			return h, h.Time
		}
		return h, h.RecordedTime
	}
	slices.SortStableFunc(events, func(a, b []byte) int {
		x, xAt := at(a)
		y, yAt := at(b)
		return cmp.Or(xAt.Compare(yAt), cmp.Compare(x.Source, y.Source), cmp.Compare(x.ID, y.ID))
	})
	return events
}

// playLive runs a worker whose clock stands late on the case's day and
// publishes the events in the order given.
func playLive(t *testing.T, c scenariotest.Case, events [][]byte) *workertest.Process {
	t.Helper()
	p := workertest.Start(t, "--data", t.TempDir(), "--plan", planOf(t, c), "--as-of", asOf(t, c))
	code, _, stderr := trueup(t, string(bytes.Join(events, []byte("\n"))), "publish", "-", "--nats", p.Events())
	if code != 0 {
		t.Fatalf("trueup publish: exit %d: %s", code, stderr)
	}
	return p
}

func simulated(t *testing.T, c scenariotest.Case) *report.Document {
	t.Helper()
	plan, err := planfile.Decode("plan.yaml", c.Plan)
	if err != nil {
		t.Fatal(err)
	}
	at, err := parseAsOf(c.Want.AsOf, plan.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return simulateEvents(t, c.Plan, c.Events, at)
}

// simulateEvents is what simulate says of events under a plan.
func simulateEvents(t *testing.T, plan, events []byte, at time.Time) *report.Document {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "plan.yaml")
	if err := os.WriteFile(file, plan, 0o600); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "events.ndjson")
	if err := os.WriteFile(name, events, 0o600); err != nil {
		t.Fatal(err)
	}
	played, err := simulate(env{}, []string{file}, name, at.Format(time.RFC3339Nano), "default")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := played.Document()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
