package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/decision"
	"github.com/trueup/trueup/internal/web"
)

// checkHTTP takes an address that nobody outside can reach, or else whatever
// makes sure that nobody listens in and that everybody who asks is known.
func (c *config) checkHTTP() error {
	host, _, err := net.SplitHostPort(c.http)
	if err != nil {
		return fmt.Errorf("--http %q is not host:port", c.http)
	}
	if (c.tlsCert == "") != (c.tlsKey == "") {
		return errors.New("--tls-cert and --tls-key: give both or none")
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	var missing []string
	for _, f := range []struct{ name, value string }{{"--tls-cert", c.tlsCert}, {"--tls-key", c.tlsKey}, {"--tokens", c.tokens}} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("--http %q is not a loopback address: %s missing; others could read what people are paid", c.http, strings.Join(missing, ", "))
	}
	return nil
}

func (w *worker) openWeb(ctx context.Context, e env) error {
	opts := web.Options{
		Ready: w.parts, Metrics: w.watched.Metrics.Handler, Snapshot: w.store.Snapshot, Ending: w.input.Done(), Now: e.now, Clock: w.sweeper.Clock.Now, Log: w.log,
		Publish: w.decide, Entitled: w.asked.entitled, Tenant: w.cfg.tenant, Live: feed{w.store},
	}
	if w.cfg.tokens != "" {
		var err error
		if opts.Tokens, err = access.Open(w.cfg.tokens); err != nil {
			return fmt.Errorf("--tokens: %w", err)
		}
		opts.Organisation = access.NewOrganisation(w.asked.managers, e.now)
	}
	var certificate *certificate
	if w.cfg.tlsCert != "" {
		var err error
		if certificate, err = openCertificate(w.cfg.tlsCert, w.cfg.tlsKey, w.log); err != nil {
			return err
		}
		opts.TLS = certificate.get
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", w.cfg.http)
	if err != nil {
		return fmt.Errorf("--http %s: %w", w.cfg.http, err)
	}
	opts.Listen = l.Addr().String()
	w.httpURL = "http://" + opts.Listen
	if certificate != nil {
		w.httpURL = "https://" + opts.Listen
		l = tls.NewListener(l, &tls.Config{
			MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate.get(), nil },
		})
	}
	server := web.NewServer(w.asked, opts)
	w.httpServer = web.HTTPServer(server, w.log)
	w.start("summary", w.warm)
	w.start("previews", w.asked.runPreviews)
	w.start("what-if", w.asked.whatIfs.Run)
	w.start("web", func(context.Context) error {
		if err := w.httpServer.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return w.answerAtBroker(server)
}

// answerAtBroker answers the questions of the API there too. Who may ask is for
// the broker to say.
func (w *worker) answerAtBroker(server *web.Server) (err error) {
	s := broker.Service{
		Name: "trueup", Version: version(), Description: "answers about what is earned, held and paid", Prefix: "trueup.api." + w.cfg.tenant,
	}
	for _, e := range server.Endpoints() {
		s.Endpoints = append(s.Endpoints, broker.Endpoint{Name: e.Name, Meaning: e.Summary, Answer: e.Answer})
	}
	w.stopAnswers, err = w.conn.Serve(w.ctx, s)
	return err
}

// decide publishes a person's decision.
func (w *worker) decide(ctx context.Context, all []decision.Message) error {
	_, err := w.conn.PublishAll(ctx, func(yield func(broker.Msg, error) bool) {
		for _, m := range all {
			if !yield(broker.EventMsg(m.Subject, m.Body), nil) {
				return
			}
		}
	}, nil)
	return err
}

// certificate is a pair of files, read again when they change, so that one that
// is renewed takes hold by itself. One that cannot be read leaves the one before.
type certificate struct {
	certFile, keyFile string
	log               zerolog.Logger

	mu   sync.Mutex
	at   [2]time.Time
	pair *tls.Certificate
}

func openCertificate(certFile, keyFile string, log zerolog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	return c, c.refresh()
}

func (c *certificate) refresh() error {
	var at [2]time.Time
	for i, file := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return fmt.Errorf("--tls-cert, --tls-key: %w", err)
		}
		at[i] = info.ModTime()
	}
	if at == c.at {
		return nil
	}
	c.at = at
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("--tls-cert %s, --tls-key %s: %w", c.certFile, c.keyFile, err)
	}
	c.pair = &pair
	return nil
}

// get is the certificate to show.
func (c *certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(); err != nil {
		c.log.Error().Err(err).Msg("the certificate before is shown")
	}
	return c.pair
}
