package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"
)

// Tokens are those of a file, read again whenever it changes: who is revoked in
// it is refused from the next request on. A file that cannot be read any more
// lets nobody in. It may be used by many goroutines at once.
type Tokens struct {
	path string

	mu    sync.Mutex
	seen  fs.FileInfo // as it was when it was read
	known []known
	err   error
}

// known is a token and its fingerprint.
type known struct {
	Token
	sum sum
}

// Open reads a file of tokens.
func Open(path string) (*Tokens, error) {
	t := &Tokens{path: path}
	return t, t.refresh()
}

// refresh reads the file where it is another than it was.
func (t *Tokens) refresh() error {
	info, err := os.Stat(t.path)
	if err != nil {
		t.seen, t.known, t.err = nil, nil, fmt.Errorf("tokens: %w", err)
		return t.err
	}
	if t.seen != nil && os.SameFile(info, t.seen) && info.ModTime().Equal(t.seen.ModTime()) && info.Size() == t.seen.Size() && info.Mode() == t.seen.Mode() {
		return t.err
	}
	tokens, err := Read(t.path)
	t.seen, t.known, t.err = info, nil, err
	for _, one := range tokens {
		k := known{Token: one}
		_, _ = hex.Decode(k.sum[:], []byte(one.SHA256)) // Check has read it
		t.known = append(t.known, k)
	}
	return err
}

// Who is the principal that bears a token, and its fingerprint; false where
// there is none, or it has expired. An error says that the file cannot be read.
func (t *Tokens) Who(token string, now time.Time) (p Principal, of sum, ok bool, err error) {
	of = sha256.Sum256([]byte(token))
	p, ok, err = t.bearer(of, now)
	return p, of, ok, err
}

// bearer is the principal with the token of a fingerprint. Every token is
// compared, each in the same time.
func (t *Tokens) bearer(of sum, now time.Time) (p Principal, ok bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refresh(); err != nil {
		return p, false, err
	}
	for _, k := range t.known {
		if subtle.ConstantTimeCompare(k.sum[:], of[:]) == 1 && !k.Expired(now) {
			p, ok = k.principal(), true
		}
	}
	return p, ok, nil
}

// Read reads a file of tokens. One that others may read is refused.
func Read(path string) ([]Token, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	if err := Private(path, info); err != nil {
		return nil, fmt.Errorf("tokens file %w", err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	tokens, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("tokens file %s, %w", path, err)
	}
	return tokens, nil
}

// Add adds a token to a file, which it makes where there is none.
func Add(path string, t Token) error {
	if err := t.Check(); err != nil {
		return err
	}
	return edit(path, func(tokens []Token) ([]Token, error) {
		if slices.ContainsFunc(tokens, func(o Token) bool { return o.Name == t.Name }) {
			return nil, fmt.Errorf("name %q has a token already: revoke it, or give another name", t.Name)
		}
		return append(tokens, t), nil
	})
}

// Revoke takes a token out of a file.
func Revoke(path, name string) error {
	return edit(path, func(tokens []Token) ([]Token, error) {
		left := slices.DeleteFunc(slices.Clone(tokens), func(t Token) bool { return t.Name == name })
		if len(left) == len(tokens) {
			return nil, fmt.Errorf("no token of the name %q in %s", name, path)
		}
		return left, nil
	})
}

// edit replaces a file of tokens by another, whole. The new one is also what
// keeps a second edit away meanwhile.
func edit(path string, change func([]Token) ([]Token, error)) (err error) {
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there: another edit is under way, or one was cut off and left it to be removed", next)
	} else if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(next))
		}
	}()
	err = write(f, path, change)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(next, path)
}

func write(f *os.File, path string, change func([]Token) ([]Token, error)) error {
	tokens, err := Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if tokens, err = change(tokens); err != nil {
		return err
	}
	b, err := encode(tokens)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	return f.Sync()
}
