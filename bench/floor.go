package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/internal/broker"
)

// floorWindow is how many messages the floor takes in one transaction.
const floorWindow = 1024

// floorBatch is how many outputs it publishes at once, as our relay does.
const floorBatch = 500

// metaRows are what our store writes once per transaction, with their sizes.
var metaRows = map[string]int{"position": 90, "state": 80, "totals": 80, "confirmed": 8}

// tapePlayer puts what is on the tape into a file with our store's buckets.
type tapePlayer struct {
	tx    *bbolt.Tx
	mean  map[string]int
	fill  []byte // what values are made of
	outs  uint64 // in the out log
	puts  int
	bytes int64
}

func openFloor(path string, noSync bool) (*bbolt.DB, error) {
	return bbolt.Open(path, 0o600, &bbolt.Options{ // as store.openFile
		Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30, NoSync: noSync,
	})
}

func newTapePlayer(w *workload) *tapePlayer {
	fill := make([]byte, 1<<20)
	for i := range fill {
		fill[i] = byte('a' + i*7919%26) //nolint:gosec // a letter
	}
	return &tapePlayer{mean: w.Mean, fill: fill}
}

// play does what the tape says of one event.
func (p *tapePlayer) play(o operations) error {
	for _, op := range o.ops {
		b := p.tx.Bucket([]byte(bucketNames[op.bucket]))
		if op.del {
			if err := b.Delete(op.key); err != nil {
				return err
			}
			continue
		}
		if op.bucket == bFacts {
			b.FillPercent = 0.95
		}
		size := op.size
		if size == mean {
			size = p.mean[bucketNames[op.bucket]]
		}
		if err := p.put(b, op.key, size); err != nil {
			return err
		}
	}
	return nil
}

func (p *tapePlayer) put(b *bbolt.Bucket, k []byte, size int) error {
	p.puts++
	p.bytes += int64(len(k) + size)
	return b.Put(k, p.fill[:size])
}

// end writes what our store writes once per transaction, and the out log.
func (p *tapePlayer) end(outs []output, n int) error {
	b := p.tx.Bucket([]byte("out"))
	b.FillPercent = 0.95
	for i := range n {
		size := p.mean["out"]
		if outs != nil {
			o := outs[i]
			size = outHead + len(o.Subject) + len(o.ID) + len(o.Body)
		}
		p.outs++
		if err := p.put(b, big(p.outs), size); err != nil {
			return err
		}
	}
	meta := p.tx.Bucket([]byte("meta"))
	for name, size := range metaRows {
		if err := p.put(meta, []byte(name), size); err != nil {
			return err
		}
	}
	return nil
}

