package consumers

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/tenant"
)

// recorder keeps what it is given.
type recorder struct {
	mu      sync.Mutex
	batches [][]uint64
	seen    []tenant.Arrival
	takes   time.Duration
	fail    func(batch []tenant.Arrival) error
}

func (r *recorder) Record(batch []tenant.Arrival) (tenant.Recorded, error) {
	time.Sleep(r.takes)
	if r.fail != nil {
		if err := r.fail(batch); err != nil {
			return tenant.Recorded{}, err
		}
	}
	seqs := make([]uint64, len(batch))
	for i, a := range batch {
		seqs[i] = a.Position.Seq
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches, r.seen = append(r.batches, seqs), append(r.seen, batch...)
	return tenant.Recorded{Fates: make([]tenant.Fate, len(batch)), Parked: []tenant.ParkedInput{{ID: "p-1", Code: "bad"}}}, nil
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

func arrival(index uint64) tenant.Arrival {
	return tenant.Arrival{Position: tenant.Position{Seq: index}}
}

// Whatever order inputs are submitted in and however many at a time, they are
// recorded in the order of their indexes, each once, in batches up to the limit.
func TestBatcherKeepsOrder(t *testing.T) {
	for _, limit := range []int{1, 3, 64} {
		synctest.Test(t, func(t *testing.T) {
			const inputs = 1000
			r := &recorder{takes: time.Millisecond}
			b := NewBatcher(r, limit, zerolog.Nop())
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- b.Run(ctx) }()
			dice := rand.New(rand.NewPCG(uint64(limit), 1))
			var all sync.WaitGroup
			for _, i := range dice.Perm(inputs) {
				wait := time.Duration(dice.IntN(50)) * time.Millisecond
				all.Go(func() {
					time.Sleep(wait)
					if err := b.Submit(t.Context(), uint64(i+1), arrival(uint64(i+1))); err != nil {
						t.Errorf("Submit(%d) = %v", i+1, err)
					}
					if n := r.count(); n < i+1 {
						t.Errorf("Submit(%d) returned after %d were recorded", i+1, n)
					}
				})
			}
			all.Wait()
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run() = %v", err)
			}
			next, largest := uint64(1), 0
			for _, batch := range r.batches {
				largest = max(largest, len(batch))
				for _, seq := range batch {
					if seq != next {
						t.Fatalf("%d was recorded where %d was next", seq, next)
					}
					next++
				}
			}
			if next != inputs+1 || largest > limit || limit > 1 && largest < 2 {
				t.Errorf("%d inputs in batches up to %d, want %d in batches up to %d", next-1, largest, inputs, limit)
			}
		})
	}
}

// An input that comes alone is recorded at once.
func TestBatcherWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBatcher(&recorder{}, 10, zerolog.Nop())
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = b.Run(ctx) }()
		start := time.Now()
		for i := range uint64(3) {
			if err := b.Submit(ctx, i+1, arrival(i+1)); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("three inputs waited %v", took)
		}
		cancel()
	})
}

// An error of the recorder ends everything: whoever waits is told, and Run
// says why.
func TestBatcherEndsWithAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		r := &recorder{takes: time.Millisecond, fail: func(batch []tenant.Arrival) error {
			if batch[len(batch)-1].Position.Seq >= 20 {
				return broken
			}
			return nil
		}}
		b := NewBatcher(r, 5, zerolog.Nop())
		errs := make([]error, 101)
		var all sync.WaitGroup
		for i := range errs[1:] {
			all.Go(func() { errs[i+1] = b.Submit(t.Context(), uint64(i+1), arrival(uint64(i+1))) })
		}
		if err := b.Run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("Run() = %v, want %v", err, broken)
		}
		all.Wait()
		committed := r.count()
		if committed == 0 || committed >= 20 {
			t.Errorf("%d inputs were recorded, want those before the error", committed)
		}
		told := 0
		for i, err := range errs[1:] {
			switch {
			case i < committed && err != nil, i >= committed && err == nil:
				t.Errorf("Submit(%d) = %v with %d recorded", i+1, err, committed)
			case errors.Is(err, broken):
				told++
			case err != nil && !errors.Is(err, ErrBatcherEnded):
				t.Errorf("Submit(%d) = %v", i+1, err)
			}
		}
		if told == 0 || told > 5 {
			t.Errorf("%d were told of the error itself, want the batch it came with", told)
		}
		if err := b.Submit(t.Context(), 101, arrival(101)); !errors.Is(err, ErrBatcherEnded) {
			t.Errorf("Submit() after the end = %v", err)
		}
	})
}

