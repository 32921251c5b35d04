package main

import (
	"strings"

	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/store"
)

// feed tells pages what a ledger records. It implements web.Feed.
type feed struct{ store *store.Store }

// Changed implements web.Feed.
func (f feed) Changed() <-chan struct{} { return f.store.Changed() }

// mostTold bounds how many outputs are looked at for what turned: of more than
// that, it is only known that something may have.
const mostTold = 1000

// Since implements web.Feed: episodes turned where the outputs say so.
func (f feed) Since(before *web.Moment) (*web.Moment, error) {
	m, err := f.store.Moment()
	if err != nil {
		return nil, err
	}
	now := &web.Moment{AsOf: m.AsOf, Entries: m.Entries, Outputs: m.LastOut}
	if before == nil || before.Outputs == now.Outputs {
		return now, nil
	}
	out, err := f.store.Outputs(before.Outputs, mostTold)
	if len(out) == mostTold {
		now.Turned = 1
	}
	for _, o := range out {
		if strings.HasPrefix(o.Subject, "sla.") {
			now.Turned++
		}
	}
	return now, err
}
