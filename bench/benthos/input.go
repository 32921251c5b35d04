package main

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/redpanda-data/benthos/v4/public/service"
)

// prefetched is how many messages the client asks for ahead.
const prefetched = 1024

// fillWait bounds how long a batch that has begun waits for more.
const fillWait = 50 * time.Millisecond

// input pulls batches from a durable consumer that is there already.
type input struct {
	url, stream, durable string
	batch, left          int
	meter                *meter

	conn     *nats.Conn
	messages jetstream.MessagesContext
}

func registerInput(m *meter) error {
	spec := service.NewConfigSpec().Fields(
		service.NewStringField("url"), service.NewStringField("stream"), service.NewStringField("durable"),
		service.NewIntField("batch"), service.NewIntField("limit"))
	return service.RegisterBatchInput("jetstream", spec, func(c *service.ParsedConfig, _ *service.Resources) (service.BatchInput, error) {
		in := &input{meter: m}
		var errs [5]error
		in.url, errs[0] = c.FieldString("url")
		in.stream, errs[1] = c.FieldString("stream")
		in.durable, errs[2] = c.FieldString("durable")
		in.batch, errs[3] = c.FieldInt("batch")
		in.left, errs[4] = c.FieldInt("limit")
		return in, errors.Join(errs[:]...)
	})
}

// Connect opens the connection and begins to pull.
func (in *input) Connect(ctx context.Context) (err error) {
	if in.conn, err = nats.Connect(in.url); err != nil {
		return err
	}
	js, err := jetstream.New(in.conn)
	if err != nil {
		return err
	}
	consumer, err := js.Consumer(ctx, in.stream, in.durable)
	if err != nil {
		return err
	}
	in.messages, err = consumer.Messages(jetstream.PullMaxMessages(prefetched))
	return err
}

// ReadBatch gives the messages of one transaction. Its last acknowledgement
// stands for all before. What was not written ends the run, where a worker would
// try again: there is nothing to be measured then.
func (in *input) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	in.meter.begin()
	if in.left == 0 {
		return nil, nil, service.ErrEndOfInput
	}
	want := min(in.batch, in.left)
	batch := make(service.MessageBatch, 0, want)
	var last jetstream.Msg
	for len(batch) < want {
		wait := jetstream.NextContext(ctx)
		if len(batch) > 0 {
			wait = jetstream.NextMaxWait(fillWait)
		}
		m, err := in.messages.Next(wait)
		if errors.Is(err, nats.ErrTimeout) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		last, batch = m, append(batch, service.NewMessage(m.Data()))
	}
	in.left -= len(batch)
	return batch, func(_ context.Context, err error) error {
		if err == nil {
			err = last.Ack()
		}
		if err != nil {
			in.meter.fail(err)
			return err
		}
		in.meter.ack(len(batch))
		return nil
	}, nil
}

// Close ends the pulling and the connection, after what it still has to send.
func (in *input) Close(context.Context) error {
	if in.messages != nil {
		in.messages.Stop()
	}
	if in.conn != nil {
		return in.conn.Drain()
	}
	return nil
}
