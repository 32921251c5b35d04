package torture

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/workertest"
)

const (
	copies      = 20
	copiesApart = 200 // events between the first and the last copy of one, at most
)

// Every event comes 20 times, under other message ids or after the broker has
// forgotten them, out of order, while broker and worker are killed and an old
// backup of the ledger is put back: one effect, every output once, no alarm.
func TestDuplicates(t *testing.T) {
	notShort(t)
	t.Parallel()
	s := seed(t)
	c := newCompany(t, s, size(8, 280))
	if least := size(300, 10_000); len(c.msgs) < least {
		t.Fatalf("the company has %d events, want %d at least", len(c.msgs), least)
	}
	r := rand.New(rand.NewPCG(s, 4))
	c.msgs = repeated(r, c.msgs)
	o := newTrial(t, c, "")
	forgetful(t, o.broker)
	o.worker.Start()
	backup := filepath.Join(t.TempDir(), "backup.db")
	parts := []func(){
		o.killWorker, o.broker.Restart,
		func() { o.backup(backup) }, o.killWorker, o.broker.Restart,
		func() { o.putBack(backup) }, o.killWorker,
		func() { o.putBack(backup) }, o.restartWorker,
	}
	for i, part := range parts {
		o.feed(len(c.msgs)*(i+1)/(len(parts)+1), 100, never)
		time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
		part()
	}
	o.feed(len(c.msgs), 100, never)
	st := o.worker.Settled()
	if len(st.Alarms) > 0 {
		t.Errorf("alarms: %q", st.Alarms)
	}
	o.check()
}

// repeated is every message 20 times: under its own id, under another, or under
// none, somewhere near its place.
func repeated(r *rand.Rand, msgs []broker.Msg) []broker.Msg {
	type placed struct {
		at  int
		msg broker.Msg
	}
	var all []placed
	for i, m := range msgs {
		for n := range copies {
			again := m
			if kind := r.IntN(10); kind == 0 {
				again.ID = ""
			} else if kind > 1 {
				again.ID = fmt.Sprintf("%s-%d", m.ID, n)
			}
			all = append(all, placed{i + r.IntN(copiesApart), again})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	out := make([]broker.Msg, len(all))
	for i, p := range all {
		out[i] = p.msg
	}
	return out
}

// forgetful makes the streams with a window for duplicates that is soon over.
func forgetful(t *testing.T, b *brokertest.Process) {
	t.Helper()
	conn := brokertest.Streams(t, b.URL(), tenantName)
	defer conn.Close()
	for _, name := range []string{broker.DefaultNames.In, broker.DefaultNames.Out} {
		s, err := conn.JetStream().Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		cfg := s.CachedInfo().Config
		cfg.Duplicates = 100 * time.Millisecond
		if _, err := conn.JetStream().UpdateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
}

func (o *trial) killWorker() {
	o.worker.Kill()
	o.worker.Start()
}

func (o *trial) restartWorker() {
	o.worker.Stop()
	o.worker.Start()
}

// backup copies the ledger while the worker is stopped.
func (o *trial) backup(to string) {
	o.worker.Stop()
	workertest.CopyFile(o.t, o.ledger(), to)
	o.worker.Start()
}

// putBack puts an old copy of the ledger in its place.
func (o *trial) putBack(from string) {
	o.t.Helper()
	o.worker.Stop()
	if err := os.Remove(o.ledger()); err != nil {
		o.t.Fatal(err)
	}
	workertest.CopyFile(o.t, from, o.ledger())
	o.worker.Start()
}
