package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// asker asks at a broker as anybody else does.
func asker(t *testing.T, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

func ask(t *testing.T, nc *nats.Conn, subject, request string) *nats.Msg {
	t.Helper()
	m, err := nc.Request(subject, []byte(request), 30*time.Second)
	if err != nil {
		t.Fatalf("%s: %v", subject, err)
	}
	return m
}

func TestServiceIsFound(t *testing.T) {
	server := brokertest.Start(t)
	for version, want := range map[string]string{"v1.2.3": "1.2.3", "v0.0.0-20261128-abc": "0.0.0", "(devel)": "0.0.0"} {
		stop, err := brokertest.Connect(t, server.URL()).Serve(t.Context(), broker.Service{
			Name: "trueup", Version: version, Description: "answers", Prefix: "trueup.api.acme",
			Endpoints: []broker.Endpoint{{Name: "status", Meaning: "where it stands", Answer: func(context.Context, []byte) ([]byte, int, error) { return nil, 200, nil }}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var ping micro.Ping
		var info micro.Info
		for verb, into := range map[string]any{"PING": &ping, "INFO": &info} {
			m := ask(t, asker(t, server.URL()), "$SRV."+verb+".trueup", "")
			if err := json.Unmarshal(m.Data, into); err != nil {
				t.Fatal(err)
			}
		}
		if ping.Name != "trueup" || ping.Version != want || ping.Metadata["version"] != version {
			t.Errorf("PING of %s = %+v", version, ping)
		}
		if len(info.Endpoints) != 1 || info.Endpoints[0].Subject != "trueup.api.acme.status" || info.Endpoints[0].Metadata["meaning"] != "where it stands" {
			t.Errorf("INFO = %+v", info)
		}
		if err := stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestServiceAnswersAndRefuses(t *testing.T) {
	server := brokertest.Start(t)
	stop, err := brokertest.Connect(t, server.URL()).Serve(t.Context(), broker.Service{
		Name: "trueup", Prefix: "api",
		Endpoints: []broker.Endpoint{
			{Name: "echo", Answer: func(_ context.Context, b []byte) ([]byte, int, error) { return b, 200, nil }},
			{Name: "fail", Answer: func(context.Context, []byte) ([]byte, int, error) {
				return []byte("{}"), 404, errors.New("no\npayee x")
			}},
			{Name: "large", Answer: func(context.Context, []byte) ([]byte, int, error) { return make([]byte, 64<<20), 200, nil }},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	nc := asker(t, server.URL())
	if m := ask(t, nc, "api.echo", "hello"); string(m.Data) != "hello" || m.Header.Get(micro.ErrorCodeHeader) != "" {
		t.Errorf("echo = %q %v", m.Data, m.Header)
	}
	if m := ask(t, nc, "api.fail", ""); string(m.Data) != "{}" || m.Header.Get(micro.ErrorCodeHeader) != "404" || m.Header.Get(micro.ErrorHeader) != "no payee x" {
		t.Errorf("fail = %q %v", m.Data, m.Header)
	}
	if m := ask(t, nc, "api.large", ""); m.Header.Get(micro.ErrorCodeHeader) != "413" || !strings.Contains(m.Header.Get(micro.ErrorHeader), "ask for less") {
		t.Errorf("large = %d bytes %v", len(m.Data), m.Header)
	}
}

// What is being answered when the service stops is answered, and waited for.
func TestServiceStopsAfterItsAnswers(t *testing.T) {
	server := brokertest.Start(t)
	begun, release := make(chan struct{}), make(chan struct{})
	stop, err := brokertest.Connect(t, server.URL()).Serve(t.Context(), broker.Service{
		Name: "trueup", Prefix: "api",
		Endpoints: []broker.Endpoint{{Name: "slow", Answer: func(context.Context, []byte) ([]byte, int, error) {
			close(begun)
			<-release
			return []byte("done"), 200, nil
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	nc, got := asker(t, server.URL()), make(chan string, 1)
	go func() {
		m, err := nc.Request("api.slow", nil, 30*time.Second)
		if err != nil {
			got <- err.Error()
			return
		}
		got <- string(m.Data)
	}()
	<-begun
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stop(short); !errors.Is(err, context.Canceled) {
		t.Errorf("stop while an answer is under way = %v", err)
	}
	close(release)
	if err := stop(t.Context()); err != nil {
		t.Errorf("stop = %v", err)
	}
	if answer := <-got; answer != "done" {
		t.Errorf("answer = %q", answer)
	}
	if _, err := nc.Request("api.slow", nil, 30*time.Second); !errors.Is(err, nats.ErrNoResponders) {
		t.Errorf("asked after the stop: %v", err)
	}
}
