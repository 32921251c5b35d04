package broker_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// checkError reports whether an error says all the words.
func checkError(t testing.TB, call string, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s = nil, want an error about %q", call, words)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s = %q, want it to say %q", call, err, w)
		}
	}
}

func TestEnsureStreams(t *testing.T) {
	c := streams(t)
	if err := c.EnsureStreams(t.Context(), broker.DefaultNames, "other"); err != nil {
		t.Errorf("EnsureStreams() again = %v", err)
	}
	for name, want := range map[string]bool{broker.DefaultNames.In: false, broker.DefaultNames.Out: true} {
		s, err := c.JetStream().Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		cfg := s.CachedInfo().Config
		if !cfg.AllowAtomicPublish || cfg.AllowMsgTTL != want || cfg.Retention != jetstream.LimitsPolicy || cfg.Storage != jetstream.FileStorage || cfg.Replicas != 1 || cfg.Duplicates != 2*time.Minute {
			t.Errorf("stream %s = %+v", name, cfg)
		}
	}
	checkError(t, "EnsureStreams(a.b)", c.EnsureStreams(t.Context(), broker.DefaultNames, "a.b"), "a.b", "letters")
	checkError(t, "EnsureStreams()", c.EnsureStreams(t.Context(), broker.DefaultNames, ""), "no name")
	checkError(t, "EnsureStreams(another name)", c.EnsureStreams(t.Context(), broker.Names{In: "ELSE", Out: "TRUEUP_OUT"}, tenant),
		"ELSE", "TRUEUP_IN has crm.*.>")
}

func TestEnsureStreamsFound(t *testing.T) {
	in := jetstream.StreamConfig{Name: "TRUEUP_IN", Subjects: []string{"crm.>", "billing.>", "admin.>", "clock.*"}}
	out := jetstream.StreamConfig{Name: "TRUEUP_OUT", Subjects: []string{"payout.*.>", "sla.*.>", "ledger.*.>", "ops.*.>", "cursor.*"}, AllowAtomicPublish: true, AllowMsgTTL: true}
	for _, tt := range []struct {
		name  string
		edit  func(in, out *jetstream.StreamConfig)
		words []string
	}{
		{"as they are", func(*jetstream.StreamConfig, *jetstream.StreamConfig) {}, nil},
		{"work queue", func(in, _ *jetstream.StreamConfig) { in.Retention = jetstream.WorkQueuePolicy }, []string{"TRUEUP_IN", "retention", "limits"}},
		{"no ticks", func(in, _ *jetstream.StreamConfig) { in.Subjects = in.Subjects[:3] }, []string{"TRUEUP_IN", "clock.acme"}},
		{"no atomic publish", func(_, out *jetstream.StreamConfig) { out.AllowAtomicPublish = false }, []string{"TRUEUP_OUT", "allow_atomic"}},
		{"no message TTL, no cursor", func(_, out *jetstream.StreamConfig) { out.AllowMsgTTL, out.Subjects = false, out.Subjects[:4] }, []string{"TRUEUP_OUT", "allow_msg_ttl", "cursor.acme"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := brokertest.Connect(t, brokertest.Start(t).URL())
			in, out := in, out
			tt.edit(&in, &out)
			for _, cfg := range []jetstream.StreamConfig{in, out} {
				if _, err := c.JetStream().CreateStream(t.Context(), cfg); err != nil {
					t.Fatal(err)
				}
			}
			err := c.EnsureStreams(t.Context(), broker.DefaultNames, tenant)
			if tt.words == nil && err != nil {
				t.Errorf("EnsureStreams() = %v", err)
			}
			if tt.words != nil {
				checkError(t, "EnsureStreams()", err, tt.words...)
			}
		})
	}
}

func TestEnsureStreamsWithoutJetStream(t *testing.T) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(patient) {
		t.Fatal("no server")
	}
	c := brokertest.Connect(t, s.ClientURL())
	checkError(t, "EnsureStreams()", c.EnsureStreams(t.Context(), broker.DefaultNames, tenant), "TRUEUP_IN", "JetStream")
}

func TestEmbed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nats")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, tt := range []struct {
		o     broker.Options
		words []string
	}{
		{broker.Options{Dir: dir, Addr: l.Addr().String()}, []string{"address " + l.Addr().String() + " is in use"}},
		{broker.Options{Dir: dir, Addr: "0.0.0.0:0"}, []string{"0.0.0.0:0", "loopback"}},
		{broker.Options{Dir: dir, Addr: "127.0.0.1"}, []string{"127.0.0.1"}},
		{broker.Options{Addr: "127.0.0.1:0"}, []string{"directory"}},
		{broker.Options{Dir: "/dev/null/nats", Addr: "127.0.0.1:0"}, []string{"/dev/null"}},
	} {
		_, err := broker.Embed(tt.o)
		checkError(t, "Embed()", err, tt.words...)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and again on the same data
		e, err := broker.Embed(broker.Options{Dir: dir, Addr: "127.0.0.1:0", Log: quiet(t)})
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("data folder = %v, %v, want mode 0700", info, err)
		}
		brokertest.Streams(t, e.URL(), tenant)
		for range 2 {
			if err := e.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
		}
	}
}

func TestConnectNobody(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := broker.Connect(ctx, "nats://me:secret@127.0.0.1:1", zerolog.Nop())
	checkError(t, "Connect()", err, "127.0.0.1:1", "refused")
	_, bad := broker.Connect(ctx, "nats://me:secret%@127.0.0.1:1", zerolog.Nop())
	for _, err := range []error{err, bad} {
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("Connect() = %v tells the password", err)
		}
	}
}
