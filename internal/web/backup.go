package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/report"
)

// snapshotType is the content type of a ledger file.
const snapshotType = "application/vnd.trueup.ledger"

// backup sends the ledger file of this moment, to one asker at a time: each
// takes as much room on the worker's disk as the ledger does. Its length is
// told before, so that a file that is not whole is known to be so.
func (s *server) backup(w http.ResponseWriter, req *http.Request, _ question) {
	if s.opts.Snapshot == nil {
		s.fail(w, req, report.NotFound{What: "page", ID: req.URL.Path})
		return
	}
	if p, ok := access.Of(req.Context()); !ok || !p.Is(access.Admin, access.Onlooker) {
		s.fail(w, req, access.Forbidden{Text: "a backup is not for " + string(p.Role) + ": it has everything"})
		return
	}
	if req.Method == http.MethodHead { // asking costs nothing
		w.Header().Set("Content-Type", snapshotType)
		return
	}
	select {
	case <-s.opts.Ending:
		s.fail(w, req, refusal{code: http.StatusServiceUnavailable, text: errEnding.Error()})
		return
	default:
	}
	select {
	case s.copying <- struct{}{}:
		defer func() { <-s.copying }()
	default:
		s.fail(w, req, refusal{code: http.StatusServiceUnavailable, text: "a backup is under way already", later: true})
		return
	}
	if err := s.send(w, req); err != nil && req.Context().Err() == nil {
		s.opts.Log.Warn().Err(err).Str(field.Path, req.Pattern).Msg("backup broken off")
	}
}

// send makes a snapshot and sends it.
func (s *server) send(w http.ResponseWriter, req *http.Request) (err error) {
	// Making it may take longer than any answer.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	f, err := s.opts.Snapshot()
	if err != nil {
		s.fail(w, req, err)
		return nil
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		s.fail(w, req, err)
		return nil
	}
	w.Header().Set("Content-Type", snapshotType)
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	p := &paced{w: w, now: s.opts.Now, ending: s.opts.Ending}
	defer p.watch()()
	_, err = io.CopyBuffer(p, io.LimitReader(f, info.Size()), make([]byte, journalBuffer))
	return err
}

// paced writes an answer that may take longer than any other, but not because
// the client does not read, and not when the worker is to stop.
type paced struct {
	w      http.ResponseWriter
	now    func() time.Time
	ending <-chan struct{}
	mu     sync.Mutex // of the deadline
}

var errEnding = errors.New("the worker is stopping")

// watch breaks off a write that waits for the client when the worker is to stop,
// until the function it gives is called.
func (p *paced) watch() (stop func()) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-p.ending:
			p.mu.Lock()
			defer p.mu.Unlock()
			_ = http.NewResponseController(p.w).SetWriteDeadline(time.Unix(1, 0)) // what cannot waits
		case <-done:
		}
	})
	return func() {
		close(done)
		watching.Wait()
	}
}

// Write implements io.Writer.
func (p *paced) Write(b []byte) (int, error) {
	if err := p.ready(); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}

// ready gives the client time to take the next piece.
func (p *paced) ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.ending:
		return errEnding
	default:
	}
	var until time.Time
	if p.now != nil {
		until = p.now().Add(unreadWait)
	}
	_ = http.NewResponseController(p.w).SetWriteDeadline(until) // what cannot has none
	return nil
}

// Backup writes the ledger file of the worker at baseURL, as it is at this
// moment, to a writer. told, which may be nil, hears how many bytes have come
// of how many. What was written is not whole where there is an error. A nil hc
// is a client that follows no redirects.
func Backup(ctx context.Context, baseURL string, hc *http.Client, to io.Writer, told func(done, of int64)) error {
	c := newClient(baseURL, hc)
	resp, err := c.open(ctx, "/v1/backup", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") != snapshotType || resp.ContentLength < 0 {
		return fmt.Errorf("what answers at %s is not a trueup worker that makes backups", c.base)
	}
	n, err := io.Copy(to, &heard{resp.Body, 0, resp.ContentLength, told})
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || err == nil && n != resp.ContentLength:
		return fmt.Errorf("the backup of the worker at %s was cut off after %d of %d bytes", c.base, n, resp.ContentLength)
	case err != nil:
		return c.unreachable(ctx, err)
	}
	return nil
}

// heard tells how much was read.
type heard struct {
	io.Reader
	done, of int64
	told     func(done, of int64)
}

// Read implements io.Reader.
func (h *heard) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	if h.done += int64(n); h.told != nil && n > 0 {
		h.told(h.done, h.of)
	}
	return n, err
}
