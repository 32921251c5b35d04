package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"github.com/redpanda-data/benthos/v4/public/service"
)

// output writes a batch in one transaction: each query once, with an array for
// each column that its mapping gives of a message.
type output struct {
	dsn     string
	queries []query
	meter   *meter

	conn *pgx.Conn
}

type query struct {
	text string
	args *bloblang.Executor
}

func registerOutput(m *meter) error {
	spec := service.NewConfigSpec().Fields(
		service.NewStringField("dsn"),
		service.NewObjectListField("queries", service.NewStringField("query"), service.NewBloblangField("args_mapping")))
	return service.RegisterBatchOutput("postgres", spec, func(c *service.ParsedConfig, _ *service.Resources) (service.BatchOutput, service.BatchPolicy, int, error) {
		out := &output{meter: m}
		var err error
		if out.dsn, err = c.FieldString("dsn"); err != nil {
			return nil, service.BatchPolicy{}, 0, err
		}
		all, err := c.FieldObjectList("queries")
		if err != nil {
			return nil, service.BatchPolicy{}, 0, err
		}
		for _, of := range all {
			text, err := of.FieldString("query")
			args, errArgs := of.FieldBloblang("args_mapping")
			if err := errors.Join(err, errArgs); err != nil {
				return nil, service.BatchPolicy{}, 0, err
			}
			out.queries = append(out.queries, query{text, args})
		}
		return out, service.BatchPolicy{}, 1, nil // the input batches; one in flight
	})
}

// Connect opens the connection.
func (out *output) Connect(ctx context.Context) (err error) {
	out.conn, err = pgx.Connect(ctx, out.dsn)
	return err
}

// WriteBatch sends all queries in one round trip, which is one transaction.
func (out *output) WriteBatch(ctx context.Context, messages service.MessageBatch) error {
	batch := new(pgx.Batch)
	for _, q := range out.queries {
		columns, err := q.columns(messages)
		if err != nil {
			return err
		}
		batch.Queue(q.text, columns...)
	}
	if err := out.conn.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	out.meter.commit(len(messages) * len(out.queries))
	return nil
}

// columns are the arguments of a query, an array each.
func (q query) columns(messages service.MessageBatch) ([]any, error) {
	var columns []any
	exec := messages.BloblangExecutor(q.args)
	for i := range messages {
		mapped, err := exec.Query(i)
		if err != nil {
			return nil, err
		}
		v, err := mapped.AsStructured()
		if err != nil {
			return nil, err
		}
		row, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("args_mapping gives %T, want an array", v)
		}
		if columns == nil {
			columns = make([]any, len(row))
		}
		for c, v := range row {
			switch v := v.(type) {
			case string:
				column, _ := columns[c].([]string)
				columns[c] = append(column, v)
			case []byte:
				column, _ := columns[c].([][]byte)
				columns[c] = append(column, v)
			default:
				return nil, fmt.Errorf("args_mapping gives %T in column %d, want text or bytes", v, c)
			}
		}
	}
	return columns, nil
}

// Close ends the connection.
func (out *output) Close(ctx context.Context) error {
	if out.conn == nil {
		return nil
	}
	return out.conn.Close(ctx)
}
