package few

import "math/bits"

// List is a list that grows without moving what is in it, in pieces: there is
// nothing to copy and little to spare. The zero value is empty.
type List[T any] struct {
	pieces [][]T
	n      int
}

// The sizes of the pieces: 4, 4, 8, and then all of 16.
const (
	leastPiece = 4
	mostPiece  = 16
)

// place is the piece an element is in, and where in it.
func place(i int) (piece, at int) {
	if i >= mostPiece {
		return 2 + i/mostPiece, i % mostPiece
	}
	piece = bits.Len(uint(i) / leastPiece) //nolint:gosec // not below zero
	return piece, i % max(leastPiece, 2<<piece)
}

// Len counts the elements.
func (l *List[T]) Len() int { return l.n }

// At is an element; it may be changed. It is good until another is inserted
// before it.
func (l *List[T]) At(i int) *T {
	piece, at := place(i)
	return &l.pieces[piece][at]
}

// Last is the last element; nil: there is none.
func (l *List[T]) Last() *T {
	if l.n == 0 {
		return nil
	}
	return l.At(l.n - 1)
}

// Append adds an element at the end.
func (l *List[T]) Append(v T) {
	piece, at := place(l.n)
	if piece == len(l.pieces) {
		l.pieces = append(l.pieces, make([]T, max(leastPiece, min(l.n, mostPiece))))
	}
	l.pieces[piece][at] = v
	l.n++
}

// Insert puts an element before another, and moves those from there on.
func (l *List[T]) Insert(i int, v T) {
	l.Append(v)
	for j := l.n - 1; j > i; j-- {
		*l.At(j) = *l.At(j - 1)
	}
	*l.At(i) = v
}

// Search is slices.BinarySearchFunc of the first elements up to a number: the
// place of the first that does not come before what is looked for, and whether
// it is that. compare compares an element with it.
func (l *List[T]) Search(until int, compare func(*T) int) (int, bool) {
	low, high := 0, until
	for low < high {
		if mid := int(uint(low+high) >> 1); compare(l.At(mid)) < 0 { //nolint:gosec // no overflow
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < until && compare(l.At(low)) == 0
}
