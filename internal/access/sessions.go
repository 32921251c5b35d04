package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

const (
	// SessionLife is how long a browser stays signed in.
	SessionLife = 12 * time.Hour
	// mostSessions bounds what is kept; one more ends the one that began first.
	mostSessions = 10_000
)

// Sessions are the browsers that have signed in with a token, in memory: a
// restart ends them. Revoking the token ends its sessions. They may be used by
// many goroutines at once.
type Sessions struct {
	tokens *Tokens

	mu    sync.Mutex
	open  map[sum]session // by the fingerprint of the cookie's value
	order []sum           // as they began, those that have ended among them
}

// session is a browser's.
type session struct {
	token   sum // it signed in with
	expires time.Time
}

// NewSessions keeps the sessions of some tokens.
func NewSessions(t *Tokens) *Sessions { return &Sessions{tokens: t, open: map[sum]session{}} }

// Begin signs a browser in that has shown a token; the id is for its cookie.
// False says that the token is nobody's.
func (s *Sessions) Begin(token string, now time.Time) (id string, ok bool, err error) {
	_, of, ok, err := s.tokens.Who(token, now)
	if err != nil || !ok {
		return "", false, err
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	id = base64.RawURLEncoding.EncodeToString(secret[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.order) > 0 && (len(s.order) >= mostSessions || s.over(s.order[0], now)) {
		delete(s.open, s.order[0])
		s.order = s.order[1:]
	}
	key := sha256.Sum256([]byte(id))
	s.open[key] = session{of, now.Add(SessionLife)}
	s.order = append(s.order, key)
	return id, true, nil
}

func (s *Sessions) over(key sum, now time.Time) bool {
	found, ok := s.open[key]
	return !ok || !now.Before(found.expires)
}

// Who is the principal whose session an id is; false where there is none, or it
// is over, or its token is revoked.
func (s *Sessions) Who(id string, now time.Time) (p Principal, ok bool, err error) {
	key := sha256.Sum256([]byte(id))
	s.mu.Lock()
	found, over := s.open[key], s.over(key, now)
	s.mu.Unlock()
	if over {
		return p, false, nil
	}
	if p, ok, err = s.tokens.bearer(found.token, now); err == nil && !ok {
		s.End(id)
	}
	return p, ok, err
}

// End signs a browser out.
func (s *Sessions) End(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sha256.Sum256([]byte(id)))
}
