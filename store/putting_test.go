package store

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/tenant"
)

// stubborn is a codec that cannot write one of the outcomes.
type stubborn struct {
	codec
	left int // outcomes before it
	why  error
}

func (c *stubborn) Outcome(o tenant.Outcome) (tenant.Message, error) {
	if c.left--; c.left < 0 {
		return tenant.Message{}, c.why
	}
	return c.codec.Outcome(o)
}

// What cannot be put stops the store wherever the event is in its batch, leaves
// nothing of the batch, and the error names the event although others were
// decided since.
func TestRecordNamesWhatItCannotPut(t *testing.T) {
	plans, list := company(t, 12, civil.On(2027, 3, 31))
	counts := &stubborn{left: 1 << 30}
	o := options(plans)
	counts.codec, o.Codec = *o.Codec.(*codec), counts
	recordAll(t, opened(t, filepath.Join(t.TempDir(), "l.db"), o), list, 1)
	outs := 1<<30 - counts.left
	cannot := errors.New("out of ink")
	fails := func(at, size int) (string, *Store) {
		o := options(plans)
		o.Codec = &stubborn{codec: *o.Codec.(*codec), left: at, why: cannot}
		s := opened(t, filepath.Join(t.TempDir(), "l.db"), o)
		for part := range slices.Chunk(list, size) {
			if _, err := s.Record(slices.Clone(part)); err != nil {
				if !errors.Is(err, ErrStopped) || !errors.Is(err, cannot) {
					t.Fatalf("Record() = %v, want %v and %v", err, ErrStopped, cannot)
				}
				return err.Error(), s
			}
		}
		t.Fatalf("outcome %d was written", at)
		return "", nil
	}
	for _, at := range []int{0, outs / 3, outs / 2, outs - 1} {
		want, _ := fails(at, 1)
		for _, size := range []int{groupSize + 1, len(list)} {
			got, s := fails(at, size)
			if got != want {
				t.Errorf("outcome %d of %d, batches of %d: Record() = %s, want %s", at, outs, size, got, want)
			}
			if n, err := s.LastOutput(); err != nil || n > uint64(at) { //nolint:gosec // an index
				t.Errorf("outcome %d, batches of %d: %d outputs are kept, %v", at, size, n, err)
			}
		}
		if !strings.Contains(want, "record event ") && !strings.Contains(want, "timer of ") {
			t.Errorf("Record() = %s, want it to name an event", want)
		}
	}
}
