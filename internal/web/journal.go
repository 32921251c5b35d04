package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/report"
)

// A journal can be longer than memory, so it is answered as lines of JSON: an
// entry on each, and a last one that says how many they were, or what went
// wrong on the way. Without a last line it was cut off.

// counted is the last line of a journal that is whole.
type counted struct {
	Entries int `json:"entries"`
}

const (
	journalBuffer = 64 << 10
	unreadWait    = time.Minute // for a client to take one buffer
	maxEntry      = 4 << 20     // one entry on the wire
)

// journal streams the entries that a payee and period narrow it to.
func (s *server) journal(w http.ResponseWriter, req *http.Request, q question) {
	out := s.newLines(w)
	err := q.reader.Journal(req.Context(), q.filter(), func(p *report.Posted) error {
		out.n++
		return out.encoder.Encode(p)
	})
	switch {
	case err == nil:
		err = out.encoder.Encode(counted{out.n})
	case out.n == 0: // nothing was sent: it can still be another answer
		s.fail(w, req, err)
		return
	case req.Context().Err() == nil && !out.broken:
		s.opts.Log.Error().Err(err).Str(field.Path, req.Pattern).Msg("journal broken off")
		err = out.encoder.Encode(Failure{Error: err.Error()})
	}
	s.written(req, errors.Join(err, out.buffer.Flush()))
}

// lines is an answer in lines under way.
type lines struct {
	w       http.ResponseWriter
	now     func() time.Time
	buffer  *bufio.Writer
	encoder *json.Encoder
	n       int
	broken  bool   // the client takes no more
	kind    string // media type
}

func (s *server) newLines(w http.ResponseWriter) *lines {
	l := &lines{w: w, now: s.opts.Now, kind: "application/x-ndjson"}
	l.buffer = bufio.NewWriterSize(l, journalBuffer)
	l.encoder = json.NewEncoder(l.buffer)
	l.encoder.SetEscapeHTML(false)
	return l
}

// Write implements io.Writer. The answer may take longer than any other, but
// not because the client does not read.
func (l *lines) Write(b []byte) (int, error) {
	var until time.Time
	if l.now != nil {
		until = l.now().Add(unreadWait)
	}
	_ = http.NewResponseController(l.w).SetWriteDeadline(until) // what cannot has none
	l.w.Header().Set("Content-Type", l.kind)
	n, err := l.w.Write(b)
	l.broken = l.broken || err != nil
	return n, err
}

// Journal implements report.Reader.
func (c *client) Journal(ctx context.Context, f report.Filter, yield func(*report.Posted) error) error {
	body, err := c.get(ctx, "/v1/journal", narrowed(f))
	if err != nil {
		return err
	}
	defer body.Close()
	scanner := bufio.NewScanner(body)
	scanner.Buffer(make([]byte, journalBuffer), maxEntry)
	n := 0
	for scanner.Scan() {
		var line struct {
			report.Posted
			Entries *int   `json:"entries"`
			Error   string `json:"error"`
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			return fmt.Errorf("the answer of the worker at %s cannot be read: %w", c.base, err)
		}
		switch {
		case line.Error != "":
			return fmt.Errorf("the worker at %s: %s", c.base, line.Error)
		case line.Entries == nil:
			n++
			if err := yield(&line.Posted); err != nil {
				return err
			}
		case *line.Entries != n:
			return fmt.Errorf("the worker at %s tells of %d entries and sent %d", c.base, *line.Entries, n)
		default:
			return nil
		}
	}
	if err := scanner.Err(); err != nil {
		return c.unreachable(ctx, err)
	}
	return fmt.Errorf("the answer of the worker at %s is cut off after %d entries", c.base, n)
}
