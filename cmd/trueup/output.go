package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/trueup/trueup/consumers"
	"github.com/trueup/trueup/internal/broker"
)

const (
	relayRetry = time.Second
	relayMost  = 30 * time.Second
	relayLook  = time.Second
	boundLook  = 100 * time.Millisecond
)

// openOutput makes this run the writer of the tenant's outputs. Nothing is
// published and no input is taken before: where another worker of the tenant
// is running, this one ends here and has not disturbed it.
func (w *worker) openOutput(ctx context.Context, _ env) error {
	output, err := w.conn.NewOutput(w.cfg.streams.Out, w.cfg.tenant)
	if err != nil {
		return err
	}
	writer := newWriter()
	reconnected := make(chan struct{}, 1)
	w.conn.OnReconnect(func() {
		select {
		case reconnected <- struct{}{}:
		default:
		}
	})
	withdraw := func() {}
	w.relay = &consumers.Relay{
		Log: w.store, Transport: output, Writer: writer, Retry: relayRetry, MostRetry: relayMost, Look: relayLook,
		Reconnected: reconnected, Claimed: func() { withdraw() }, Alarm: w.alarm, Logger: w.log,
	}
	w.bound = &consumers.Bound{Max: uint64(w.cfg.maxWaiting), Waiting: w.relay.Waiting, Every: boundLook, Log: w.log} //nolint:gosec // checked
	switch other, waits, err := output.Waiting(ctx); {
	case err != nil:
		return err
	case waits:
		return fmt.Errorf("%w: %q is running; stop it first", consumers.ErrTakenOver, other)
	}
	if withdraw, err = output.AnnounceWaiting(writer); err != nil {
		return err
	}
	if _, err := output.Announce(writer); err != nil { // ends with the connection
		return err
	}
	return w.relay.Claim(ctx)
}

// newWriter names this run of the worker: no two are the same.
func newWriter() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it cannot fail
	return hex.EncodeToString(b[:])
}

// troubles are what a person should know of the output now.
func (w *worker) troubles() []string {
	var out []string
	if why := w.relay.Trouble(); why != "" {
		out = append(out, "outputs cannot leave: "+why)
	}
	if held := w.bound.Held(); held != "" {
		out = append(out, held)
	}
	return out
}

var _ consumers.Transport = (*broker.Output)(nil)
