// Package few has a map for few entries. An account has a handful of most
// things, there are many accounts, and a Go map takes room for eight at once.
package few

import (
	"cmp"
	"iter"
	"slices"
)

// Map is a map as a list sorted by key: as large as what is in it, and always
// gone through in the same order. The zero value is empty. It takes many
// entries too; putting one before others moves those.
type Map[K cmp.Ordered, V any] struct{ list []pair[K, V] }

type pair[K, V any] struct {
	key   K
	value V
}

func (m *Map[K, V]) find(k K) (int, bool) {
	n := len(m.list)
	if n == 0 || m.list[n-1].key < k { // most come in order
		return n, false
	}
	return slices.BinarySearchFunc(m.list, k, func(p pair[K, V], k K) int { return cmp.Compare(p.key, k) })
}

// Get gives the value of a key, or the zero value.
func (m *Map[K, V]) Get(k K) V {
	v, _ := m.Find(k)
	return v
}

// Find gives the value of a key, and whether it is there.
func (m *Map[K, V]) Find(k K) (v V, ok bool) {
	i, ok := m.find(k)
	if ok {
		v = m.list[i].value
	}
	return v, ok
}

// Has reports whether a key is there.
func (m *Map[K, V]) Has(k K) bool {
	_, ok := m.find(k)
	return ok
}

// Put sets the value of a key.
func (m *Map[K, V]) Put(k K, v V) {
	i, ok := m.find(k)
	if ok {
		m.list[i].value = v
		return
	}
	m.list = slices.Insert(m.list, i, pair[K, V]{k, v})
}

// Delete takes a key away, if it is there.
func (m *Map[K, V]) Delete(k K) {
	if i, ok := m.find(k); ok {
		m.list = slices.Delete(m.list, i, i+1)
	}
}

// Clear takes all keys away and keeps their room.
func (m *Map[K, V]) Clear() {
	clear(m.list)
	m.list = m.list[:0]
}

// Len counts the keys.
func (m *Map[K, V]) Len() int { return len(m.list) }

// All goes through the entries in the order of their keys. The map must not
// change meanwhile, but for values put under keys that are there.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for i := range m.list {
			if !yield(m.list[i].key, m.list[i].value) {
				return
			}
		}
	}
}

// Keys lists the keys in order.
func (m *Map[K, V]) Keys() []K {
	if len(m.list) == 0 {
		return nil
	}
	out := make([]K, len(m.list))
	for i := range m.list {
		out[i] = m.list[i].key
	}
	return out
}
