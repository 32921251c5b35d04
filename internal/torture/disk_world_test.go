//go:build linux

package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/torture/disk"
	"github.com/trueup/trueup/internal/wire"
)

func init() { disk.Shim() }

// long reports whether the long variants are to be run.
func diskLong() bool { return os.Getenv("TRUEUP_TORTURE") == "long" }

// diskSeed is what everything random in a test is drawn from.
func diskSeed(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(1)
	if s := os.Getenv("TRUEUP_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("TRUEUP_SEED: %v", err)
		}
	}
	t.Logf("TRUEUP_SEED=%d", seed)
	return seed
}

// diskProgram builds trueup once per test run.
var diskProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "trueup-torture")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "trueup")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "github.com/trueup/trueup/cmd/trueup").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

const (
	diskTenant  = "default"
	diskDurable = "trueup-" + diskTenant
	// diskPieces is how many pieces the events are fed in; each is a
	// transaction, or a few.
	diskPieces = 100
	// diskPatience bounds every wait; it asserts nothing.
	diskPatience = 2 * time.Minute
)

// diskWorld is a company's events, a broker of its own, and a ledger on a disk
// that fails.
type diskWorld struct {
	t       testing.TB
	program string
	dir     string
	ledger  string
	company demo.Company
	plans   []string
	msgs    []broker.Msg
	want    *report.Document // as simulate says
	broker  *brokertest.Process
	conn    *broker.Conn
	fed     int
}

func newDiskWorld(t testing.TB, seed uint64, accounts int) *diskWorld {
	t.Helper()
	program, err := diskProgram()
	if err != nil {
		t.Fatalf("build trueup: %v", err)
	}
	dir := t.TempDir()
	w := &diskWorld{t: t, program: program, dir: dir, ledger: filepath.Join(dir, "data", diskTenant+".db"), company: demo.Company{
		Seed: seed, CSMs: 2 + accounts/10, AEs: 1 + accounts/20, Accounts: accounts,
		From: civil.On(2027, time.January, 1), Until: civil.On(2027, time.December, 31),
	}}
	for _, p := range w.company.Plans() {
		file := filepath.Join(dir, string(p.Name)+".yaml")
		if err := os.WriteFile(file, planfile.Canonical(p), 0o600); err != nil {
			t.Fatal(err)
		}
		w.plans = append(w.plans, "--plan", file)
	}
	w.tell()
	w.broker = brokertest.Server(t)
	w.conn = brokertest.Streams(t, w.broker.URL(), diskTenant)
	return w
}

// tell makes the events, and has simulate say what they come to.
func (w *diskWorld) tell() {
	w.t.Helper()
	var ndjson []byte
	for a := range w.company.Events() {
		line, err := demo.Line(a)
		if err != nil {
			w.t.Fatal(err)
		}
		ndjson = append(append(ndjson, line...), '\n')
		in, err := wire.DecodeLine(line, diskTenant)
		if err != nil {
			w.t.Fatal(err)
		}
		w.msgs = append(w.msgs, broker.Msg{Subject: wire.Subject(diskTenant, in.Event.Head().Type), ID: "m" + strconv.Itoa(len(w.msgs)), Body: line})
	}
	file := filepath.Join(w.dir, "events.ndjson")
	if err := os.WriteFile(file, ndjson, 0o600); err != nil {
		w.t.Fatal(err)
	}
	args := append([]string{"simulate", "--events", file, "--as-of", w.company.Until.String(), "--format", "json"}, w.plans...)
	if err := json.Unmarshal([]byte(w.run(0, args...)), &w.want); err != nil {
		w.t.Fatal(err)
	}
}