// An input that comes again is answered only once it is committed.
func TestBatcherAnswersAfterTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBatcher(&recorder{takes: time.Second}, 4, zerolog.Nop())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		first := make(chan error, 1)
		go func() { first <- b.Submit(t.Context(), 1, arrival(1)) }()
		synctest.Wait()
		if err := b.Submit(t.Context(), 1, arrival(1)); err == nil {
			t.Error("an input that came again was answered before it was committed")
		}
		if err := <-first; err != nil {
			t.Errorf("Submit() = %v", err)
		}
		if err := b.Submit(t.Context(), 1, arrival(1)); err != nil {
			t.Errorf("Submit() of what is committed = %v", err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// The end of Run's context ends it without an error, in the middle of a gap
// too; an input whose own context ends before it is taken is given back.
func TestBatcherEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBatcher(&recorder{}, 2, zerolog.Nop())
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		full := func(ctx context.Context, index uint64) chan error {
			done := make(chan error, 1)
			go func() { done <- b.Submit(ctx, index, arrival(index)) }()
			synctest.Wait()
			return done
		}
		waits := []chan error{full(t.Context(), 3), full(t.Context(), 4)} // fills what is taken in advance
		if err := <-full(gone, 2); !errors.Is(err, context.Canceled) {
			t.Errorf("Submit() with an ended context = %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		synctest.Wait()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
		for _, w := range waits {
			if err := <-w; !errors.Is(err, ErrBatcherEnded) {
				t.Errorf("Submit() behind a gap = %v, want %v", err, ErrBatcherEnded)
			}
		}
	})
}

// What was committed is never said to have failed, whenever Run's context ends.
func TestBatcherTellsTheTruthAtItsEnd(t *testing.T) {
	for n := range 20 {
		synctest.Test(t, func(t *testing.T) {
			r := &recorder{takes: 10 * time.Millisecond}
			b := NewBatcher(r, 4, zerolog.Nop())
			ctx, stop := context.WithTimeout(t.Context(), time.Duration(n*5)*time.Millisecond)
			defer stop()
			errs := make([]error, 20)
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() { errs[i] = b.Submit(t.Context(), uint64(i+1), arrival(uint64(i+1))) })
			}
			if err := b.Run(ctx); err != nil {
				t.Errorf("Run() = %v", err)
			}
			all.Wait()
			for i, err := range errs {
				recorded := slices.ContainsFunc(r.seen, func(a tenant.Arrival) bool { return a.Position.Seq == uint64(i+1) })
				if recorded != (err == nil) {
					t.Errorf("Submit(%d) = %v, recorded %v", i+1, err, recorded)
				}
			}
		})
	}
}

// An input whose reading panics fails alone; it may come again, and what came
// after it waits until it does. One that comes again after it was committed is
// told so, and one that comes twice at a time is refused.
func TestBatcherSurvivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		b := NewBatcher(r, 10, zerolog.Nop())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		second := make(chan error, 1)
		go func() { second <- b.Submit(t.Context(), 2, arrival(2)) }()
		synctest.Wait()
		if err := b.Submit(t.Context(), 2, arrival(2)); err == nil {
			t.Error("Submit(2) twice at a time = nil")
		}
		err := b.SubmitFunc(t.Context(), 1, func(*tenant.Arrival) { panic("odd") })
		if err == nil || !strings.Contains(err.Error(), "odd") || r.count() != 0 {
			t.Errorf("SubmitFunc() of what panics = %v with %d recorded", err, r.count())
		}
		for range 2 {
			if err := b.Submit(t.Context(), 1, arrival(1)); err != nil {
				t.Errorf("Submit(1) again = %v", err)
			}
		}
		if err := <-second; err != nil || r.count() != 2 {
			t.Errorf("Submit(2) = %v with %d recorded, want 2", err, r.count())
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
}
