package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/internal/workertest"
	"github.com/trueup/trueup/store"
)

const keptLedger = "../../store/testdata/v4.db"

// asked runs the program as somebody does who gave no environment.
func asked(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return trueup(t, "", args...)
}

// only fails the test unless a folder holds just these files.
func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

// A worker that ends amid a backup leaves neither a backup nor a piece of one.
func TestBackupCutOff(t *testing.T) {
	whole, err := os.ReadFile(keptLedger)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(body []byte, length int) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.trueup.ledger")
			w.Header().Set("Content-Length", fmt.Sprint(length))
			_, _ = w.Write(body)
		}))
		t.Cleanup(s.Close)
		return s
	}
	flipped := bytes.Clone(whole)
	at := bytes.Index(flipped, []byte(`"minor":`))
	flipped[at+9] ^= 1
	for _, tt := range []struct {
		name   string
		body   []byte
		length int
		code   int
		want   string
	}{
		{"cut off", whole[:len(whole)/2], len(whole), exitFailed, "was cut off after"},
		{"a piece", whole[:len(whole)/2], len(whole) / 2, exitStopped, ""},
		{"nothing", nil, 0, exitStopped, ""},
		{"a flipped bit", flipped, len(whole), exitStopped, "not what was written"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, target := range []string{dir, filepath.Join(dir, "b.db")} {
				code, stdout, stderr := asked(t, "backup", target, "--server", answer(tt.body, tt.length).URL)
				if code != tt.code || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, tt.want) {
					t.Errorf("backup = %d, %q, %q, want %d and one line with %q", code, stdout, stderr, tt.code, tt.want)
				}
			}
			only(t, dir)
		})
	}
}

// A backup that has rotten is not restored, and what was there stays.
func TestRestoreOfADamagedBackup(t *testing.T) {
	whole, err := os.ReadFile(keptLedger)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 4))
	refused := 0
	for i := range 40 {
		dir, data := t.TempDir(), t.TempDir()
		b, ledger, backup := bytes.Clone(whole), filepath.Join(data, "acme.db"), filepath.Join(dir, "b.db")
		for range i {
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		}
		for file, content := range map[string][]byte{backup: b, ledger: whole} {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		code, _, stderr := asked(t, "restore", backup, "--data", data, "--tenant", "acme", "--replace")
		if code == exitDone {
			if code, stdout, stderr := asked(t, "verify", "--db", ledger); code != exitDone {
				t.Errorf("verify of what was restored = %d, %s%s", code, stdout, stderr)
			}
			continue
		}
		refused++
		now, err := os.ReadFile(ledger)
		if code != exitStopped || strings.Count(stderr, "\n") != 1 || err != nil || !bytes.Equal(now, whole) {
			t.Errorf("restore with %d flips = %d, %q, and the ledger is as it was: %v", i, code, stderr, bytes.Equal(now, whole))
		}
		only(t, data, "acme.db")
	}
	if refused < 25 || refused == 40 {
		t.Errorf("%d of 40 backups were refused, want most of those with a flip and not the whole one", refused)
	}
}

// A ledger whose entries are damaged comes whole out of its facts.
func TestReplayHealsADamagedFile(t *testing.T) {
	b, err := os.ReadFile(keptLedger)
	if err != nil {
		t.Fatal(err)
	}
	b[bytes.Index(b, []byte(`"minor":`))+9] ^= 1
	dir, data := t.TempDir(), t.TempDir()
	damaged, healed := filepath.Join(dir, "damaged.db"), filepath.Join(dir, "healed.db")
	if err := os.WriteFile(damaged, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := asked(t, "verify", "--db", damaged); code != exitStopped {
		t.Fatalf("verify of a damaged file = %d, %s", code, stderr)
	}
	code, stdout, stderr := asked(t, "replay", "--db", damaged, "--into", healed)
	if code != exitFailed || !strings.Contains(stdout, "cannot be read") {
		t.Errorf("replay of a damaged file = %d, %s%s", code, stdout, stderr)
	}
	only(t, dir, "damaged.db", "healed.db")
	if code, stdout, stderr := asked(t, "restore", healed, "--data", data, "--tenant", "acme"); code != exitDone {
		t.Errorf("restore of the healed one = %d, %s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := asked(t, "replay", "--db", filepath.Join(data, "acme.db")); code != exitDone {
		t.Errorf("replay of the healed one = %d, %s%s", code, stdout, stderr)
	}
}

// A backup of an earlier release is restored as a ledger of this one.
func TestRestoreOfAnEarlierRelease(t *testing.T) {
	for _, version := range []string{"v1", "v2"} {
		data := t.TempDir()
		ledger := filepath.Join(data, "acme.db")
		code, stdout, stderr := asked(t, "restore", "../../store/testdata/"+version+".db", "--data", data, "--tenant", "acme")
		if code != exitDone {
			t.Fatalf("restore of %s = %d, %s%s", version, code, stdout, stderr)
		}
		only(t, data, "acme.db")
		if code, stdout, stderr := asked(t, "verify", "--db", ledger); code != exitDone {
			t.Errorf("verify of %s = %d, %s%s", version, code, stdout, stderr)
		}
		code, _, stderr = asked(t, "replay", "--db", ledger)
		if code != exitFailed || !strings.Contains(stderr, "an earlier release began this ledger") {
			t.Errorf("replay before it is settled = %d, %s", code, stderr)
		}
	}
}

// What may not be read or written is no corruption.
func TestBackupWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may do anything")
	}
	dir := t.TempDir()
	closed := filepath.Join(dir, "closed")
	if err := errors.Join(os.WriteFile(closed, nil, 0o000), os.Mkdir(filepath.Join(dir, "d"), 0o500)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"backup", filepath.Join(dir, "b.db"), "--db", closed},
		{"backup", filepath.Join(dir, "d", "b.db"), "--db", keptLedger},
		{"restore", closed, "--data", dir},
		{"restore", keptLedger, "--data", filepath.Join(dir, "d"), "--tenant", "acme"},
		{"replay", "--db", closed},
		{"verify", "--db", closed},
	} {
		if code, _, stderr := asked(t, args...); code != exitFailed || !strings.Contains(stderr, "permission denied") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v = %d, %q", args, code, stderr)
		}
	}
}

