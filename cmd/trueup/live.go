package main

import (
	"context"
	"sync"

	"github.com/trueup/trueup/internal/report"
)

// liveReader answers for a running worker: from its ledger, and for the status
// from the broker too.
type liveReader struct {
	fileReader
	worker *worker
}

// Status implements report.Reader.
func (r liveReader) Status(ctx context.Context) (*report.Status, error) {
	w := r.worker
	// In this order: what is published while we look counts as pending, not as done.
	pending, err := w.sub.Pending(ctx)
	st, fileErr := r.fileReader.Status(ctx)
	if fileErr != nil {
		return nil, fileErr
	}
	st.Running, st.Broker, st.Alarms = true, "connected", append(w.alarms.list(), w.troubles()...)
	if err != nil {
		st.Broker = "disconnected"
		st.Alarms = append(st.Alarms, "the broker does not answer: what is pending is not known")
	}
	waiting, err := w.waiting()
	if err != nil {
		return nil, err
	}
	st.Pending = pending + w.sweeper.Owes(waiting)
	st.Outbox = st.Outputs - min(st.Outputs, w.store.Confirmed())
	return st, nil
}

// alarms are things a person should look at, since the worker started.
type alarms struct {
	mu    sync.Mutex
	texts []string
}

// alarmsKept bounds how many are told.
const alarmsKept = 100

func (a *alarms) add(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.texts) < alarmsKept {
		a.texts = append(a.texts, text)
	}
}

func (a *alarms) list() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.texts...)
}
