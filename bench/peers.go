package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// databaseUse is what a database server used for a worker's turn.
type databaseUse struct {
	CPU     time.Duration
	Written int64
	// Later is what a checkpoint after the turn wrote: pages that the server
	// keeps in memory after their commit, where bbolt writes them with it.
	Later int64
}

// peer is a worker on Postgres: what its process is called, and its database.
type peer struct{ as, database string }

var peersOf = map[string]peer{namePgx: {"pgx", "pgx"}, nameSets: {"sets", "pgx"}, nameBenthos: {"benthos", "benthos"}}

var peerNames = []string{namePgx, nameSets, nameBenthos}

// lack notes why a contender has no number; the others go on.
func (b *bench) lack(err error, names ...string) {
	for _, name := range names {
		b.lacks[name] = err.Error()
		b.say("without %s: %v", name, err)
	}
}

// openPeers starts Postgres and builds the worker on the Benthos engine.
func (b *bench) openPeers(ctx context.Context) {
	b.say("starting Postgres")
	pg, err := startPostgres(ctx, b.w.path("postgres"))
	if err != nil {
		b.lack(fmt.Errorf("no Postgres: %w", err), peerNames...)
		return
	}
	b.pg, b.w.Postgres = pg, pg.address()
	b.say("building the worker on Benthos")
	if err := buildBenthos(ctx, b.w.path("benthos")); err != nil {
		b.lack(err, nameBenthos)
	}
}

// buildBenthos builds the program in the folder benthos. It is a module of its
// own because its engine needs many others.
func buildBenthos(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "go", "build", "-C", "benthos", "-trimpath", "-o", path, ".").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build in benthos: %w: %s", err, out)
	}
	return nil
}

// loadPeers makes the databases that the workers on Postgres start from.
func (b *bench) loadPeers(ctx context.Context) {
	if b.pg == nil {
		return
	}
	b.say("loading the database of the workers with pgx")
	if err := makePgBase(ctx, b.w, b.pg); err != nil {
		b.lack(fmt.Errorf("load: %w", err), namePgx, nameSets)
	}
	if b.lacks[nameBenthos] != "" {
		return
	}
	b.say("loading the database of %s", nameBenthos)
	if err := makeBenthosBase(ctx, b.w, b.pg); err != nil {
		b.lack(fmt.Errorf("load: %w", err), nameBenthos)
	}
}

// onPostgres measures a worker on Postgres on a database of its own.
func (b *bench) onPostgres(ctx context.Context, name string) (r usResult, err error) {
	of := peersOf[name]
	if err := b.pg.renew(ctx, of.database); err != nil {
		return r, err
	}
	before, database := usageOf(b.server.pid()), b.pg.usage()
	measured, check := startChild, checkPg
	if name == nameBenthos {
		measured, check = b.startBenthos, checkBenthos
	}
	if r.childResult, err = measured(ctx, b.w, of.as); err != nil {
		return r, err
	}
	after, spent := usageOf(b.server.pid()), b.pg.usage()
	r.ServerCPU, r.ServerWritten = after.cpu-before.cpu, after.written-before.written
	if err := b.pg.run(ctx, owner, "CHECKPOINT"); err != nil {
		return r, err
	}
	r.Database = databaseUse{spent.cpu - database.cpu, spent.written - database.written, b.pg.usage().written - spent.written}
	if name != nameBenthos {
		err = b.counted(ctx, name)
	}
	return r, errors.Join(err, check(ctx, b.w, b.pg))
}

// startBenthos measures the worker on Benthos, after making its consumer.
func (b *bench) startBenthos(ctx context.Context, w *workload, as string) (r childResult, err error) {
	if _, err := freshConsumer(ctx, b.conn.JetStream(), w, databaseConsumer(as)); err != nil {
		return r, err
	}
	return startOther(ctx, w, w.path(as), as)
}

// printPeers compares us with the workers on Postgres, and tells what is to be
// known of them.
func printPeers(out io.Writer, r results) {
	for _, name := range peerNames {
		if why := r.Missing[name]; why != "" {
			fmt.Fprintf(out, "%s has no number: %s\n", name, why)
			continue
		}
		fmt.Fprintf(out, "us ÷ %-16s%s   (goal > 1)\n", name, r.over(ratio(nameUs, name)).text("%.2f"))
	}
	for _, name := range peerNames {
		if r.Missing[name] != "" {
			continue
		}
		fmt.Fprintf(out, "%s: %d events; of its CPU %.0f µs/event are the database's, and a checkpoint after it wrote %.0f bytes/event more\n", name, r.Workload.Databases,
			r.per(name, func(u usResult) float64 { return float64(u.Database.CPU) / 1e3 }), r.per(name, func(u usResult) float64 { return float64(u.Database.Later) }))
	}
	if r.Missing[nameBenthos] == "" {
		fmt.Fprintln(out, benthosNote)
	}
	if r.Postgres != "" {
		fmt.Fprintf(out, "%s with %s\n", r.Postgres, strings.Join(postgresSettings, ", "))
	}
}