// What a worker that was killed left of a snapshot goes when it is started.
func TestLeftSnapshotsGo(t *testing.T) {
	data := t.TempDir()
	left := filepath.Join(data, "default.db.snapshot-1")
	if err := os.WriteFile(left, []byte("half a ledger"), 0o600); err != nil {
		t.Fatal(err)
	}
	workertest.Start(t, "--data", data)
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there: %v", left, err)
	}
}

// What differs is told on one line each, with its payee. The ledger that the
// store's tests keep differs in its outputs alone: they write them otherwise.
func TestReplayTells(t *testing.T) {
	code, stdout, stderr := asked(t, "replay", "--db", keptLedger)
	if code != exitFailed || !strings.HasPrefix(stdout, "The replay is NOT the ledger: ") || strings.Count(stdout, "\n") != 2 ||
		!strings.Contains(stdout, "\n  out: output 1 differs: ") || !strings.HasSuffix(stderr, " differences found\n") {
		t.Errorf("replay = %d, %s%s", code, stdout, stderr)
	}
	r := report.Replay{Differing: 2, Differences: []report.ReplayDifference{{PayeeID: "csm-1", What: "ledger", Text: "entry 3 differs: minor 1, derived again 2"}}}
	var out bytes.Buffer
	if err := report.Render(&out, report.Table, &r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"The replay is NOT the ledger: 2 differences in ", "\n  csm-1 ledger: entry 3 differs: minor 1, derived again 2\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("a replay that differs is %q, want %q", out.String(), want)
		}
	}
}

// Every worked case through a ledger file is what its replay is.
func TestReplayOfWorkedCases(t *testing.T) {
	step := 12
	if os.Getenv("TRUEUP_TORTURE") == "long" {
		step = 1
	}
	r := rand.New(rand.NewPCG(1, 9))
	entries := int64(0)
	all := scenariotest.All(t, cases)
	for i := 0; i < len(all); i += step {
		t.Run(all[i].Name, func(t *testing.T) { entries += replayedCase(t, all[i], 1+r.IntN(20), 1+r.IntN(20)) })
	}
	if entries == 0 {
		t.Error("no case has entries")
	}
}

func replayedCase(t *testing.T, c scenariotest.Case, batch, again int) int64 {
	t.Helper()
	p, err := planfile.Decode("plan.yaml", c.Plan)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	codec := newCodec("default", wire.Limits{})
	s, err := store.Open(filepath.Join(dir, "l.db"), store.Options{Tenant: "default", Plans: plan.Set{p}, Plan: readPlan, Codec: codec})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list := arrivalsOfCase(t, c)
	for len(list) > 0 {
		n := min(batch, len(list))
		if _, err := s.Record(list[:n]); err != nil {
			t.Fatal(err)
		}
		list = list[n:]
	}
	got, err := s.Replay(filepath.Join(dir, "again.db"), store.ReplayOptions{Codec: codec, Batch: again})
	if err != nil || got.Differing != 0 || got.Facts == 0 {
		t.Errorf("replay of %s, by %d and %d: %+v, %v", c.Name, batch, again, got, err)
	}
	return got.Entries
}

// arrivalsOfCase are a case's events as they come to a worker, with a tick on
// the case's day that was told a moment before it came.
func arrivalsOfCase(t *testing.T, c scenariotest.Case) []tenant.Arrival {
	t.Helper()
	var out []tenant.Arrival
	decoder := wire.Decoder{Tenant: "default"}
	for i, line := range sorted(t, lines(c.Events)) {
		raw := wire.Raw{Subject: "in", Body: line}
		a := tenant.Arrival{Position: tenant.Position{Seq: uint64(i + 1)}, Subject: "in", Body: line}
		in, err := decoder.Decode(wire.Raw{Body: line})
		if err != nil {
			a.Event, _ = wire.Identify(raw)
			a.Code, a.Reason = string(wire.ReasonOf(err)), err.Error()
		} else {
			a.Event, a.Input = in.Event.Head().Identity, tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum}
			if a.Arrived = in.Recorded; a.Arrived.IsZero() {
				a.Arrived = in.Event.Head().Time
			}
		}
		out = append(out, a)
	}
	at, err := time.Parse(time.RFC3339Nano, asOf(t, c))
	if err != nil {
		t.Fatal(err)
	}
	id := event.Identity{Source: "trueup/clock", ID: "tick-" + at.Format(time.RFC3339Nano)}
	tick := event.Ticked{Header: event.Header{Identity: id, Type: wire.Tick, Time: at}}
	return append(out, tenant.Arrival{Position: tenant.Position{Seq: uint64(len(out) + 1)}, Arrived: at.Add(time.Millisecond), Event: id, Input: tenant.Input{Event: tick}})
}
