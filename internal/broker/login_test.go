package broker_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
)

// guarded starts a server that wants to know who connects.
func guarded(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", -1, true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Shutdown)
	if !s.ReadyForConnections(patient) {
		t.Fatal("no server")
	}
	return s
}

// key makes a pair of keys, of which the seed is a secret.
func key(t *testing.T, create func() (nkeys.KeyPair, error)) (public string, seed []byte, pair nkeys.KeyPair) {
	t.Helper()
	pair, err := create()
	if err == nil {
		public, err = pair.PublicKey()
	}
	if err == nil {
		seed, err = pair.Seed()
	}
	if err != nil {
		t.Fatal(err)
	}
	return public, seed, pair
}

func file(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "creds")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// login connects as a file says.
func login(t *testing.T, s *server.Server, l broker.Login) (*broker.Conn, error) {
	t.Helper()
	opts, err := l.Options()
	if err != nil {
		t.Fatalf("Options(%+v) = %v", l, err)
	}
	c, err := broker.Connect(t.Context(), s.ClientURL(), zerolog.Nop(), opts...)
	if err == nil {
		t.Cleanup(c.Close)
	}
	return c, err
}

func TestLogin(t *testing.T) {
	userKey, seed, _ := key(t, nkeys.CreateUser)
	operatorKey, _, operator := key(t, nkeys.CreateOperator)
	accountKey, _, account := key(t, nkeys.CreateAccount)
	accountClaims, err := jwt.NewAccountClaims(accountKey).Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	userClaims, err := jwt.NewUserClaims(userKey).Encode(account)
	if err != nil {
		t.Fatal(err)
	}
	creds, err := jwt.FormatUserConfig(userClaims, seed)
	if err != nil {
		t.Fatal(err)
	}
	resolver := &server.MemAccResolver{}
	if err := resolver.Store(accountKey, accountClaims); err != nil {
		t.Fatal(err)
	}
	_, other, _ := key(t, nkeys.CreateUser)
	for _, tt := range []struct {
		name       string
		server     *server.Options
		good, evil string // what is in the file
	}{
		{"user and password", &server.Options{Username: "worker", Password: "k1:2"}, "worker:k1:2\n", "worker:hunter2"},
		{"seed", &server.Options{Nkeys: []*server.NkeyUser{{Nkey: userKey}}}, string(seed), string(other)},
		{"credentials", &server.Options{TrustedKeys: []string{operatorKey}, AccountResolver: resolver}, string(creds), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := guarded(t, tt.server)
			c, err := login(t, s, broker.Login{Creds: file(t, tt.good), Inbox: "_INBOX_worker"})
			if err != nil || !strings.HasPrefix(c.NATS().NewInbox(), "_INBOX_worker.") {
				t.Errorf("Connect() = %v, want a connection with an inbox of its own", err)
			}
			_, err = login(t, s, broker.Login{})
			checkError(t, "Connect() as nobody", err, "the server refuses who we are")
			if tt.evil == "" {
				return
			}
			_, err = login(t, s, broker.Login{Creds: file(t, tt.evil)})
			checkError(t, "Connect() as somebody else", err, "the server refuses who we are")
			if secret := tt.evil[strings.LastIndex(tt.evil, ":")+1:]; strings.Contains(err.Error(), secret) {
				t.Errorf("Connect() = %v tells the secret", err)
			}
		})
	}
}

// A password is changed on both sides, the server's first: the worker is
// refused, asks again, and is let in once its file says the new one.
func TestPasswordChangedUnderway(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "nats.conf")
	says := func(password string) {
		if err := os.WriteFile(conf, []byte("host: 127.0.0.1, port: -1, authorization { user: worker, password: "+password+" }"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says("before")
	o, err := server.ProcessConfigFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	s := guarded(t, o)
	creds := file(t, "worker:before")
	c, err := login(t, s, broker.Login{Creds: creds})
	if err != nil {
		t.Fatal(err)
	}
	refused := c.NATS().Stats().Reconnects
	says("after")
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "refused", func() bool { return !c.Connected() })
	eventually(t, "refused again and again", func() bool { return s.NumClients() == 0 && errors.Is(c.NATS().LastError(), nats.ErrAuthorization) })
	if err := os.WriteFile(creds, []byte("worker:after"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "let in", func() bool { return c.Connected() && c.NATS().Stats().Reconnects > refused })
}

func TestLoginFiles(t *testing.T) {
	for body, words := range map[string][]string{
		"":                 {"neither"},
		"worker":           {"neither"},
		"worker:":          {"neither"},
		":hunter2":         {"neither"},
		"a:hunter2\nb:c":   {"neither"},
		"SUnoseed-hunter2": {"not the seed"},
	} {
		_, err := broker.Login{Creds: file(t, body)}.Options()
		checkError(t, "Options()", err, append(words, "creds")...)
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Options() = %v tells what is in the file", err)
		}
	}
	for _, l := range []broker.Login{{Creds: "/dev/null/creds"}, {CA: "/dev/null/ca"}} {
		_, err := l.Options()
		checkError(t, "Options()", err, "/dev/null")
	}
}