// run runs a command of the program, which must exit with a code, and gives
// what it says: on stdout, or where the code is not 0 on stderr.
func (w *diskWorld) run(code int, args ...string) string {
	w.t.Helper()
	got, stdout, stderr := w.try(args...)
	if got != code {
		w.t.Fatalf("trueup %s exited with %d, want %d: %s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	if code != 0 {
		return stderr
	}
	return stdout
}

func (w *diskWorld) try(args ...string) (code int, stdout, stderr string) {
	cmd := exec.Command(w.program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// piece is how many events are fed at once.
func (w *diskWorld) piece() int { return (len(w.msgs) + diskPieces - 1) / diskPieces }

// feed publishes the next events and gives the last one's number in the
// stream; more is false when there are none left.
func (w *diskWorld) feed(n int) (last uint64, more bool) {
	w.t.Helper()
	n = min(n, len(w.msgs)-w.fed)
	if n == 0 {
		return 0, false
	}
	_, err := w.conn.PublishAll(w.t.Context(), func(yield func(broker.Msg, error) bool) {
		for _, m := range w.msgs[w.fed : w.fed+n] {
			if !yield(m, nil) {
				return
			}
		}
	}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.fed += n
	stream, err := w.conn.JetStream().Stream(w.t.Context(), broker.DefaultNames.In)
	if err != nil {
		w.t.Fatal(err)
	}
	return stream.CachedInfo().State.LastSeq, true
}

// acknowledged is up to which message the worker told the broker that it has
// them. It may be asked from any goroutine.
func (w *diskWorld) acknowledged() (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), diskPatience)
	defer cancel()
	c, err := w.conn.JetStream().Consumer(ctx, broker.DefaultNames.In, diskDurable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return c.CachedInfo().AckFloor.Stream, nil
}

// status is what a stopped worker's file says.
func (w *diskWorld) status(file string) report.Status {
	w.t.Helper()
	var st report.Status
	if err := json.Unmarshal([]byte(w.run(0, "status", "--db", file, "--format", "json")), &st); err != nil {
		w.t.Fatal(err)
	}
	return st
}

// check feeds the rest, settles the ledger in a worker on a sound disk, and
// holds it against what simulate says, itself, and the output stream.
func (w *diskWorld) check() {
	w.t.Helper()
	w.feed(len(w.msgs))
	k := w.start(w.company.Until.String(), nil)
	k.settle()
	doc := k.document()
	k.stop(0)
	w.checkDocument(doc)
	w.run(0, "verify", "--db", w.ledger)
	w.checkOutputs(doc)
}

// checkDocument holds what a worker says against what simulate says.
func (w *diskWorld) checkDocument(doc *report.Document) {
	w.t.Helper()
	got, want := scenariotest.Balances(doc), scenariotest.Balances(w.want)
	if !maps.Equal(got, want) {
		for id := range want {
			if got[id] != want[id] {
				w.t.Errorf("%s has %+v, want %+v as simulate says", id, got[id], want[id])
			}
		}
		w.t.Errorf("there are %d payees, want %d", len(got), len(want))
	}
	rejected := func(d *report.Document) map[string]int {
		out := map[string]int{}
		for _, r := range d.Rejected {
			out[r.Source+" "+r.ID]++
		}
		return out
	}
	if got, want := rejected(doc), rejected(w.want); !maps.Equal(got, want) {
		w.t.Errorf("%v were rejected, want %v as simulate says", got, want)
	}
}

// checkOutputs reads the output stream: every entry once, as it is in the ledger.
func (w *diskWorld) checkOutputs(doc *report.Document) {
	w.t.Helper()
	amounts, seen := map[string]string{}, map[string]int{}
	for _, p := range doc.Payees {
		for _, q := range p.Periods {
			for _, l := range q.Lines {
				amounts[l.EntryID] = l.Amount
			}
		}
	}
	for _, m := range w.outputs() {
		id := m.Headers().Get("Nats-Msg-Id")
		if strings.HasPrefix(m.Subject(), "payout."+diskTenant+".adjustment.") {
			var e struct {
				ID   string
				Data wire.AdjustmentIssued
			}
			if err := json.Unmarshal(m.Data(), &e); err != nil {
				w.t.Fatal(err)
			}
			if want, ok := amounts[e.ID]; !ok || want != e.Data.Amount.Amount {
				w.t.Errorf("published %s with %s, the ledger says %q", e.ID, e.Data.Amount.Amount, want)
			}
			id = e.ID
		}
		seen[id]++
	}
	for id := range amounts {
		if seen[id] == 0 {
			w.t.Errorf("entry %s was not published", id)
		}
	}
	for id, n := range seen {
		if n != 1 {
			w.t.Errorf("%s was published %d times", id, n)
		}
	}
}

// outputs reads everything on the output stream but the cursors.
func (w *diskWorld) outputs() []jetstream.Msg {
	w.t.Helper()
	stream, err := w.conn.JetStream().Stream(w.t.Context(), broker.DefaultNames.Out)
	if err != nil {
		w.t.Fatal(err)
	}
	consumer, err := stream.OrderedConsumer(w.t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []jetstream.Msg
	for range stream.CachedInfo().State.Msgs {
		m, err := consumer.Next(jetstream.FetchMaxWait(10 * time.Second))
		if err != nil {
			w.t.Fatal(err)
		}
		if !strings.HasPrefix(m.Subject(), "cursor.") {
			out = append(out, m)
		}
	}
	return out
}
