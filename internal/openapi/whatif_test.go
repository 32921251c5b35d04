package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/web"
)

// comparing is a reader that also compares plans, as a worker's does.
type comparing struct {
	reporttest.Reader
	whatIfs *scenario.WhatIfs
}

func (c comparing) WhatIf(_ context.Context, document []byte) (*report.WhatIf, error) {
	return c.whatIfs.Begin(document)
}

func (c comparing) WhatIfByID(_ context.Context, id string) (*report.WhatIf, error) {
	return c.whatIfs.ByID(id)
}

// whatIfAnswers holds a comparison against the document, from its begin to its
// end, and what is refused.
func whatIfAnswers(t *testing.T, schemas schemas) {
	t.Helper()
	all := scenariotest.All(t, cases)
	c := all[slices.IndexFunc(all, func(c scenariotest.Case) bool { return c.Name == "churn-on-day-90" })]
	p, arrivals := reporttest.Given(t, c)
	h := scenariotest.Heard{Plans: plan.Set{p}}
	for _, a := range arrivals {
		h.Inputs, h.AsOf = append(h.Inputs, a.Input), a.Arrived
	}
	r := comparing{reporttest.PlayCase(t, c), scenario.NewWhatIfs("default", h.Plans, h)}
	server := web.NewServer(r, web.Options{})
	ask := func(method, target, body string, code int, schema *jsonschema.Schema) []byte {
		t.Helper()
		req := httptest.NewRequest(method, "http://localhost"+target, bytes.NewReader([]byte(body)))
		req.Header.Set("Content-Type", "application/yaml")
		w := httptest.NewRecorder()
		server.ServeHTTP(w, req)
		if err := schema.Validate(parsed(t, w.Body.Bytes())); err != nil || w.Code != code {
			t.Errorf("%s %s = %d, want %d: %v: %s", method, target, w.Code, code, err, w.Body)
		}
		return w.Body.Bytes()
	}
	answer := func(path, method, code string) *jsonschema.Schema {
		return schemas.at(t, "paths", path, method, "responses", code, "content", "application/json", "schema")
	}
	richer := *p
	richer.Variable.Minor *= 2
	document := string(planfile.Canonical(&richer))
	var begun report.WhatIf
	told := ask(http.MethodPost, "/v1/what-if", document, http.StatusAccepted, answer("/v1/what-if", "post", "202"))
	if err := json.Unmarshal(told, &begun); err != nil || begun.State != "running" {
		t.Fatalf("POST /v1/what-if = %s, %v", told, err)
	}
	richer.Variable.Minor++
	ask(http.MethodPost, "/v1/what-if", string(planfile.Canonical(&richer)), http.StatusConflict, schemas.at(t, "components", "schemas", "Failure"))
	ask(http.MethodPost, "/v1/what-if", "plan: [", http.StatusBadRequest, schemas.at(t, "components", "schemas", "Failure"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.whatIfs.Run(ctx) }()
	for begun.State == "running" {
		time.Sleep(time.Millisecond)
		told := ask(http.MethodGet, "/v1/what-if/"+begun.ID, "", http.StatusOK, answer("/v1/what-if/{id}", "get", "200"))
		if err := json.Unmarshal(told, &begun); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	<-ended
	if begun.State != "done" || begun.Diff == nil || len(begun.Diff.Payees) == 0 {
		t.Errorf("compared: %+v", begun)
	}
}
