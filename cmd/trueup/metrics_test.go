package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/workertest"
)

// scrape reads a worker's metrics with a token.
func scrape(t *testing.T, base, token string) (code int, text string, families map[string]*dto.MetricFamily) {
	t.Helper()
	code, text = ask(t, base+"/metrics", token)
	if code != http.StatusOK {
		return code, text, nil
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("GET /metrics: %v in\n%s", err, text)
	}
	return code, text, families
}

func ask(t *testing.T, url, token string) (code int, text string) {
	t.Helper()
	code, _, text = sent(t, http.MethodGet, url, "", token)
	return code, text
}

// value is a sample of a metric with a label, or none; -1 where there is none.
func value(families map[string]*dto.MetricFamily, name string, label ...string) float64 {
	for _, m := range families[name].GetMetric() {
		found := 0
		for _, l := range m.GetLabel() {
			if slices.Contains(label, l.GetName()+"="+l.GetValue()) {
				found++
			}
		}
		if found == len(label) {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return -1
}

// labelled are the labels that a metric may have. None of their values can be
// anybody's name: each is of a list that the program has.
var labelled = map[string]bool{"family": true, "outcome": true, "part": true, "reason": true, "sla": true, "currency": true, "version": true, "goversion": true}

// The metrics of the real worker: who may read them, what they say of a case
// that is known, that each is described, and that alerts, dashboard and runbook
// speak of metrics and alerts that there are.
func TestMetrics(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	ops, admin := token(t, "watch", "--role", "ops", "--tokens", tokens), token(t, "all", "--role", "admin", "--tokens", tokens)
	payee := token(t, "one", "--role", "payee", "--payee", "csm-1", "--tokens", tokens)
	all := scenariotest.All(t, cases)
	c := all[slices.IndexFunc(all, func(c scenariotest.Case) bool { return c.Name == "same-id-other-content" })]
	p := workertest.Start(t, "--data", t.TempDir(), "--plan", planOf(t, c), "--as-of", asOf(t, c), "--tokens", tokens)
	if code, _, stderr := trueup(t, string(c.Events), "publish", "-", "--nats", p.Events()); code != 0 {
		t.Fatalf("trueup publish: exit %d: %s", code, stderr)
	}
	reader := web.NewClient(p.Answers(), &http.Client{Transport: showing{admin, http.DefaultTransport}})
	await(t, reader, func(st *report.Status) bool {
		return st.Pending == 0 && st.Outbox == 0 && st.Parked == 1 && st.Entries > 0
	})
	if _, err := reader.Verify(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if code, text, _ := scrape(t, p.Answers(), ""); code != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", code, text)
	}
	if code, text, _ := scrape(t, p.Answers(), payee); code != http.StatusForbidden {
		t.Errorf("a payee: %d %s", code, text)
	}
	_, plain, _ := scrape(t, p.Answers(), ops)
	if strings.Contains(plain, "_amount") || !strings.Contains(plain, "trueup_inputs_total") {
		t.Errorf("ops reads amounts, or nothing:\n%s", plain)
	}
	_, _, families := scrape(t, p.Answers(), admin)
	st, err := reader.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	over, err := reader.Overview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		metric string
		label  []string
		value  float64
	}{
		{"trueup_ledger_facts", nil, float64(st.Facts)},
		{"trueup_ledger_entries", nil, float64(st.Entries)},
		{"trueup_entries_posted_total", nil, float64(st.Entries)},
		{"trueup_outputs_total", nil, float64(st.Outputs)},
		{"trueup_outputs_confirmed_total", nil, float64(st.Outputs)},
		{"trueup_outputs_waiting", nil, 0},
		{"trueup_outputs_oldest_waiting_seconds", nil, 0},
		{"trueup_inputs_pending", nil, 0},
		{"trueup_parked", []string{"reason=conflict"}, 1},
		{"trueup_inputs_total", []string{"family=expansion", "outcome=parked"}, 1},
		{"trueup_ready", []string{"part=output"}, 1},
		{"trueup_ready", []string{"part=ledger"}, 1},
		{"trueup_stops_total", []string{"reason=ledger"}, 0},
		{"trueup_verify_problems", nil, 0},
		{"trueup_sla_open", []string{"sla=dispute"}, 0},
		{"trueup_cache_accounts", nil, 1},
	} {
		if got := value(families, want.metric, want.label...); got != want.value {
			t.Errorf("%s%v = %v, want %v", want.metric, want.label, got, want.value)
		}
	}
	for name, decimal := range map[string]string{"trueup_held_amount": over.Balances.Held, "trueup_payable_amount": over.Balances.Payable} {
		if got := fmt.Sprintf("%.2f", value(families, name, "currency=USD")); got != decimal {
			t.Errorf("%s = %s, want %s", name, got, decimal)
		}
	}
	if n := value(families, "trueup_commit_seconds"); n <= 0 || n > value(families, "trueup_batch_seconds") {
		t.Errorf("%v commits of %v batches were timed", n, value(families, "trueup_batch_seconds"))
	}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if strings.HasPrefix(name, "trueup_") && !labelled[l.GetName()] {
					t.Errorf("%s has a label %s", name, l.GetName())
				}
			}
		}
	}
	described(t, families)
	spokenOf(t, families)
}

