package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"

	"github.com/trueup/trueup/domain/tenant"
)

// TestMain lets the contenders' processes be this program.
func TestMain(m *testing.M) {
	if os.Getenv(asVariable) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestQuick(t *testing.T) {
	dir := t.TempDir()
	// Where we are root Postgres is not, and must get through.
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	// Enough events for some batches of ours, since the clock starts with one.
	args := []string{"-quick", "-accounts", "600", "-events", "15000", "-usual-events", "50", "-results", "", "-dir", dir}
	if code := run(t.Context(), args, &out, &errs); code != 0 {
		t.Fatalf("bench %s: exit %d\n%s", strings.Join(args, " "), code, &errs)
	}
	text, wanted := out.String(), []string{"us ÷ the usual way", "us ÷ the floor"}
	if _, err := findPostgres(t.Context()); err == nil {
		wanted = append(wanted, "us ÷ "+namePgx, "us ÷ "+nameSets, "us ÷ "+nameBenthos)
	} else {
		for _, name := range peerNames {
			without := fmt.Sprintf("%s has no number: no Postgres: %v\n", name, err)
			if !strings.Contains(text, without) {
				t.Errorf("no %q in the answer:\n%s\n%s", without, &out, &errs)
			}
			text = strings.ReplaceAll(text, without, "")
		}
	}
	for _, good := range wanted {
		if !strings.Contains(text, good) {
			t.Errorf("no %q in the answer:\n%s\n%s", good, &out, &errs)
		}
	}
	for _, bad := range []string{"none", "has no number", "NaN"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q in the answer:\n%s\n%s", bad, &out, &errs)
		}
	}
}

// TestFold holds the fold against scenario.Play.
func TestFold(t *testing.T) {
	w := &workload{Seed: 2, Accounts: 60}
	c := w.company()
	f, err := newFold(c.Plans())
	if err != nil {
		t.Fatal(err)
	}
	var arrivals []scenario.Arrival
	var last demo.Arrival
	for a := range c.Events() {
		body, _, err := f.take(a)
		if err != nil {
			t.Fatal(err)
		}
		in, err := wire.DecodeLine(body, tenantName)
		if err != nil {
			t.Fatal(err)
		}
		arrivals = append(arrivals, scenario.Arrival{Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: in.Recorded}})
		last = a
	}
	got, err := f.finish(last.Recorded)
	if err != nil {
		t.Fatal(err)
	}
	played, err := scenario.Play(tenantName, c.Plans(), arrivals, last.Recorded)
	if err != nil {
		t.Fatal(err)
	}
	want, err := standings(played)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 || !maps.Equal(got, want) {
		t.Errorf("fold: %v, want %v as scenario.Play says", got, want)
	}
}
