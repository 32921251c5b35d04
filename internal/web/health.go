package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/report"
)

// Health is how the worker does.
type Health struct {
	Status string `json:"status"` // ok, or ready
	Parts  []Part `json:"parts,omitempty"`
}

// Part is a part of the worker that has to do its work for the worker to do its.
type Part struct {
	Name  string `json:"name"` // broker, ledger, input, output
	Ready bool   `json:"ready"`
	Why   string `json:"why,omitempty"` // it is not
}

// unready is the answer while a part is not ready.
type unready []Part

func (u unready) Error() string {
	var why []string
	for _, p := range u {
		if !p.Ready {
			why = append(why, p.Name+": "+p.Why)
		}
	}
	return "not ready: " + strings.Join(why, "; ")
}

// ready says whether the worker does its work.
func (s *server) ready(context.Context, question) (any, error) {
	var parts []Part
	if s.opts.Ready != nil {
		parts = s.opts.Ready()
	}
	if slices.ContainsFunc(parts, func(p Part) bool { return !p.Ready }) {
		return nil, unready(parts)
	}
	return Health{"ready", parts}, nil
}

// metrics serves how the worker does, to whoever keeps it running.
func (s *server) metrics(w http.ResponseWriter, req *http.Request, _ question) {
	if s.opts.Metrics == nil {
		s.fail(w, req, report.NotFound{What: "page", ID: req.URL.Path})
		return
	}
	amounts, err := access.Operating(req.Context(), "metrics are")
	if err != nil {
		s.fail(w, req, err)
		return
	}
	s.opts.Metrics(amounts).ServeHTTP(w, req)
}
