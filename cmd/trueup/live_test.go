package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

const cases = "../../domain/testdata/scenario"

// Every scenario through a running worker, in order of arrival and shuffled
// with repeats: events published over NATS with the program's own command,
// statements asked over HTTP.
func TestScenariosLive(t *testing.T) {
	all := scenariotest.All(t, cases)
	for chunk := range slices.Chunk(all, 6) { // workers mostly wait for a quiet moment: let them wait together
		inOrder, shuffled := make([]*process, len(chunk)), make([]*process, len(chunk))
		for i, c := range chunk {
			inOrder[i] = playLive(t, c, sorted(t, lines(c.Events)))
			if c.Name != "same-id-other-content" { // it depends on which came first
				shuffled[i] = playLive(t, c, shuffle(lines(c.Events)))
			}
		}
		for i, c := range chunk {
			t.Run(c.Name, func(t *testing.T) {
				st := inOrder[i].settled()
				if st.Parked != len(c.Want.Rejected) {
					t.Errorf("%d parked, want %d", st.Parked, len(c.Want.Rejected))
				}
				c.Check(t, inOrder[i].document(), true)
				inOrder[i].stop()
				if shuffled[i] == nil {
					return
				}
				shuffled[i].settled()
				got, want := scenariotest.Balances(shuffled[i].document()), scenariotest.Balances(simulated(t, c))
				if !maps.Equal(got, want) {
					t.Errorf("shuffled: balances %v, want %v as simulate says", got, want)
				}
				shuffled[i].stop()
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

// playLive runs a worker whose clock stands at the end of the case's day and
// publishes the events in the order given.
func playLive(t *testing.T, c scenariotest.Case, events [][]byte) *process {
	t.Helper()
	dir := t.TempDir()
	plan := filepath.Join(dir, "plan.yaml")
	if err := os.WriteFile(plan, c.Plan, 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, "--data", filepath.Join(dir, "data"), "--plan", plan, "--as-of", c.Want.AsOf)
	code, _, stderr := trueup(t, string(bytes.Join(events, []byte("\n"))), "publish", "-", "--nats", p.events)
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
