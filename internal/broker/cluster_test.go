package broker_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// cluster starts three servers that know each other.
func cluster(t testing.TB) []*server.Server {
	t.Helper()
	var listeners []net.Listener
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	var routes []string
	var ports []int
	for _, l := range listeners {
		routes = append(routes, "nats://"+l.Addr().String())
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var all []*server.Server
	for i, port := range ports {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: t.TempDir(), JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 30,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: port},
			Routes:  server.RoutesFromStr(strings.Join(routes, ",")),
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() {
			s.Shutdown()
			s.WaitForShutdown()
		})
		all = append(all, s)
	}
	eventually(t, "three peers and a leader", func() bool {
		for _, s := range all {
			if s.JetStreamIsLeader() {
				return len(s.JetStreamClusterPeers()) == len(all)
			}
		}
		return false
	})
	return all
}

// TestCluster runs the subscriber and the output on streams of three copies,
// and stops the servers that lead them.
func TestCluster(t *testing.T) {
	servers := cluster(t)
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.ClientURL())
	}
	c := brokertest.Streams(t, strings.Join(urls, ","), tenant)
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.In)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.CachedInfo().Config.Replicas; n != 3 {
		t.Errorf("stream %s has %d copies, want 3", broker.DefaultNames.In, n)
	}

	o := output(t, c)
	msgs, to := batch(1, 10)
	first, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to); err != nil || again != first {
		t.Errorf("Publish() again = %+v, %v, want %+v", again, err, first)
	}
	msgs, to = batch(11, 20)
	if _, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to); !errors.Is(err, broker.ErrFenced) {
		t.Errorf("Publish() from an old cursor = %v, want ErrFenced", err)
	}

	// Few at a time, as fast as the server answers.
	for n := 11; n < 211; n += 2 {
		few, next := batch(n, n+1)
		if first, err = o.Publish(t.Context(), few, first, next); err != nil {
			t.Fatalf("Publish(%d and the next) = %v", n, err)
		}
	}
	if got := published(t, c); len(got) != 210 || got[209] != "210" {
		t.Errorf("%d messages are published, want 210", len(got))
	}
	msgs, to = batch(211, 220)

	publish(t, c, 1, 700)
	r := &record{}
	sub, all, _ := run(t, c, r.config(t))
	got := take(t, all, 700)
	r.add(got[699])
	eventually(t, "all acknowledged", func() bool { return pending(t, sub) == 0 })
	for _, s := range servers {
		if s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, broker.DefaultNames.In) {
			s.Shutdown()
			break
		}
	}
	eventually(t, "published", func() bool {
		_, err := c.PublishAll(t.Context(), numbered(701, 1400), nil)
		return err == nil
	})
	more := take(t, all, 700)
	checkIndexes(t, append(got, more...), 1)
	if a := r.alarms(); len(a) != 0 {
		t.Errorf("alarms = %+v, want none", a)
	}
	eventually(t, "published", func() bool {
		last, err := o.Publish(t.Context(), msgs, first, to)
		return err == nil && last.N == 220
	})
}
