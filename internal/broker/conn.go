package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/field"
)

const (
	firstConnect = 10 * time.Second // how long Connect waits when ctx gives more
	apiTimeout   = 5 * time.Second  // one question to JetStream
	ackTimeout   = 10 * time.Second // one publish, acknowledged
	asyncPending = 1 << 16          // far above any window kept here, so that nats.go never stalls us
)

// Conn is a connection to NATS that is never given up: it reconnects for ever.
type Conn struct {
	nc  *nats.Conn
	js  jetstream.JetStream
	log zerolog.Logger

	mu     sync.Mutex
	hooks  map[int]func()
	hook   int
	denied chan struct{} // closed, and another made, when the server refuses a publish or a subscription
}

// Connect connects to one or more servers, given as a comma-separated list of
// URLs. The first connection must come about within ten seconds, or sooner if
// ctx ends, and be let in; later ones are waited for without end, also where the
// server refuses them. The URL's password appears in no error and no log.
func Connect(ctx context.Context, urls string, log zerolog.Logger, more ...nats.Option) (*Conn, error) {
	c := &Conn{log: log, hooks: map[int]func(){}, denied: make(chan struct{})}
	shown := redact(urls)
	connected, refused := make(chan struct{}), make(chan struct{})
	var once, no sync.Once
	var mu sync.Mutex
	var last error
	opts := []nats.Option{
		nats.Name("trueup"),
		nats.Timeout(2 * time.Second),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // credentials are changed on two sides, and one is first
		nats.ReconnectBufSize(-1),   // a publish while disconnected fails at once, instead of appearing later
		nats.PingInterval(20 * time.Second),
		nats.CustomReconnectDelay(func(tries int) time.Duration {
			return min(100*time.Millisecond<<min(tries, 6), 5*time.Second)
		}),
		nats.ConnectHandler(func(*nats.Conn) { once.Do(func() { close(connected) }) }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			mu.Lock()
			defer mu.Unlock()
			last = err
			if unwelcome(err) {
				no.Do(func() { close(refused) })
			}
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn().Err(err).Str(field.URL, shown).Msg("nats connection lost")
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			log.Info().Str(field.URL, nc.ConnectedUrlRedacted()).Msg("nats connection restored")
			c.reconnected()
		}),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			e := log.Warn().Err(err)
			if sub != nil {
				e = e.Str(field.Subject, sub.Subject)
			}
			e.Msg("nats reports")
			if errors.Is(err, nats.ErrPermissionViolation) {
				c.mu.Lock()
				defer c.mu.Unlock()
				close(c.denied)
				c.denied = make(chan struct{})
			}
		}),
	}
	nc, err := nats.Connect(urls, append(opts, more...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to nats at %s: %w", shown, scrub(err, urls))
	}
	if nc.IsConnected() {
		once.Do(func() { close(connected) })
	}
	wait, cancel := context.WithTimeout(ctx, firstConnect)
	defer cancel()
	why := "no server answers"
	select {
	case <-connected:
		why = ""
	case <-refused:
		why = "the server refuses who we are"
	case <-wait.Done():
	}
	if why != "" {
		nc.Close()
		mu.Lock()
		defer mu.Unlock()
		if last == nil {
			last = wait.Err()
		}
		return nil, fmt.Errorf("connect to nats at %s: %s: %w", shown, why, scrub(last, urls))
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(apiTimeout),
		jetstream.WithPublishAsyncMaxPending(asyncPending), jetstream.WithPublishAsyncTimeout(ackTimeout))
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("connect to nats at %s: %w", shown, err)
	}
	c.nc, c.js = nc, js
	return c, nil
}

// redact hides the user and password, or token, of each of a list of URLs.
func redact(urls string) string {
	parts := strings.Split(urls, ",")
	for i, part := range parts {
		if user := userInfo(part); user != "" {
			parts[i] = strings.Replace(part, user+"@", "xxxxx@", 1)
		}
	}
	return strings.Join(parts, ",")
}

