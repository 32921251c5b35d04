//go:build linux

package torture

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/torture/disk"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/internal/workertest"
)

// image is what the disk may hold after the power was lost.
type image struct {
	n     int
	at    int    // operations that were done before
	bytes []byte // of the ledger; nil where it has no file
	acked uint64 // what the broker had been told by then
}

// The power is lost at any moment of a worker's life, and of what was written
// since the last sync any part is on the disk, in any order, torn or turned to
// garbage. Whatever is there opens and is sound, and has everything that was
// acknowledged, but for repeats of it: a meta page that is not whole is all that verify may find. A
// worker that is started on what is there comes to the same.
func TestPowerLost(t *testing.T) {
	notShort(t)
	t.Parallel()
	s := seed(t)
	o := newDiskTrial(t, s, 8)
	r := o.record()
	images := make(chan image)
	var checking sync.WaitGroup
	for range 2 {
		checking.Go(func() {
			for i := range images {
				o.survived(i)
			}
		})
	}
	var started []image
	total := size(60, 10_000)
	every := total / size(2, 40)
	for i := range draws(r, s, total, o.ledger()) {
		images <- i
		if i.n%every == every/2 {
			started = append(started, i)
		}
	}
	close(images)
	checking.Wait()
	for _, i := range started {
		o.goesOn(i)
	}
	t.Logf("%d images of %d operations, a worker was started on %d of them", total, len(r.ops), len(started))
}

// draws draws images at random moments, in the order of these.
func draws(r *diskRecord, seed uint64, total int, ledger string) func(func(image) bool) {
	return func(yield func(image) bool) {
		dice := rand.New(rand.NewPCG(seed, 31))
		moments := make([]int, total)
		for i := range moments {
			moments[i] = dice.IntN(len(r.ops) + 1)
		}
		slices.Sort(moments)
		replay := disk.NewReplay(r.ops)
		for n, at := range moments {
			replay.Advance(at)
			if !yield(image{n, at, replay.Image(dice)[ledger], r.acked[at]}) {
				return
			}
		}
	}
}

// survived checks an image.
func (o *diskTrial) survived(i image) {
	o.t.Helper()
	if i.bytes == nil {
		if i.acked > 0 {
			o.t.Errorf("image %d after %d operations: there is no ledger, and message %d was acknowledged", i.n, i.at, i.acked)
		}
		return
	}
	file := filepath.Join(o.t.TempDir(), "image.db")
	if err := i.write(file); err != nil {
		o.t.Error(err)
		return
	}
	defer func() { _ = os.Remove(file) }()
	code, out, stderr := workertest.Run(o.t, "", "verify", "--db", file, "--format", "json")
	var v report.Verification
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		o.t.Errorf("image %d after %d operations: verify: exit %d, %v: %s%s", i.n, i.at, code, err, out, stderr)
		return
	}
	for _, p := range v.Problems {
		if !strings.Contains(p, "meta page") {
			o.t.Errorf("image %d after %d operations: %s", i.n, i.at, p)
		}
	}
	at, err := o.position(file)
	if err == nil {
		at, err = o.pastRepeats(at, i.acked)
	}
	if err != nil || at < i.acked {
		o.t.Errorf("image %d after %d operations stands at message %d (%v), and %d was acknowledged", i.n, i.at, at, err, i.acked)
	}
}

// pastRepeats goes on from a position over messages that repeat earlier ones, up
// to another: what brings nothing new is acknowledged without being written.
func (o *diskTrial) pastRepeats(at, to uint64) (uint64, error) {
	stream, err := o.conn.JetStream().Stream(o.t.Context(), broker.DefaultNames.In)
	if err != nil {
		return at, err
	}
	seen := map[string]bool{}
	what := func(body []byte) string { // of an event told again later: when it was told is not a part of it
		in, err := wire.DecodeLine(body, tenantName)
		if err != nil {
			return string(body)
		}
		return fmt.Sprintf("%v %x", in.Event.Head().Identity, in.Sum)
	}
	for seq := uint64(1); seq <= to; seq++ {
		m, err := stream.GetMsg(o.t.Context(), seq)
		if err != nil {
			return at, err
		}
		if event := what(m.Data); seq <= at {
			seen[event] = true
		} else if !seen[event] {
			return seq - 1, nil
		}
	}
	return max(at, to), nil
}

// write makes the file, with holes where there is nothing.
func (i image) write(file string) error {
	f, err := os.Create(file) //nolint:gosec // the test's own
	if err != nil {
		return err
	}
	const page = 4096
	for at := 0; at < len(i.bytes) && err == nil; at += page {
		b := i.bytes[at:min(at+page, len(i.bytes))]
		if slices.IndexFunc(b, func(c byte) bool { return c != 0 }) >= 0 {
			_, err = f.WriteAt(b, int64(at))
		}
	}
	return errors.Join(err, f.Truncate(int64(len(i.bytes))), f.Close())
}

// goesOn starts a worker on an image, beside the broker that has everything.
func (o *diskTrial) goesOn(i image) {
	o.t.Helper()
	if err := os.Remove(o.ledger()); err != nil {
		o.t.Fatal(err)
	}
	if i.bytes != nil {
		if err := i.write(o.ledger()); err != nil {
			o.t.Fatal(err)
		}
	}
	o.rest()
}
