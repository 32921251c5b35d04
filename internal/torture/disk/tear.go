package disk

import (
	"math/rand/v2"
	"slices"
)

// image draws a file's content at a loss of power. Which of the writes since
// the last sync are there is drawn in one of several ways: failures of one kind
// are rare among those of another.
func (f *file) image(dice *rand.Rand) []byte {
	b := slices.Clone(f.durable)
	switch dice.IntN(7) {
	case 0: // none
	case 1: // all
		for i := range f.pending {
			b = apply(b, &f.pending[i])
		}
	case 2: // in order up to somewhere, the next one torn between sectors
		b = f.prefix(b, dice, Sector)
	case 3: // in order up to somewhere, the next one torn anywhere
		b = f.prefix(b, dice, 1)
	case 4: // each whole or not at all, in any order
		b = f.scattered(b, dice, whole)
	case 5: // each sector or not, in any order
		b = f.scattered(b, dice, bySector)
	case 6: // as before, and what is not there is neither old nor new
		b = f.scattered(b, dice, orGarbage)
	}
	return b
}

func (f *file) prefix(b []byte, dice *rand.Rand, unit int) []byte {
	if len(f.pending) == 0 {
		return b
	}
	n := dice.IntN(len(f.pending))
	for i := range f.pending[:n] {
		b = apply(b, &f.pending[i])
	}
	torn := f.pending[n]
	if torn.Kind == Truncate {
		return b
	}
	torn.Data = torn.Data[:dice.IntN(len(torn.Data)/unit+1)*unit]
	return apply(b, &torn)
}

// A tearing takes a write to pieces of a size, 0 for whole.
type tearing struct {
	size    int
	garbage bool
}

var (
	whole     = tearing{}
	bySector  = tearing{size: Sector}
	orGarbage = tearing{size: Sector, garbage: true}
)

// scattered applies a part of the writes' pieces in any order. Two writes to
// one place may so come in the wrong order, as they may in a disk's queue.
func (f *file) scattered(b []byte, dice *rand.Rand, how tearing) []byte {
	chance := []float64{0.05, 0.5, 0.95}[dice.IntN(3)]
	var pieces []Op
	for _, op := range f.pending {
		pieces = append(pieces, op.torn(how.size)...)
	}
	dice.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	for i := range pieces {
		switch {
		case dice.Float64() < chance:
			b = apply(b, &pieces[i])
		case how.garbage && pieces[i].Kind == Write && dice.IntN(4) == 0:
			bad := pieces[i]
			bad.Data = noise(dice, len(bad.Data))
			b = apply(b, &bad)
		}
	}
	return b
}

// torn takes a write to pieces at multiples of a size.
func (o Op) torn(size int) []Op {
	if o.Kind != Write || size == 0 {
		return []Op{o}
	}
	var out []Op
	for from := 0; from < len(o.Data); {
		piece := o
		piece.Offset += int64(from)
		n := min(len(o.Data)-from, size-int(piece.Offset)%size)
		piece.Data = o.Data[from : from+n]
		out, from = append(out, piece), from+n
	}
	return out
}

func noise(dice *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(dice.Uint32())
	}
	return b
}