// makeFloorBase makes the file the floor starts from: the setup, put as our
// store puts it.
func makeFloorBase(w *workload, path string) (err error) {
	db, err := openFloor(path, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range bucketNames {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p := newTapePlayer(w)
	var batch []operations
	flush := func() error {
		return db.Update(func(tx *bbolt.Tx) error {
			p.tx = tx
			n := 0
			for _, o := range batch {
				n += o.outs
				if err := p.play(o); err != nil {
					return err
				}
			}
			batch = batch[:0]
			return p.end(nil, n)
		})
	}
	err = readTape(w.path("tape"), 0, w.Setup, func(o operations) error {
		if batch = append(batch, o); len(batch) < floorWindow {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return db.Sync()
}

// runFloor measures the floor in this process.
func runFloor(ctx context.Context, w *workload) (r childResult, err error) {
	db, err := openFloor(w.path("floor.db"), false)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tape := make([]operations, 0, w.Events)
	if err := readTape(w.path("tape"), w.Setup, w.Events, func(o operations) error { tape = append(tape, o); return nil }); err != nil {
		return r, err
	}
	outs, err := loadOutputs(w.path("outputs"))
	if err != nil {
		return r, err
	}
	conn, err := broker.Connect(ctx, w.URL, zerolog.Nop())
	if err != nil {
		return r, err
	}
	defer conn.Close()
	consumer, err := freshConsumer(ctx, conn.JetStream(), w, jetstream.ConsumerConfig{
		Durable: "floor", AckPolicy: jetstream.AckAllPolicy, MaxAckPending: 4 * floorWindow, FilterSubjects: broker.InSubjects(tenantName),
	})
	if err != nil {
		return r, err
	}
	p := newTapePlayer(w)
	p.outs = uint64(w.SetupOuts) //nolint:gosec // a count
	before := usage()
	start := time.Now()
	committed := make(chan int, w.Events/floorWindow+2) // outputs, so far; room for all
	relayed := make(chan error, 1)
	go func() { relayed <- relayFloor(ctx, conn, outs, committed) }()
	if r.Commits, err = floorLoop(db, p, consumer, tape, outs, committed); err != nil {
		return r, err
	}
	close(committed)
	if err := <-relayed; err != nil {
		return r, err
	}
	if err := conn.NATS().Flush(); err != nil {
		return r, err
	}
	r.finish(w.Events, time.Since(start), before)
	r.Puts, r.PutBytes = p.puts, p.bytes
	return r, checkFloor(w, db, p)
}

// freshConsumer makes a consumer that begins where the setup ends.
func freshConsumer(ctx context.Context, js jetstream.JetStream, w *workload, cfg jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	err := js.DeleteConsumer(ctx, broker.DefaultNames.In, cfg.Durable)
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, err
	}
	cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, uint64(w.Setup)+1 //nolint:gosec // a count
	return js.CreateConsumer(ctx, broker.DefaultNames.In, cfg)
}

func floorLoop(db *bbolt.DB, p *tapePlayer, consumer jetstream.Consumer, tape []operations, outs []output, committed chan<- int) (commits int, err error) {
	messages, err := consumer.Messages(jetstream.PullMaxMessages(floorWindow))
	if err != nil {
		return 0, err
	}
	defer messages.Stop()
	sent := 0
	for done := 0; done < len(tape); {
		want := min(floorWindow, len(tape)-done)
		var last jetstream.Msg
		for range want {
			if last, err = messages.Next(); err != nil {
				return commits, err
			}
		}
		n := 0
		err := db.Update(func(tx *bbolt.Tx) error {
			p.tx = tx
			for _, o := range tape[done : done+want] {
				n += o.outs
				if err := p.play(o); err != nil {
					return err
				}
			}
			return p.end(outs[sent:], n)
		})
		if err != nil {
			return commits, err
		}
		if err := last.Ack(); err != nil {
			return commits, err
		}
		commits++
		done, sent = done+want, sent+n
		committed <- sent
	}
	return commits, nil
}

// relayFloor publishes what is committed, in atomic batches with a cursor.
func relayFloor(ctx context.Context, conn *broker.Conn, outs []output, committed <-chan int) error {
	o, err := conn.NewOutput(broker.DefaultNames.Out, tenantName)
	if err != nil {
		return err
	}
	var cursor broker.Cursor
	for upto := range committed {
		for more := true; more; { // what came meanwhile goes along
			select {
			case n, ok := <-committed:
				if more = ok; ok {
					upto = n
				}
			default:
				more = false
			}
		}
		for int(cursor.N) < upto { //nolint:gosec // a count
			batch := outs[cursor.N:min(upto, int(cursor.N)+floorBatch)] //nolint:gosec // a count
			msgs := make([]broker.OutMsg, len(batch))
			for i, m := range batch {
				msgs[i] = broker.OutMsg{Subject: m.Subject, ID: m.ID, Body: []byte(m.Body)}
			}
			if cursor, err = o.Publish(ctx, msgs, cursor, broker.Cursor{N: cursor.N + uint64(len(batch))}); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkFloor is the oracle: as many puts as the tape says, each fact there.
func checkFloor(w *workload, db *bbolt.DB, p *tapePlayer) error {
	want := 0
	for name, n := range w.Puts {
		if name != "(deletes)" {
			want += n
		}
	}
	if got := p.puts - 4*((w.Events+floorWindow-1)/floorWindow); got != want {
		return fmt.Errorf("%d puts, want %d", got, want)
	}
	return db.View(func(tx *bbolt.Tx) error {
		for name, want := range map[string]int{"facts": w.Facts, "out": w.SetupOuts + w.Outs} {
			k, _ := tx.Bucket([]byte(name)).Cursor().Last()
			if n := tx.Bucket([]byte(name)).Stats().KeyN; n != want || string(k) != string(big(uint64(want))) { //nolint:gosec // a count
				return fmt.Errorf("bucket %s holds %d keys, want %d", name, n, want)
			}
		}
		return nil
	})
}

// meanSizes walks our file and gives the mean bytes of a value by bucket.
func meanSizes(path string) (map[string]int, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return nil, err
	}
	sizes, counts := map[string]int{}, map[string]int{}
	err = db.View(func(tx *bbolt.Tx) error {
		for _, name := range bucketNames {
			if err := tx.Bucket([]byte(name)).ForEach(func(_, v []byte) error {
				sizes[name] += len(v)
				counts[name]++
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	for name, n := range counts {
		sizes[name] /= n
	}
	return sizes, errors.Join(err, db.Close())
}
