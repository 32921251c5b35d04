package broker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Error codes of JetStream that nats.go does not name.
const (
	codeNoPeers         jetstream.ErrorCode = 10005
	codeSubjectOverlap  jetstream.ErrorCode = 10065
	minServer                               = "2.14"
	duplicatesWindow                        = 2 * time.Minute
	replicasInACluster                      = 3
	codeReplicasUnknown jetstream.ErrorCode = 10074
)

// EnsureStreams creates the two streams where they are absent and checks that
// the ones found can carry the tenant: what is not so is an error that says
// what to change. It changes no stream that exists.
func (c *Conn) EnsureStreams(ctx context.Context, names Names, tenant string) error {
	if err := CheckTenant(tenant); err != nil {
		return err
	}
	if err := c.checkServer(); err != nil {
		return err
	}
	in, err := c.ensure(ctx, jetstream.StreamConfig{
		Name:               names.In,
		Description:        "events for trueup: CRM, billing, decisions, ticks",
		Subjects:           []string{"crm.*.>", "billing.*.>", "admin.*.>", "clock.*"},
		Retention:          jetstream.LimitsPolicy,
		Storage:            jetstream.FileStorage,
		Duplicates:         duplicatesWindow,
		AllowAtomicPublish: true,
	})
	if err != nil {
		return err
	}
	if err := checkIn(in, tenant); err != nil {
		return err
	}
	out, err := c.ensure(ctx, jetstream.StreamConfig{
		Name:               names.Out,
		Description:        "what trueup publishes, and how far",
		Subjects:           []string{"payout.*.>", "sla.*.>", "ledger.*.>", "ops.*.>", "cursor.*"},
		Retention:          jetstream.LimitsPolicy,
		Storage:            jetstream.FileStorage,
		Duplicates:         duplicatesWindow,
		AllowAtomicPublish: true,
		AllowMsgTTL:        true,
	})
	if err != nil {
		return err
	}
	return checkOut(out, tenant)
}

// checkServer refuses a server that lacks what this package is built on.
func (c *Conn) checkServer() error {
	got := c.nc.ConnectedServerVersion()
	if olderThan(got, minServer) {
		return fmt.Errorf("nats-server is %s; trueup needs %s or newer (consumer reset, atomic publish): upgrade the server", got, minServer)
	}
	return nil
}

// olderThan compares the first two numbers of two versions. What is not a
// version is not older.
func olderThan(got, want string) bool {
	g, w := strings.SplitN(strings.TrimPrefix(got, "v"), ".", 3), strings.Split(want, ".")
	if len(g) < 2 {
		return false
	}
	for i := range 2 {
		a, err := strconv.Atoi(g[i])
		b, _ := strconv.Atoi(w[i])
		if err != nil || a != b {
			return err == nil && a < b
		}
	}
	return false
}

// ensure returns the stream as it is, or creates it.
func (c *Conn) ensure(ctx context.Context, want jetstream.StreamConfig) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*ackTimeout)
	defer cancel()
	s, err := c.js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		want.Replicas = 1
		if c.nc.ConnectedClusterName() != "" {
			want.Replicas = replicasInACluster
		}
		s, err = c.js.CreateStream(ctx, want)
		if c := code(err); want.Replicas > 1 && (c == codeNoPeers || c == codeReplicasUnknown) {
			err = fmt.Errorf("a cluster needs %d servers with JetStream for streams of %d copies, and they are not there now: %w; bring them up, or create the stream yourself with fewer", replicasInACluster, replicasInACluster, err)
		}
	}
	switch {
	case code(err) == codeSubjectOverlap:
		return nil, fmt.Errorf("create stream %s: another stream has taken some of its subjects (%s): %s; remove them from it, or name that stream in the configuration",
			want.Name, strings.Join(want.Subjects, " "), c.takenBy(ctx, want.Subjects))
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, nats.ErrNoResponders):
		return nil, fmt.Errorf("stream %s: the server has no JetStream for this account: enable it (nats-server -js)", want.Name)
	case err != nil:
		return nil, fmt.Errorf("stream %s: %w", want.Name, err)
	}
	return s.Info(ctx)
}

// takenBy names the streams that hold one of the subjects.
func (c *Conn) takenBy(ctx context.Context, subjects []string) string {
	var names []string
	for _, subject := range subjects {
		list := c.js.StreamNames(ctx, jetstream.WithStreamListSubject(subject))
		for name := range list.Name() {
			names = append(names, fmt.Sprintf("%s has %s", name, subject))
		}
	}
	return strings.Join(names, ", ")
}

func checkIn(in *jetstream.StreamInfo, tenant string) error {
	cfg := in.Config
	var wrong []string
	if cfg.Retention != jetstream.LimitsPolicy {
		wrong = append(wrong, "its retention is "+strings.ToLower(cfg.Retention.String())+
			", which deletes what was acknowledged, so nothing could be replayed: it must be limits (recreate it, or name another stream)")
	}
	return complain(cfg, append(wrong, uncovered(cfg, InSubjects(tenant))...))
}

func checkOut(out *jetstream.StreamInfo, tenant string) error {
	cfg := out.Config
	var wrong []string
	if cfg.Retention != jetstream.LimitsPolicy {
		wrong = append(wrong, "its retention is "+strings.ToLower(cfg.Retention.String())+
			", so the cursor could vanish: it must be limits (recreate it, or name another stream)")
	}
	if !cfg.AllowAtomicPublish {
		wrong = append(wrong, "atomic publish is not allowed: nats stream edit "+cfg.Name+" --allow-batch (allow_atomic)")
	}
	if !cfg.AllowMsgTTL {
		wrong = append(wrong, "message TTL is not allowed: nats stream edit "+cfg.Name+" --allow-msg-ttl (allow_msg_ttl)")
	}
	return complain(cfg, append(wrong, uncovered(cfg, OutSubjects(tenant))...))
}

// uncovered lists the subjects that the stream does not take.
func uncovered(cfg jetstream.StreamConfig, subjects []string) (wrong []string) {
	for _, subject := range subjects {
		ok := false
		for _, pattern := range cfg.Subjects {
			ok = ok || covers(pattern, subject)
		}
		if !ok {
			wrong = append(wrong, "it does not take the subject "+subject+": add it")
		}
	}
	return wrong
}

func complain(cfg jetstream.StreamConfig, wrong []string) error {
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("stream %s cannot be used as it is: %s", cfg.Name, strings.Join(wrong, "; "))
}
