package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
)

// Login says who we are to a broker, and by what we know that it is the one
// meant. The zero Login is a stranger's, who believes the system's authorities.
type Login struct {
	Creds string // file; see Options
	CA    string // file of certificates in PEM; empty: those of the system
	Inbox string // prefix of the subjects that answers come to; nats.go's _INBOX if empty
}

// Options are those to connect with. The file of credentials is one that NATS
// makes (a JWT and the key that goes with it), the seed of an nkey, or one line
// USER:PASSWORD. All but a seed, whose server knows it by its public key, are
// read again at every connect, so that credentials can be changed under a
// running worker. No error repeats what is in it.
func (l Login) Options() ([]nats.Option, error) {
	var out []nats.Option
	if l.Creds != "" {
		who, err := credentials(l.Creds)
		if err != nil {
			return nil, err
		}
		out = append(out, who)
	}
	if l.CA != "" {
		if _, err := os.Stat(l.CA); err != nil {
			return nil, err
		}
		out = append(out, nats.RootCAs(l.CA))
	}
	if l.Inbox != "" {
		out = append(out, nats.CustomInboxPrefix(l.Inbox))
	}
	return out, nil
}

func credentials(file string) (nats.Option, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	switch text := bytes.TrimSpace(b); {
	case bytes.Contains(text, []byte("BEGIN NATS USER JWT")):
		return nats.UserCredentials(file), nil
	case bytes.HasPrefix(text, []byte("SU")) || bytes.Contains(text, []byte("BEGIN USER NKEY SEED")):
		seed, err := nats.NkeyOptionFromSeed(file)
		if err != nil {
			return nil, fmt.Errorf("%s: not the seed of an nkey", file)
		}
		return seed, nil
	}
	if _, _, err := userPassword(file); err != nil {
		return nil, err
	}
	return nats.UserInfoHandler(func() (string, string) {
		// What cannot be read now is nobody: the server refuses it, and is asked again.
		user, password, _ := userPassword(file)
		return user, password
	}), nil
}

func userPassword(file string) (user, password string, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(b)), ":")
	if !ok || user == "" || password == "" || strings.ContainsAny(user+password, " \t\r\n") {
		return "", "", fmt.Errorf("%s: neither credentials of NATS, nor an nkey's seed, nor one line USER:PASSWORD", file)
	}
	return user, password, nil
}

// unwelcome reports whether an error says that a server does not let us in.
func unwelcome(err error) bool {
	return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || errors.Is(err, nats.ErrAuthRevoked)
}

// denial is closed when the server next refuses something. Only then does it
// say that it does not take a publish: else no answer comes.
func (c *Conn) denial() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.denied
}

// refusal is what the server said last, if that was that a subject is not ours
// to publish to.
func (c *Conn) refusal(subject string) error {
	err := c.nc.LastError()
	if errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), `"`+subject+`"`) {
		return err
	}
	return nil
}

// untilRefused ends a context when the server does not take one of the messages,
// with that as its cause.
func (c *Conn) untilRefused(ctx context.Context, messages []*nats.Msg) (refusable context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	denied := c.denial()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-denied:
			}
			denied = c.denial()
			for _, m := range messages {
				if err := c.refusal(m.Subject); err != nil {
					cancel(err)
					return
				}
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}
