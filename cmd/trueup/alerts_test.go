//go:build alerts

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// promtool runs Prometheus's own tool in a folder.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Prometheus takes the configuration and the alerts, each fires on what it is
// for and on nothing like it, and it understands every query of the dashboard.
func TestAlerts(t *testing.T) {
	dir := filepath.Join("..", "..", "deploy", "prometheus")
	whole := t.TempDir() // with the files that the configuration wants beside it
	for _, name := range []string{"prometheus.yaml", "alerts.yaml", "ca.pem", "prometheus.token"} {
		text := []byte("made by whoever deploys\n")
		if filepath.Ext(name) == ".yaml" {
			text = []byte(file(t, "deploy/prometheus/"+name))
		}
		if err := os.WriteFile(filepath.Join(whole, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool(t, whole, "check", "config", "prometheus.yaml")
	promtool(t, dir, "check", "rules", "alerts.yaml")
	promtool(t, dir, "test", "rules", "alerts_test.yaml")

	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(file(t, "deploy/grafana/trueup.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	rules, n := "groups:\n  - name: dashboard\n    rules:\n", 0
	for _, p := range dashboard.Panels {
		for _, of := range p.Targets {
			n++
			rules += fmt.Sprintf("      - record: dashboard:%d\n        expr: %q\n", n, strings.ReplaceAll(of.Expr, "$instance", ".*"))
		}
	}
	if n < 30 {
		t.Errorf("the dashboard has %d queries, want all", n)
	}
	written := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(written, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, filepath.Dir(written), "check", "rules", "rules.yaml")
}
