package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// hosted is what a worker inside this process came to.
type hosted struct {
	status *report.Status
	doc    *report.Document
}

// host runs a worker of a tenant's inside this process, on a broker shared with
// others, publishes events in the order given, and asks it over HTTP once it
// has applied them and is still.
func host(ctx context.Context, c config, events []byte) (h hosted, err error) {
	e := env{nil, strings.NewReader(""), io.Discard, io.Discard, func(string) string { return "" }, time.Now}
	c.settle, c.feeding = time.Millisecond, make(chan struct{})
	if err := c.check(); err != nil {
		return h, err
	}
	var log strings.Builder
	w, err := startWorker(ctx, e, c, zerolog.New(zerolog.SyncWriter(&log)).Level(zerolog.WarnLevel))
	if err != nil {
		return h, err
	}
	ended, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- w.wait(ended) }()
	defer func() {
		stop()
		if err = errors.Join(err, <-stopped); err != nil {
			err = fmt.Errorf("%w; log:\n%s", err, log.String())
		}
	}()
	var told strings.Builder
	args := []string{"publish", "-", "--nats", c.nats, "--tenant", c.tenant}
	if code := run(ctx, env{args, strings.NewReader(string(events)), &told, &told, e.getenv, e.now}); code != exitDone {
		return h, fmt.Errorf("trueup publish: exit %d: %s", code, &told)
	}
	answers := web.NewClient(w.httpURL, nil)
	close(c.feeding) // and so the clock goes on as soon as all that is applied
	if h.status, err = still(ctx, answers); err != nil {
		return h, err
	}
	h.doc, err = answers.Statement(ctx, report.Filter{})
	return h, err
}

// still waits until everything published to a worker is applied and out.
func still(ctx context.Context, answers report.Reader) (*report.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		st, err := answers.Status(ctx)
		if err == nil && st.Pending == 0 && st.Outbox == 0 && st.Facts > 0 && st.Broker == "connected" {
			return st, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("the worker did not settle; last status %+v (%w)", st, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
