package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"go.etcd.io/bbolt"
)

// benthosNote says what the worker on Benthos does less than the others. Which
// rows and outputs an event makes is for rules to say, and it has none: what its
// configuration can take from the event alone is the event, that the account
// has it, and how many the account has.
const benthosNote = "Benthos does less than the others: three tables (events, by_account, counters), no outputs"

// makeBenthosBase makes the database that the worker on Benthos starts from, of
// the file that the usual way starts from.
func makeBenthosBase(ctx context.Context, w *workload, p *postgres) error {
	const base = "benthos_base"
	if err := p.run(ctx, owner, "CREATE DATABASE "+base); err != nil {
		return err
	}
	err := p.run(ctx, base, "CREATE EXTENSION pg_prewarm",
		"CREATE TABLE events (id text PRIMARY KEY, body bytea NOT NULL)",
		"CREATE TABLE by_account (account text, id text, PRIMARY KEY (account, id))",
		// Room in the page keeps an update from touching the index.
		"CREATE TABLE counters (account text PRIMARY KEY, n bigint NOT NULL) WITH (fillfactor = 70)")
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, p.dsn(base)+" synchronous_commit=off")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	db, err := bbolt.Open(w.path("usual.base"), 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	err = db.View(func(tx *bbolt.Tx) error { return copyUsual(ctx, tx, conn) })
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return p.run(ctx, base, "VACUUM (FREEZE, ANALYZE)", "CHECKPOINT")
}

// copyUsual copies the usual way's buckets into tables.
func copyUsual(ctx context.Context, tx *bbolt.Tx, conn *pgx.Conn) error {
	for _, t := range []struct {
		table, bucket string
		columns       []string
		row           func(k, v []byte) ([]any, error)
	}{
		{"events", "events", []string{"id", "body"}, func(k, v []byte) ([]any, error) { return []any{string(k), v}, nil }},
		{"by_account", "events", []string{"account", "id"}, func(k, v []byte) ([]any, error) {
			account, err := accountOf(v)
			return []any{account, string(k)}, err
		}},
		{"counters", "counters", []string{"account", "n"}, func(k, v []byte) ([]any, error) {
			return []any{string(k), int64(binary.BigEndian.Uint64(v))}, nil //nolint:gosec // a count
		}},
	} {
		c := tx.Bucket([]byte(t.bucket)).Cursor()
		k, v := c.First()
		_, err := conn.CopyFrom(ctx, pgx.Identifier{t.table}, t.columns, pgx.CopyFromFunc(func() ([]any, error) {
			if k == nil {
				return nil, nil
			}
			row, err := t.row(k, v)
			k, v = c.Next()
			return row, err
		}))
		if err != nil {
			return fmt.Errorf("copy %s: %w", t.table, err)
		}
	}
	return nil
}

func accountOf(body []byte) (string, error) {
	var e struct {
		Data struct {
			Account string `json:"account_id"`
		} `json:"data"`
	}
	err := json.Unmarshal(body, &e)
	return cmp.Or(e.Data.Account, noAccount), err
}

// checkBenthos is the oracle: every message counted once, and each event there.
func checkBenthos(ctx context.Context, w *workload, p *postgres) error {
	conn, err := pgx.Connect(ctx, p.dsn("benthos"))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var counted, events, accounts int
	err = conn.QueryRow(ctx, "SELECT (SELECT sum(n) FROM counters)::bigint, (SELECT count(*) FROM events), (SELECT count(*) FROM by_account)").Scan(&counted, &events, &accounts)
	if err != nil {
		return err
	}
	if want := w.Setup + w.Databases; counted != want {
		return fmt.Errorf("accounts have %d events, want %d", counted, want)
	}
	if want := w.DatabaseIDs; events != want || accounts != want {
		return fmt.Errorf("%d events and %d of accounts, want %d", events, accounts, want)
	}
	return nil
}
