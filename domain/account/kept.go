package account

import (
	"iter"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/few"
)

// kept are statements of one kind by key, where of several under one key only
// the newest stands. They are kept as they came: an event is large, and there
// already.
type kept[T event.Event] struct{ list few.List[event.Event] }

// add takes a statement and reports whether the list differs. compare orders by key.
func (k *kept[T]) add(e event.Event, compare func(a, b T) int) (changed bool) {
	as, n := e.(T), k.list.Len()
	if n == 0 || compare(k.at(n-1), as) < 0 { // the usual one is the latest
		k.list.Append(e)
		return true
	}
	switch i, found := k.list.Search(n, func(o *event.Event) int { return compare((*o).(T), as) }); {
	case !found:
		k.list.Insert(i, e)
	case event.Newer(e.Head(), (*k.list.At(i)).Head()):
		*k.list.At(i) = e
	default:
		return false
	}
	return true
}

func (k *kept[T]) len() int { return k.list.Len() }

func (k *kept[T]) at(i int) T { return (*k.list.At(i)).(T) }

// from goes through the statements from one of a place on, in order.
func (k *kept[T]) from(i int) iter.Seq[T] {
	return func(yield func(T) bool) {
		for ; i < k.len(); i++ {
			if !yield(k.at(i)) {
				return
			}
		}
	}
}

// backward goes through all of them, the last first.
func (k *kept[T]) backward() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := k.len() - 1; i >= 0; i-- {
			if !yield(k.at(i)) {
				return
			}
		}
	}
}