// described holds docs/metrics.md against the metrics there are.
func described(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	var rows []string
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if !strings.HasPrefix(name, "trueup_") {
			continue
		}
		f := families[name]
		labels := map[string]bool{}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				labels["`"+l.GetName()+"`"] = true
			}
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |", name, strings.ToLower(f.GetType().String()),
			strings.Join(slices.Sorted(maps.Keys(labels)), " "), f.GetHelp()))
	}
	if table := strings.Join(rows, "\n") + "\n"; !strings.Contains(file(t, "docs/metrics.md"), table) {
		t.Errorf("docs/metrics.md does not have the metrics as they are:\n%s", table)
	}
}

func file(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	expression = regexp.MustCompile(`(?m)^\s*"?expr"?: "?(.*?)"?,?$`)
	metricName = regexp.MustCompile(`\b(?:trueup|go|process)_[a-z0-9_]+`)
	alertName  = regexp.MustCompile(`(?m)^\s*- alert: (\w+)$`)
	section    = regexp.MustCompile(`(?m)^## (Trueup\w+)$`)
)

// spokenOf holds alerts, dashboard and runbook against the metrics and alerts
// that there are.
func spokenOf(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	for _, path := range []string{"deploy/prometheus/alerts.yaml", "deploy/grafana/trueup.json"} {
		found := expression.FindAllStringSubmatch(file(t, path), -1)
		if len(found) < 10 {
			t.Errorf("%s: %d expressions, want all", path, len(found))
		}
		for _, e := range found {
			for _, name := range metricName.FindAllString(e[1], -1) {
				base := name
				for _, of := range []string{"_bucket", "_sum", "_count"} {
					if b, ok := strings.CutSuffix(name, of); ok && families[b].GetType() == dto.MetricType_HISTOGRAM {
						base = b
					}
				}
				if families[base] == nil {
					t.Errorf("%s asks for %s, which no worker has: %s", path, name, e[1])
				}
			}
		}
	}
	var alerts, sections []string
	for _, m := range alertName.FindAllStringSubmatch(file(t, "deploy/prometheus/alerts.yaml"), -1) {
		alerts = append(alerts, m[1])
		if link := "runbook: docs/runbook.md#" + strings.ToLower(m[1]); !strings.Contains(file(t, "deploy/prometheus/alerts.yaml"), link+"\n") {
			t.Errorf("alert %s does not say %q", m[1], link)
		}
		if tests := file(t, "deploy/prometheus/alerts_test.yaml"); !strings.Contains(tests, m[1]+" fires") || !strings.Contains(tests, m[1]+" is quiet") {
			t.Errorf("alert %s is not tested both ways", m[1])
		}
	}
	for _, m := range section.FindAllStringSubmatch(file(t, "docs/runbook.md"), -1) {
		sections = append(sections, m[1])
	}
	if len(alerts) == 0 || !slices.Equal(alerts, sections) {
		t.Errorf("alerts %q, sections of docs/runbook.md %q; want the same", alerts, sections)
	}
}