// userInfo is what stands before the @ of a URL, which need not be a valid one.
func userInfo(part string) string {
	if at := strings.Index(part, "://"); at >= 0 {
		part = part[at+len("://"):]
	}
	return part[:max(strings.LastIndexByte(part, '@'), 0)]
}

// scrub makes sure that an error of the library does not repeat a password.
func scrub(err error, urls string) error {
	text := err.Error()
	for part := range strings.SplitSeq(urls, ",") {
		if user := userInfo(part); user != "" {
			text = strings.ReplaceAll(text, user, "xxxxx")
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// OnReconnect calls f after every reconnect, until the returned function is
// called. f must not block.
func (c *Conn) OnReconnect(f func()) (remove func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hook++
	id := c.hook
	c.hooks[id] = f
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.hooks, id)
	}
}

func (c *Conn) reconnected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.hooks {
		f()
	}
}

// Connected reports whether a server answers now.
func (c *Conn) Connected() bool { return c.nc.IsConnected() }

// Reconnects counts how often the connection was made anew.
func (c *Conn) Reconnects() uint64 { return c.generation() }

// NATS is the connection itself, for what this package does not offer.
func (c *Conn) NATS() *nats.Conn { return c.nc }

// JetStream is the JetStream context of the connection.
func (c *Conn) JetStream() jetstream.JetStream { return c.js }

// Close closes the connection. Close what uses it before.
func (c *Conn) Close() { c.nc.Close() }

// generation counts the connections made; a message read while it has not
// changed came over the same one.
func (c *Conn) generation() uint64 { return c.nc.Stats().Reconnects }

// ask bounds a question by a time, and by the connection: nats.go goes on
// waiting for an answer that was lost with it.
func (c *Conn) ask(ctx context.Context, d time.Duration, question func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	remove := c.OnReconnect(cancel)
	defer remove()
	err := question(bounded)
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		return ErrDisconnected
	}
	return disconnected(err)
}

// disconnected gives a name to the error that nats.go returns for a publish
// while there is no connection, which speaks of a buffer.
func disconnected(err error) error {
	if errors.Is(err, nats.ErrReconnectBufExceeded) {
		return ErrDisconnected
	}
	return err
}

// sleep waits, or returns why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// stored is a message as the stream holds it.
type stored struct {
	Subject string    `json:"subject"`
	Seq     uint64    `json:"seq"`
	Header  []byte    `json:"hdrs"`
	Data    []byte    `json:"data"`
	Time    time.Time `json:"time"`
}

// get asks the stream's leader for one stored message. jetstream.Stream would
// ask any replica where the stream allows direct gets, and a replica that lags
// would look like a loss. It returns jetstream.ErrMsgNotFound if there is none.
func (c *Conn) get(ctx context.Context, stream string, seq uint64, lastOf string) (*stored, error) {
	req, err := json.Marshal(struct {
		Seq    uint64 `json:"seq,omitempty"`
		LastOf string `json:"last_by_subj,omitempty"`
	}{seq, lastOf})
	if err != nil {
		return nil, err
	}
	var reply *nats.Msg
	err = c.ask(ctx, apiTimeout, func(ctx context.Context) (err error) {
		reply, err = c.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, req)
		return err
	})
	if err != nil {
		return nil, err
	}
	var resp struct {
		Error   *jetstream.APIError `json:"error"`
		Message *stored             `json:"message"`
	}
	if err := json.Unmarshal(reply.Data, &resp); err != nil {
		return nil, fmt.Errorf("answer of stream %s: %w", stream, err)
	}
	switch {
	case resp.Error != nil && resp.Error.ErrorCode == jetstream.JSErrCodeMessageNotFound:
		return nil, jetstream.ErrMsgNotFound
	case resp.Error != nil:
		return nil, resp.Error
	case resp.Message == nil:
		return nil, jetstream.ErrInvalidJetStreamResponse
	}
	return resp.Message, nil
}

// code is the JetStream error code of err, 0 if it has none.
func code(err error) jetstream.ErrorCode {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode
	}
	var js jetstream.JetStreamError
	if errors.As(err, &js) && js.APIError() != nil {
		return js.APIError().ErrorCode
	}
	return 0
}
