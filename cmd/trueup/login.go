package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/broker"
)

// login is a broker.Login as flags give it.
type login broker.Login

// flags adds its flags, whose values are no secrets: those are in files.
func (l *login) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&l.Creds, "nats-creds", "", "`FILE` that says who we are to the broker: credentials made by NATS, an nkey's seed, or one line USER:PASSWORD; also TRUEUP_NATS_CREDS")
	f.StringVar(&l.CA, "nats-ca", "", "`FILE` of the authority, in PEM, that vouches for the broker's certificate; also TRUEUP_NATS_CA (default: the system's)")
	f.StringVar(&l.Inbox, "nats-inbox", "", "`PREFIX` of the subjects that the broker's answers come to, where its permissions name one; also TRUEUP_NATS_INBOX (default _INBOX)")
	_ = cmd.MarkFlagFilename("nats-creds")
	_ = cmd.MarkFlagFilename("nats-ca")
}

// options are what a connection is made with.
func (l login) options() ([]nats.Option, error) {
	if l.Creds != "" {
		info, err := os.Stat(l.Creds)
		if err == nil {
			err = access.Private(l.Creds, info)
		}
		if err != nil {
			return nil, fmt.Errorf("--nats-creds: %w", err)
		}
	}
	opts, err := broker.Login(l).Options()
	if err != nil {
		return nil, fmt.Errorf("--nats-creds, --nats-ca, --nats-inbox: %w", err)
	}
	return opts, nil
}

// address is a broker that one command connects to.
type address struct {
	url string
	login
}

func (a *address) flags(cmd *cobra.Command, e env) {
	cmd.Flags().StringVar(&a.url, "nats", cmp.Or(e.getenv("TRUEUP_NATS"), "nats://"+broker.DefaultAddr), "`URL` of the broker; also TRUEUP_NATS")
	a.login.flags(cmd)
	a.Creds, a.CA, a.Inbox = e.getenv("TRUEUP_NATS_CREDS"), e.getenv("TRUEUP_NATS_CA"), e.getenv("TRUEUP_NATS_INBOX")
}

func (a *address) connect(ctx context.Context) (*broker.Conn, error) {
	opts, err := a.options()
	if err != nil {
		return nil, err
	}
	return broker.Connect(ctx, a.url, quietLog(), opts...)
}

// withoutPasswords is a list of URLs as it may be shown: users and passwords are
// left out of each, and all of one that cannot be read.
func withoutPasswords(urls string) string {
	list := strings.Split(urls, ",")
	for i, text := range list {
		if text = strings.TrimSpace(text); !strings.Contains(text, "://") {
			text = "nats://" + text // as nats.go takes it
		}
		u, err := url.Parse(text)
		if err != nil {
			list[i] = "…"
			continue
		}
		u.User, u.RawQuery = nil, ""
		list[i] = u.String()
	}
	return strings.Join(list, ",")
}
