package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/trueup/trueup/internal/field"
)

// Feed tells what is recorded while pages are looked at.
type Feed interface {
	// Changed is closed when something more is recorded.
	Changed() <-chan struct{}
	// Since is how far the ledger has come, and what turned after a moment before;
	// nil: nothing did.
	Since(before *Moment) (*Moment, error)
}

// Moment is how far the ledger has come.
type Moment struct {
	AsOf    time.Time `json:"as_of"` // latest arrival
	Entries int64     `json:"entries"`
	Outputs uint64    `json:"-"`
	Turned  int       `json:"-"` // episodes that turned since the moment before
}

// Turned is that deadlines were opened, met, missed or ended.
type Turned struct {
	AsOf     time.Time `json:"as_of"`
	Episodes int       `json:"episodes"` // how many, at least
}

const (
	mostListeners = 256
	messageWait   = 10 * time.Second // for a listener to take one message
	together      = 400 * time.Millisecond
	heartbeat     = 15 * time.Second
	longestLive   = 10 * time.Minute // after that a listener shows again who it is
)

// live tells a page what changes while it is open: how far the ledger has come,
// and that deadlines turned. What it shows of that, it asks for as any page
// does, so that nobody hears here of what they may not see.
func (s *server) live(w http.ResponseWriter, req *http.Request, _ question) {
	if s.opts.Live == nil {
		s.fail(w, req, refusal{code: http.StatusServiceUnavailable, text: "this server tells nothing live"})
		return
	}
	select {
	case s.listening <- struct{}{}:
		defer func() { <-s.listening }()
	default:
		s.fail(w, req, refusal{code: http.StatusServiceUnavailable, text: fmt.Sprintf("%d pages listen already", mostListeners), later: true})
		return
	}
	w.Header().Set("Content-Type", eventStream)
	w.Header().Set("X-Accel-Buffering", "no") // of proxies
	if req.Method == http.MethodHead {
		return
	}
	l := &listener{server: s, w: w, to: http.NewResponseController(w), req: req}
	_ = l.to.SetReadDeadline(time.Time{}) // what cannot has none
	if err := l.listen(); err != nil && req.Context().Err() == nil {
		s.opts.Log.Debug().Err(err).Str(field.Path, req.Pattern).Msg("listener let go")
	}
}

const eventStream = "text/event-stream"

// listener is a page that is open.
type listener struct {
	server *server
	w      http.ResponseWriter
	to     *http.ResponseController
	req    *http.Request
	before *Moment
}

// listen tells until the listener goes, has listened long, or the worker stops.
func (l *listener) listen() error {
	end, beat, pause := time.NewTimer(longestLive), time.NewTicker(heartbeat), time.NewTimer(0)
	defer end.Stop()
	defer beat.Stop()
	defer pause.Stop()
	if err := l.send("retry: 2000\n\n"); err != nil {
		return err
	}
	var changed <-chan struct{} // nil: the pause before it looks
	for {
		var err error
		select {
		case <-l.req.Context().Done():
			return nil
		case <-l.server.opts.Ending:
			return nil
		case <-end.C:
			return nil
		case <-beat.C:
			err = l.send(": still here\n\n")
		case <-changed:
			changed = nil
			pause.Reset(together)
		case <-pause.C: // before it looks: what comes meanwhile is told after
			changed = l.server.opts.Live.Changed()
			err = l.tell()
		}
		if err != nil {
			return err
		}
	}
}

// tell sends what is new.
func (l *listener) tell() error {
	now, err := l.server.opts.Live.Since(l.before)
	if err != nil {
		l.server.opts.Log.Error().Err(err).Msg("what changed could not be told")
		return err
	}
	before := l.before
	l.before = now
	if before == nil || !before.AsOf.Equal(now.AsOf) || before.Entries != now.Entries {
		if err := l.event("ledger", now); err != nil {
			return err
		}
	}
	if now.Turned > 0 {
		return l.event("sla", Turned{now.AsOf, now.Turned})
	}
	return nil
}

func (l *listener) event(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.send(fmt.Sprintf("event: %s\ndata: %s\n\n", name, data))
}

// send sends one message, and waits no longer for the listener than for any.
func (l *listener) send(message string) error {
	var until time.Time
	if l.server.opts.Now != nil {
		until = l.server.opts.Now().Add(messageWait)
	}
	_ = l.to.SetWriteDeadline(until) // what cannot has none
	if _, err := l.w.Write([]byte(message)); err != nil {
		return err
	}
	return l.to.Flush()
}
