package main

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// kinds of tables, by what the events do to them.
const (
	appended = iota // keys are always new
	held            // a key is there or not; it has no value
	upserted        // values change
)

// tableKinds says of each bucket what a table of it is.
var tableKinds = map[byte]int{
	bFacts: appended, bLedger: appended, bEntriesOf: appended, bEntryIDs: appended, bOut: appended,
	bRefs: held, bForeign: held, bNotices: held, bTimers: held,
	bMeta: upserted, bFactsOf: upserted, bPayees: upserted, bFlags: upserted, bCredits: upserted, bEpisodes: upserted, bLocks: upserted, bStatements: upserted, bParked: upserted,
}

// pgTable are the statements of a table. Each takes all rows of a transaction
// as arrays: one round trip and one plan, however many rows.
type pgTable struct{ create, put, del, putRow, delRow string }

var pgTables = func() []pgTable {
	all := make([]pgTable, len(bucketNames))
	for i, name := range bucketNames {
		name = pgx.Identifier{name}.Sanitize() // some are words of SQL
		t := pgTable{
			create: "CREATE TABLE " + name + " (key bytea PRIMARY KEY, value bytea NOT NULL)",
			put:    "INSERT INTO " + name + " (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[])",
			del:    "DELETE FROM " + name + " WHERE key = ANY ($1::bytea[])",
			putRow: "INSERT INTO " + name + " (key, value) VALUES ($1, $2)",
			delRow: "DELETE FROM " + name + " WHERE key = $1",
		}
		switch tableKinds[byte(i)] { //nolint:gosec // there are few
		case held:
			t.put += " ON CONFLICT (key) DO NOTHING"
			t.putRow += " ON CONFLICT (key) DO NOTHING"
		case upserted:
			// Room in the page keeps an update from touching the index.
			t.create += " WITH (fillfactor = 70)"
			t.put += " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
			t.putRow += " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
		}
		all[i] = t
	}
	return all
}()

// pgPlayer does what the tape says in tables like our store's buckets: in sets,
// what a transaction does to a key more than once is done once, as bbolt's pages
// do it.
type pgPlayer struct {
	*tapePlayer
	rows   []map[string]int // by bucket: the size of a key's value, or gone
	order  []pgRow          // as they came
	commit func(*pgPlayer, context.Context, *pgx.Conn) error
}

type pgRow struct {
	bucket byte
	key    []byte
	size   int
}

const gone = -1

func newPgPlayer(w *workload) *pgPlayer {
	p := &pgPlayer{tapePlayer: newTapePlayer(w), rows: make([]map[string]int, len(bucketNames))}
	for i := range p.rows {
		p.rows[i] = map[string]int{}
	}
	return p
}

// play notes what the tape says of one event.
func (p *pgPlayer) play(o operations) {
	for _, op := range o.ops {
		switch {
		case op.del:
			p.note(op.bucket, op.key, gone)
		case op.size == mean:
			p.put(op.bucket, op.key, p.mean[bucketNames[op.bucket]])
		default:
			p.put(op.bucket, op.key, op.size)
		}
	}
}

func (p *pgPlayer) put(bucket byte, key []byte, size int) {
	p.puts++
	p.bytes += int64(len(key) + size)
	p.note(bucket, key, size)
}

func (p *pgPlayer) note(bucket byte, key []byte, size int) {
	p.rows[bucket][string(key)] = size
	p.order = append(p.order, pgRow{bucket, key, size})
}

// commitRows sends a statement for each row, in one round trip and one
// transaction.
func (p *pgPlayer) commitRows(ctx context.Context, conn *pgx.Conn) error {
	batch := new(pgx.Batch)
	for _, r := range p.order {
		if r.size == gone {
			batch.Queue(pgTables[r.bucket].delRow, r.key)
		} else {
			batch.Queue(pgTables[r.bucket].putRow, r.key, p.fill[:r.size])
		}
	}
	p.forget()
	return conn.SendBatch(ctx, batch).Close() // statements between two syncs are one transaction
}

func (p *pgPlayer) forget() {
	p.order = p.order[:0]
	for _, rows := range p.rows {
		clear(rows)
	}
}

