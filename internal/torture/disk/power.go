package disk

import (
	"maps"
	"math/rand/v2"
	"path/filepath"
)

// Sector is what a disk writes whole or not at all.
const Sector = 512

// Replay follows a record of operations and knows at each what of them the disk
// must hold, because it was synced, and what it only may.
type Replay struct {
	ops   []Op
	at    int
	names map[string]*file // as the program sees them
	kept  map[string]*file // as the disk has them
	moves []move           // of names since the folder was synced
}

// file is a file's content, under whatever name.
type file struct {
	durable []byte
	pending []Op // since it was synced
}

// move gives a file a name, and takes another from it.
type move struct {
	of       *file
	from, to string
}

// NewReplay starts before the first operation, on an empty disk.
func NewReplay(ops []Op) *Replay {
	return &Replay{ops: ops, names: map[string]*file{}, kept: map[string]*file{}}
}

// Advance goes on until so many operations have happened; it never goes back.
func (r *Replay) Advance(to int) {
	for ; r.at < to; r.at++ {
		r.step(&r.ops[r.at])
	}
}

func (r *Replay) step(op *Op) {
	switch op.Kind {
	case Write, Truncate:
		f := r.named(op.Path)
		f.pending = append(f.pending, *op)
	case Rename:
		f := r.named(op.Path)
		delete(r.names, op.Path)
		r.names[op.To] = f
		r.moves = append(r.moves, move{f, op.Path, op.To})
	case Sync:
		if f := r.names[op.Path]; f != nil {
			for i := range f.pending {
				f.durable = apply(f.durable, &f.pending[i])
			}
			f.pending = nil
			return
		}
		var rest []move // those in other folders
		for _, m := range r.moves {
			if filepath.Dir(m.to) == op.Path {
				m.make(r.kept)
			} else {
				rest = append(rest, m)
			}
		}
		r.moves = rest
	}
}

// named is the file of a name; the first operation on a name creates it.
func (r *Replay) named(path string) *file {
	f := r.names[path]
	if f == nil {
		f = &file{}
		r.names[path] = f
		r.moves = append(r.moves, move{of: f, to: path})
	}
	return f
}

func (m move) make(names map[string]*file) {
	delete(names, m.from)
	names[m.to] = m.of
}

// Synced is what the disk certainly holds: nothing that was not synced.
func (r *Replay) Synced() map[string][]byte {
	out := map[string][]byte{}
	for name, f := range r.kept {
		out[name] = append([]byte(nil), f.durable...)
	}
	return out
}

// Written is what the program sees: everything done, synced or not.
func (r *Replay) Written() map[string][]byte {
	out := map[string][]byte{}
	for name, f := range r.names {
		b := append([]byte(nil), f.durable...)
		for i := range f.pending {
			b = apply(b, &f.pending[i])
		}
		out[name] = b
	}
	return out
}

// Image draws what the disk may hold when the power is lost now: what was
// synced, and of everything since any part, in any order, writes torn.
func (r *Replay) Image(dice *rand.Rand) map[string][]byte {
	names := maps.Clone(r.kept)
	for _, m := range r.moves[:dice.IntN(len(r.moves)+1)] { // a folder's changes are kept in their order
		m.make(names)
	}
	out := map[string][]byte{}
	for name, f := range names {
		out[name] = f.image(dice)
	}
	return out
}

func apply(b []byte, op *Op) []byte {
	if op.Kind == Truncate {
		return resized(b, int(op.Size))
	}
	b = grown(b, int(op.Offset)+len(op.Data))
	copy(b[op.Offset:], op.Data)
	return b
}

// grown makes b at least so long, with zeros.
func grown(b []byte, n int) []byte {
	if n <= len(b) {
		return b
	}
	return append(b, make([]byte, n-len(b))...)
}

func resized(b []byte, n int) []byte { return grown(b, n)[:n:n] }
