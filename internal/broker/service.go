package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go/micro"

	"github.com/trueup/trueup/internal/field"
)

// Service is what a connection answers to whoever may ask at the broker: it is
// found there with nats micro ls.
type Service struct {
	Name        string
	Version     string // of the program
	Description string
	Prefix      string // of the endpoints' subjects
	Endpoints   []Endpoint
}

// Endpoint is one question that a service answers, one at a time. A code above
// 200 goes with an error, whose text the answer then has too.
type Endpoint struct {
	Name    string
	Meaning string
	Answer  func(ctx context.Context, request []byte) (answer []byte, code int, err error)
}

// Serve answers with ctx until stop is called. Stop waits until what is being
// answered is, or its context ends; what was asked and not begun is refused.
func (c *Conn) Serve(ctx context.Context, s Service) (stop func(context.Context) error, err error) {
	service, err := micro.AddService(c.nc, micro.Config{
		Name: s.Name, Version: semantic(s.Version), Description: s.Description, Metadata: map[string]string{"version": s.Version},
		ErrorHandler: func(_ micro.Service, err *micro.NATSError) {
			c.log.Warn().Err(err).Str(field.Subject, err.Subject).Msg("nats reports of the service")
		},
	})
	if err != nil {
		return nil, fmt.Errorf("answer at the broker: %w", err)
	}
	a := &answering{conn: c}
	for _, e := range s.Endpoints {
		err := service.AddEndpoint(e.Name, micro.HandlerFunc(func(r micro.Request) { a.answer(ctx, e, r) }),
			micro.WithEndpointSubject(s.Prefix+"."+e.Name), micro.WithEndpointMetadata(map[string]string{"meaning": e.Meaning}))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("answer at the broker: endpoint %s: %w", e.Name, err), service.Stop())
		}
	}
	// Whoever asks from now on is to find it. Where the connection is lost the
	// endpoints are told when it is back.
	wait, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	_ = c.nc.FlushWithContext(wait)
	return func(ctx context.Context) error { return errors.Join(service.Stop(), a.end(ctx)) }, nil
}

// answering are the answers under way.
type answering struct {
	conn    *Conn
	mu      sync.Mutex
	ended   bool
	running sync.WaitGroup
}

// begin reports whether another answer may begin; whoever begins one says when
// it is done.
func (a *answering) begin() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.ended {
		a.running.Add(1)
	}
	return !a.ended
}

// end lets no other answer begin, and waits for those that have.
func (a *answering) end(ctx context.Context) error {
	a.mu.Lock()
	a.ended = true
	a.mu.Unlock()
	done := make(chan struct{})
	go func() { a.running.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("answers at the broker: %w", ctx.Err())
	}
}

// answer answers one request. A client that has gone is no concern of ours.
func (a *answering) answer(ctx context.Context, e Endpoint, r micro.Request) {
	if !a.begin() {
		_ = r.Error(strconv.Itoa(http.StatusServiceUnavailable), "the worker is stopping", nil)
		return
	}
	defer a.running.Done()
	body, code, err := e.Answer(ctx, r.Data())
	if most := a.conn.nc.MaxPayload(); int64(len(body)) > most {
		body, code = nil, http.StatusRequestEntityTooLarge
		err = fmt.Errorf("the answer is larger than the %d bytes of a message: ask for less, or over HTTP", most)
	}
	if err == nil {
		err = r.Respond(body)
	} else {
		err = r.Error(strconv.Itoa(code), oneLine(err.Error()), body)
	}
	if err != nil {
		a.conn.log.Debug().Err(err).Str(field.Subject, r.Subject()).Msg("answer not sent")
	}
}

// oneLine is a text as a header can have it.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

var semanticVersion = regexp.MustCompile(`^v?((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*))(?:[-+].*)?$`)

// semantic is a version as a service has to have one; a build without one has
// 0.0.0. Its metadata has the version whole.
func semantic(version string) string {
	if m := semanticVersion.FindStringSubmatch(version); m != nil {
		return m[1]
	}
	return "0.0.0"
}
