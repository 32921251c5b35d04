package broker

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

type key struct{}

// A handing is a context like any other, whether its end is asked for before it
// comes or after, or never.
func TestHandingIsAContext(t *testing.T) {
	type made struct {
		h      *handing
		parent context.CancelFunc
	}
	begin := func(t *testing.T) made {
		parent, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "kept"), time.Hour)
		return made{(&handing{}).next(parent), cancel}
	}
	for _, tt := range []struct {
		name string
		end  func(made)
		want error
	}{
		{"settled", func(m made) { m.h.end() }, context.Canceled},
		{"settled twice", func(m made) { m.h.end(); m.h.end() }, context.Canceled},
		{"unsubscribed", func(m made) { m.parent() }, context.Canceled},
		{"out of time", func(made) { time.Sleep(time.Hour) }, context.DeadlineExceeded},
		{"going on", func(made) {}, nil},
	} {
		for _, asked := range []string{"before", "after", "never", "by a child", "by a child's function"} {
			synctest.Test(t, func(t *testing.T) {
				m := begin(t)
				defer m.parent()
				called := asked != "by a child's function" || tt.want == nil
				child := context.Context(m.h)
				switch asked {
				case "before":
					_ = m.h.Done()
				case "by a child":
					var cancel context.CancelFunc
					child, cancel = context.WithCancel(m.h)
					defer cancel()
				case "by a child's function":
					stop := context.AfterFunc(m.h, func() { called = true })
					defer stop()
				}
				tt.end(m)
				synctest.Wait()
				if asked == "after" {
					select {
					case <-m.h.Done():
					default:
						if tt.want != nil {
							t.Errorf("%s: Done() asked for %s is open", tt.name, asked)
						}
					}
				}
				if err := child.Err(); !errors.Is(err, tt.want) || !errors.Is(context.Cause(child), tt.want) || !called {
					t.Errorf("%s: Err() with Done() asked for %s = %v, cause %v, called %v; want %v", tt.name, asked, err, context.Cause(child), called, tt.want)
				}
				if _, ok := child.Deadline(); !ok || child.Value(key{}) != "kept" || child.Value(deliveryKey{}) != &m.h.delivery {
					t.Errorf("%s: the deadline or a value was lost, Done() asked for %s", tt.name, asked)
				}
			})
		}
	}
}

// Another attempt leaves the one before to its handler.
func TestNextHanding(t *testing.T) {
	first := (&handing{delivery: Delivery{Seq: 7}}).next(t.Context())
	first.end()
	second := first.next(t.Context())
	if second == first || first.delivery.Attempt != 1 || second.delivery.Attempt != 2 || second.delivery.Seq != 7 || second.Err() != nil {
		t.Errorf("next() = %+v after %+v", second.delivery, first.delivery)
	}
}
