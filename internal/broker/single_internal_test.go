package broker

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// BenchmarkOutput publishes outputs and the cursor on a server that syncs every
// write, one after the other and as an atomic batch, in turns; it reports the
// medians. MaxSingle is chosen by it.
func BenchmarkOutput(b *testing.B) {
	e, err := Embed(Options{Dir: b.TempDir(), Addr: "127.0.0.1:-1", Log: zerolog.Nop()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	c, err := Connect(b.Context(), e.URL(), zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.EnsureStreams(b.Context(), DefaultNames, "acme"); err != nil {
		b.Fatal(err)
	}
	o, err := c.NewOutput(DefaultNames.Out, "acme")
	if err != nil {
		b.Fatal(err)
	}
	var at Cursor
	for _, n := range []int{1, 2, 3, 4, 8} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var took [2][]time.Duration
			for range b.N {
				for way, publish := range []func(context.Context, []OutMsg, Cursor, Cursor) (uint64, error){o.single, o.atomic} {
					msgs, to := next(at, n)
					start := time.Now()
					seq, err := publish(b.Context(), msgs, at, to)
					if err != nil {
						b.Fatal(err)
					}
					took[way] = append(took[way], time.Since(start))
					to.Seq = seq
					at = to
				}
			}
			for way, unit := range []string{"single-µs", "batch-µs"} {
				slices.Sort(took[way])
				b.ReportMetric(float64(took[way][len(took[way])/2].Microseconds()), unit)
			}
		})
	}
}

// next is the out log after a cursor, with bodies as long as an adjustment's.
func next(at Cursor, n int) ([]OutMsg, Cursor) {
	to := at
	var msgs []OutMsg
	for range n {
		to.N++
		msgs = append(msgs, OutMsg{Subject: "payout.acme.adjustment.issued", ID: fmt.Sprint("out-", to.N), Body: fmt.Appendf(nil, "%0700d", to.N)})
	}
	to.Hash = sha256.Sum256(fmt.Append(nil, to.N))
	return msgs, to
}
