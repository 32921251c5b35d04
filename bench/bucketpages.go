package main

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/consumers"
)

// pagesByBucket tells what each bucket's puts alone make bbolt write: they are
// put into a file of that bucket's own, the setup first and what is measured
// in commits of sizes. bbolt itself counts pages of the whole file only.
func (s *script) pagesByBucket(dir string, mean map[string]int, sizes []int) (map[string]int64, error) {
	out := map[string]int64{}
	for i, name := range bucketNames {
		if s.puts[name].n == 0 {
			continue
		}
		bytes, err := s.pagesOf(filepath.Join(dir, "bucket-"+name), byte(i), mean, sizes) //nolint:gosec // there are few buckets
		if err != nil {
			return nil, err
		}
		out[name] = bytes
	}
	return out, nil
}

func (s *script) pagesOf(path string, bucket byte, means map[string]int, sizes []int) (bytes int64, err error) {
	db, err := openFloor(path, true)
	if err != nil {
		return 0, err
	}
	defer func() { err = cmp.Or(err, errors.Join(db.Close(), os.Remove(path))) }()
	p := newTapePlayer(&workload{Mean: means})
	for setup := s.done[:s.w.Setup]; len(setup) > 0; { // as recordAll
		n := min(len(setup), consumers.DefaultBatch)
		if err := playBucket(db, p, bucket, setup[:n]); err != nil {
			return 0, err
		}
		setup = setup[n:]
	}
	before := db.Stats().TxStats
	left := s.done[s.w.Setup:]
	for _, n := range sizes {
		if err := playBucket(db, p, bucket, left[:n]); err != nil {
			return 0, err
		}
		left = left[n:]
	}
	after := db.Stats().TxStats
	stats := after.Sub(&before)
	return stats.GetPageAlloc(), nil
}

// playBucket commits what events do to one bucket.
func playBucket(db *bbolt.DB, p *tapePlayer, bucket byte, events []operations) error {
	return db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(bucketNames[bucket]))
		if err != nil {
			return err
		}
		p.tx = tx
		for _, o := range events {
			only := operations{}
			for _, op := range o.ops {
				if op.bucket == bucket {
					if op.size != mean {
						op.size += sealed
					}
					only.ops = append(only.ops, op)
				}
			}
			if err := p.play(only); err != nil {
				return err
			}
			for range o.outs {
				if bucket != bOut {
					break
				}
				b.FillPercent = 0.95
				p.outs++
				if err := p.put(b, big(p.outs), p.mean["out"]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// size is the bytes put, given the mean size of a value.
func (p putSum) size(mean int) int64 { return int64(p.bytes + p.means*mean) }

// bucketFigures are bytes by bucket, the most first.
func bucketFigures(s *script, title string, rounds []contentionRound, of func(contentionRound, string) int64) []figure {
	var out []figure
	for name := range s.puts {
		var all []float64
		for _, r := range rounds {
			all = append(all, float64(of(r, name))/r.events)
		}
		if f := counted(title+name, "B/event", all); f.Median >= 0.5 {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b figure) int { return cmp.Or(cmp.Compare(b.Median, a.Median), cmp.Compare(a.Name, b.Name)) })
	return out
}
