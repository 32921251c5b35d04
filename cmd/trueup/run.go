package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/wire"
)

// config is everything a worker can be told.
type config struct {
	data       string
	nats       string // empty: embedded
	login      login  // of nats
	natsListen string
	http       string
	tlsCert    string // files; both or none
	tlsKey     string
	tokens     string // file; empty: whoever reaches http may read
	plans      []string
	tenant     string
	asOf       string
	settle     time.Duration // how long nothing must come before a played clock goes on; 0: the default
	feeding    chan struct{} // closed once everything is published, by who publishes it: a played clock waits for it; nil: nobody says
	demo       bool
	streams    broker.Names
	maxEvent   int
	maxWaiting int // outputs that may wait to leave; 0: the default
	cache      int
	logLevel   string
}

// defaultUnpublished is how many outputs may wait to leave when nothing else is
// said: hours of a large company's.
const defaultUnpublished = 100_000

func newRunCommand(e env) *cobra.Command {
	var c config
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the worker",
		Long: `Hears CRM and billing events, keeps the ledger, publishes payout adjustments and
SLA breaches, until it is told to stop (Ctrl-C). Started again it goes on where
it was. Every flag can also be given as an environment variable: --nats-listen
is TRUEUP_NATS_LISTEN.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd, e); err != nil {
				return err
			}
			if err := c.check(); err != nil {
				return err
			}
			if c.demo && c.nats != "" && !cmd.Flags().Changed("nats") {
				return usagef("TRUEUP_NATS=%q: --demo publishes a made-up company's year, which a broker keeps for good: unset TRUEUP_NATS, or give --nats to mean that broker", withoutPasswords(c.nats))
			}
			return runWorker(cmd.Context(), e, c)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.data, "data", "", "folder of the ledger and the embedded broker (default ./data, with --demo ./data/demo)")
	f.StringVar(&c.nats, "nats", "", "URL of a NATS cluster with JetStream (default: an embedded server)")
	c.login.flags(cmd)
	f.StringVar(&c.natsListen, "nats-listen", broker.DefaultAddr, "where the embedded server listens; port 0 is a free one")
	f.StringVar(&c.http, "http", "127.0.0.1:8080", "where to answer questions; port 0 is a free one; another address than loopback needs --tls-cert, --tls-key and --tokens")
	f.StringVar(&c.tlsCert, "tls-cert", "", "certificate `FILE` to answer with, in PEM, with those that vouch for it; read again when it changes")
	f.StringVar(&c.tlsKey, "tls-key", "", "the certificate's private key, a `FILE`")
	f.StringVar(&c.tokens, "tokens", "", "`FILE` of who may ask, see trueup token; without it everybody on this machine may read, and nobody may decide")
	f.StringArrayVar(&c.plans, "plan", nil, "plan file; may be given several times; a version the ledger does not have is published to it (default: the built-in plan)")
	f.StringVar(&c.tenant, "tenant", "default", "whose events and ledger")
	f.StringVar(&c.asOf, "as-of", "", "start the clock at this instant or date; for demos and tests")
	f.DurationVar(&c.settle, "settle", playSettle, "with --as-of, the clock goes on once nothing has come for so long")
	f.BoolVar(&c.demo, "demo", false, "feed the worker a made-up company's year, on the embedded broker or the one that --nats gives, but not on TRUEUP_NATS")
	f.StringVar(&c.streams.In, "stream-in", broker.DefaultNames.In, "name of the input stream")
	f.StringVar(&c.streams.Out, "stream-out", broker.DefaultNames.Out, "name of the output stream")
	f.IntVar(&c.maxEvent, "max-event-bytes", wire.DefaultMaxBody, "larger events are parked")
	f.IntVar(&c.maxWaiting, "max-unpublished", defaultUnpublished, "inputs wait while this many outputs could not leave")
	f.IntVar(&c.cache, "cache", 0, "facts of accounts kept in memory; the worker takes up to 192 MiB and 1,200 bytes for each, an account counting as eight (default 1,500,000)")
	f.StringVar(&c.logLevel, "log-level", "info", "debug, info, warn or error")
	_ = cmd.MarkFlagFilename("plan", "yaml", "yml")
	_ = cmd.MarkFlagFilename("tls-cert")
	_ = cmd.MarkFlagFilename("tls-key")
	_ = cmd.MarkFlagFilename("tokens")
	_ = cmd.MarkFlagDirname("data")
	return cmd
}

// check finds every mistake before anything is opened.
func (c *config) check() error {
	var all []error
	if err := broker.CheckTenant(c.tenant); err != nil {
		all = append(all, fmt.Errorf("--tenant: %w", err))
	}
	if _, err := zerolog.ParseLevel(c.logLevel); err != nil || c.logLevel == "" {
		all = append(all, fmt.Errorf("--log-level %q is not debug, info, warn or error", c.logLevel))
	}
	if c.maxEvent <= 0 {
		all = append(all, fmt.Errorf("--max-event-bytes %d is not above zero", c.maxEvent))
	}
	if c.maxWaiting < 0 {
		all = append(all, fmt.Errorf("--max-unpublished %d is below zero", c.maxWaiting))
	}
	if c.nats == "" && c.login != (login{}) {
		all = append(all, errors.New("--nats-creds, --nats-ca and --nats-inbox are for a broker that --nats names: the embedded one knows only this machine"))
	}
	c.maxWaiting = cmp.Or(c.maxWaiting, defaultUnpublished)
	if c.settle < 0 {
		all = append(all, fmt.Errorf("--settle %s is below zero", c.settle))
	}
	c.settle = cmp.Or(c.settle, playSettle)
	if c.cache < 0 {
		all = append(all, fmt.Errorf("--cache %d is below zero", c.cache))
	}
	if c.demo && (c.asOf != "" || len(c.plans) > 0) {
		all = append(all, errors.New("--demo brings its own --as-of and --plan"))
	}
	if c.asOf != "" {
		if _, err := parseAsOf(c.asOf, time.UTC); err != nil {
			all = append(all, err)
		}
	}
	if err := c.checkHTTP(); err != nil {
		all = append(all, err)
	}
	if err := errors.Join(all...); err != nil {
		return usageError{err}
	}
	c.data = cmp.Or(c.data, map[bool]string{false: "data", true: filepath.Join("data", "demo")}[c.demo])
	return nil
}

// ledgerPath is the tenant's ledger file.
func (c *config) ledgerPath() string { return filepath.Join(c.data, c.tenant+".db") }

// load reads the plans a new ledger is to be kept by: nil for a ledger that
// is there and no plans given.
func (c *config) load() (plan.Set, error) {
	if c.demo {
		return demo.Default().Plans(), nil
	}
	if _, err := os.Stat(c.ledgerPath()); err == nil && len(c.plans) == 0 {
		return nil, nil
	}
	return loadPlans(c.plans)
}

// playFrom is where a played clock is to stand, zero for the time of day. What
// the ledger has seen is never undone.
func (c *config) playFrom(plans plan.Set, seen time.Time) (time.Time, error) {
	zone := plans[0].Zone
	var from time.Time
	switch {
	case c.demo:
		from = demo.Default().Until.End(zone)
	case c.asOf == "":
		return time.Time{}, nil
	default:
		var err error
		if from, err = parseAsOf(c.asOf, zone); err != nil {
			return time.Time{}, err
		}
	}
	if seen.After(from) {
		from = seen
	}
	return from, nil
}

func runWorker(ctx context.Context, e env, c config) error {
	level, _ := zerolog.ParseLevel(c.logLevel)
	log := zerolog.New(e.stderr).Level(level).With().Timestamp().Str(field.Tenant, c.tenant).Logger()
	w, err := startWorker(ctx, e, c, log)
	if err != nil {
		return err
	}
	w.announce(e.stdout)
	notify(ctx, e, "READY=1", log)
	defer context.AfterFunc(ctx, func() { notify(ctx, e, "STOPPING=1", log) })()
	if c.demo {
		w.start("demo", func(ctx context.Context) error { return w.feed(ctx, e.stdout, e.stderr) })
	}
	return w.wait(ctx)
}
