package scenario_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/scenario"
)

// torture reads how much is asked of a test, and from which seed on.
func torture(t *testing.T, short, long int) (n int, seed uint64) {
	t.Helper()
	n, seed = short, 1
	if os.Getenv("TRUEUP_TORTURE") == "long" {
		n = long
	}
	if text := os.Getenv("TRUEUP_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d schedules from seed %d on", n, seed)
	return n, seed
}

// Whatever the clocks of the worker and of its broker do, every timer fires
// once and not early, nothing stays undone once they are right again, few
// ticks are for nothing, and all comes to what it would have come to.
func TestSchedules(t *testing.T) {
	n, first := torture(t, 300, 10_000)
	if testing.Short() {
		n /= 10
	}
	var mu sync.Mutex
	seen := map[string]int{}
	t.Run("all", func(t *testing.T) {
		const cores = 2
		for shard := range cores {
			t.Run(fmt.Sprintf("shard %d", shard), func(t *testing.T) {
				t.Parallel()
				for seed := first + uint64(shard); seed < first+uint64(n) && !t.Failed(); seed += cores {
					s := drawSchedule(t, seed)
					synctest.Test(t, func(t *testing.T) {
						counts := checkSchedule(t, seed, s)
						mu.Lock()
						defer mu.Unlock()
						for what, n := range counts {
							seen[what] += n
						}
					})
				}
			})
		}
	})
	// What the schedules are for must be in them.
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%s: %d", what, seen[what])
	}
	for _, what := range []string{
		"timer 0", "timer 1", "timer 2", "timer 3", "timer 4", "timer 5", "risk_intervention warned", "risk_intervention breached", "risk_intervention met",
		"dispute breached", "risk_intervention retracted", "earning", "release", "renewal_missed", "churn_within_window", "true_up", "renewal window", "expansion review",
		"tenant.PeriodLocked", "ticks", "ticks for nothing", "restarts",
	} {
		if seen[what] == 0 && n >= 300 && !t.Failed() {
			t.Errorf("%d schedules and no %s", n, what)
		}
	}
}

// checkSchedule runs a schedule and holds it against the same facts on clocks
// that go right. Seen as of one instant that leaves open only what arrival
// decides by its nature: when an entry is posted (At), and so in which quarter
// and which statement if its own was locked by then; what was warned of or
// announced; and how often a quarter's figures were worked out on the way.
func checkSchedule(t *testing.T, seed uint64, s *schedule) map[string]int {
	t.Helper()
	tr := newTrial(t, s)
	tr.run()
	got := tr.ledger
	err := cmp.Or(tr.err, tr.done())
	if err == nil {
		tr.book.arrives(s.end)
		err = cmp.Or(got.Finish(s.end), tr.book.left(s.end))
	}
	if err != nil {
		t.Fatalf("seed %d: %v\nstart %s, end %s, look every %v, worker's clock %v, broker's clock %v, restarts %v", seed, err, s.start, s.end, s.every, s.worker, s.broker, s.restarts)
	}
	smooth, err := scenario.Start("default", s.given, 0)
	if err != nil {
		t.Fatal(err)
	}
	book := watched(smooth)
	for _, a := range s.arrivals {
		book.arrives(a.Arrived)
		if err := smooth.Arrive(a); err != nil {
			t.Fatalf("seed %d, on clocks that go right: %v", seed, err)
		}
	}
	book.arrives(s.end)
	if err := cmp.Or(smooth.Finish(s.end), book.left(s.end)); err != nil {
		t.Fatalf("seed %d, on clocks that go right: %v", seed, err)
	}
	facts := episodesTold(t, s.inForce, s.told, s.end)
	if a, b := upshotOf(t, got, facts), upshotOf(t, smooth, facts); !reflect.DeepEqual(a, b) {
		t.Fatalf("seed %d, on these clocks and on ones that go right: %s%s%s\nworker's clock %v, broker's clock %v", seed,
			unequal(a.Posted, b.Posted), unequal(a.Credits, b.Credits), unequal(a.Episodes, b.Episodes), s.worker, s.broker)
	}
	if a, b := lockedAt(got, smooth), lockedAt(smooth, got); !maps.Equal(a, b) {
		t.Fatalf("seed %d: quarters locked at %v, on clocks that go right at %v", seed, a, b)
	}
	for kind, n := range tr.book.fired {
		tr.book.counts[fmt.Sprint("timer ", kind)] = n
	}
	return tr.book.counts
}

// lockedAt is when quarters locked, of those that another play locked too or
// that come after its first: where a tenant begins is a matter of arrival.
func lockedAt(p, other *scenario.Played) map[civil.Quarter]time.Time {
	at := map[civil.Quarter]time.Time{}
	locks := func(p *scenario.Played) []tenant.Lock { l, _ := p.Locks(); return l }
	theirs := locks(other)
	for _, l := range locks(p) {
		if len(theirs) == 0 || l.Period >= theirs[0].Period {
			at[l.Period] = l.At
		}
	}
	return at
}