// end notes what a transaction ends with, as tapePlayer's end.
func (p *pgPlayer) end(outs []output, n int) {
	for i := range n {
		size := p.mean["out"]
		if outs != nil {
			size = outHead + len(outs[i].Subject) + len(outs[i].ID) + len(outs[i].Body)
		}
		p.outs++
		p.put(bOut, big(p.outs), size)
	}
	for name, size := range metaRows {
		p.put(bMeta, []byte(name), size)
	}
}

// commitSets sends everything noted in one round trip and one transaction.
func (p *pgPlayer) commitSets(ctx context.Context, conn *pgx.Conn) error {
	batch := new(pgx.Batch)
	for i, rows := range p.rows {
		var keys, values, dels [][]byte
		for _, k := range slices.Sorted(maps.Keys(rows)) { // in the order of the index
			if size := rows[k]; size == gone {
				dels = append(dels, []byte(k))
			} else {
				keys, values = append(keys, []byte(k)), append(values, p.fill[:size])
			}
		}
		if len(keys) > 0 {
			batch.Queue(pgTables[i].put, keys, values)
		}
		if len(dels) > 0 {
			batch.Queue(pgTables[i].del, dels)
		}
	}
	p.forget()
	return conn.SendBatch(ctx, batch).Close()
}

// rowCounter counts the rows that the tape leaves, for the oracle.
type rowCounter struct {
	seed maphash.Seed
	keys []map[uint64]struct{} // by bucket, hashed
}

func newRowCounter() *rowCounter {
	c := &rowCounter{seed: maphash.MakeSeed(), keys: make([]map[uint64]struct{}, len(bucketNames))}
	for i := range c.keys {
		c.keys[i] = map[uint64]struct{}{}
	}
	return c
}

func (c *rowCounter) count(o operations) {
	for _, op := range o.ops {
		h := maphash.Bytes(c.seed, op.key)
		if op.del {
			delete(c.keys[op.bucket], h)
		} else {
			c.keys[op.bucket][h] = struct{}{}
		}
	}
}

func (c *rowCounter) rows(outs int) map[string]int {
	rows := map[string]int{}
	for i, keys := range c.keys {
		rows[bucketNames[i]] = len(keys)
	}
	rows["out"], rows["meta"] = outs, len(metaRows)
	return rows
}

// makePgBase makes the database the plain worker starts from, the setup, and
// counts what the measured events must make of it.
func makePgBase(ctx context.Context, w *workload, p *postgres) error {
	const base = "pgx_base"
	if err := p.run(ctx, owner, "CREATE DATABASE "+base); err != nil {
		return err
	}
	create := []string{"CREATE EXTENSION pg_prewarm"}
	for _, t := range pgTables {
		create = append(create, t.create)
	}
	if err := p.run(ctx, base, create...); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, p.dsn(base)+" synchronous_commit=off")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	player, counter := newPgPlayer(w), newRowCounter()
	at, outs := 0, 0
	err = readTape(w.path("tape"), 0, w.Setup+w.Databases, func(o operations) error {
		counter.count(o)
		if at++; at > w.Setup {
			return nil
		}
		player.play(o)
		if outs += o.outs; at%floorWindow != 0 && at < w.Setup {
			return nil
		}
		player.end(nil, outs)
		outs = 0
		return player.commitSets(ctx, conn)
	})
	if err != nil {
		return err
	}
	w.Rows = counter.rows(w.SetupOuts + w.DatabaseOuts)
	return p.run(ctx, base, "VACUUM (FREEZE, ANALYZE)", "CHECKPOINT")
}

// checkPg is the oracle: as many rows in each table as the tape leaves.
func checkPg(ctx context.Context, w *workload, p *postgres) error {
	conn, err := pgx.Connect(ctx, p.dsn("pgx"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, name := range bucketNames {
		n := 0
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+pgx.Identifier{name}.Sanitize()).Scan(&n); err != nil {
			return err
		}
		if n != w.Rows[name] {
			return fmt.Errorf("table %s has %d rows, want %d", name, n, w.Rows[name])
		}
	}
	return nil
}
