package main

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
)

// pgWindow is how many messages a worker on Postgres takes in one transaction.
const pgWindow = 256

// runPgx measures a plain worker on Postgres in this process: the floor's pull
// loop and relay, a table where our store has a bucket, and a statement for each
// row, all of a transaction's sent at once. It has no rules and reads nothing.
func runPgx(ctx context.Context, w *workload) (childResult, error) {
	return onTables(ctx, w, (*pgPlayer).commitRows)
}

// runSets measures one that does as much with one statement a table and
// transaction, its rows sorted: about as fast as Postgres takes them.
func runSets(ctx context.Context, w *workload) (childResult, error) {
	return onTables(ctx, w, (*pgPlayer).commitSets)
}

func onTables(ctx context.Context, w *workload, commit func(*pgPlayer, context.Context, *pgx.Conn) error) (r childResult, err error) {
	db, err := pgx.Connect(ctx, w.Postgres+" dbname=pgx")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close(context.WithoutCancel(ctx))) }()
	tape := make([]operations, 0, w.Databases)
	if err := readTape(w.path("tape"), w.Setup, w.Databases, func(o operations) error { tape = append(tape, o); return nil }); err != nil {
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
	consumer, err := freshConsumer(ctx, conn.JetStream(), w, databaseConsumer("pgx"))
	if err != nil {
		return r, err
	}
	p := newPgPlayer(w)
	p.commit = commit
	p.outs = uint64(w.SetupOuts) //nolint:gosec // a count
	before := usage()
	start := time.Now()
	committed := make(chan int, w.Databases/pgWindow+2) // outputs, so far; room for all
	relayed := make(chan error, 1)
	go func() { relayed <- relayFloor(ctx, conn, outs, committed) }()
	if r.Commits, err = pgLoop(ctx, db, p, consumer, tape, outs, committed); err != nil {
		return r, err
	}
	close(committed)
	if err := <-relayed; err != nil {
		return r, err
	}
	if err := conn.NATS().Flush(); err != nil {
		return r, err
	}
	r.finish(w.Databases, time.Since(start), before)
	r.Puts, r.PutBytes = p.puts, p.bytes
	return r, nil
}

// databaseConsumer is the floor's consumer under another name.
func databaseConsumer(name string) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckAllPolicy, MaxAckPending: 4 * floorWindow, FilterSubjects: broker.InSubjects(tenantName)}
}

func pgLoop(ctx context.Context, db *pgx.Conn, p *pgPlayer, consumer jetstream.Consumer, tape []operations, outs []output, committed chan<- int) (commits int, err error) {
	messages, err := consumer.Messages(jetstream.PullMaxMessages(floorWindow))
	if err != nil {
		return 0, err
	}
	defer messages.Stop()
	sent := 0
	for done := 0; done < len(tape); {
		want := min(pgWindow, len(tape)-done)
		var last jetstream.Msg
		n := 0
		for _, o := range tape[done : done+want] {
			if last, err = messages.Next(); err != nil {
				return commits, err
			}
			n += o.outs
			p.play(o)
		}
		p.end(outs[sent:], n)
		if err := p.commit(p, ctx, db); err != nil {
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
