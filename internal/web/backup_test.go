package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// snapshotOf gives a file of some bytes, as a worker would.
func snapshotOf(t *testing.T, content []byte) func() (*os.File, error) {
	t.Helper()
	return func() (*os.File, error) {
		name := filepath.Join(t.TempDir(), "snapshot")
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return nil, err
		}
		return os.Open(name)
	}
}

type reader struct{ report.Reader }

func TestBackupOverHTTP(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	s, _ := serve(t, reader{}, web.Options{Snapshot: snapshotOf(t, content), Now: time.Now})
	var got bytes.Buffer
	var last, of int64
	err := web.Backup(t.Context(), s.URL, nil, &got, func(done, all int64) { last, of = done, all })
	if err != nil || !bytes.Equal(got.Bytes(), content) || last != int64(len(content)) || of != last {
		t.Errorf("Backup() = %d bytes, %v, told %d of %d; want %d bytes", got.Len(), err, last, of, len(content))
	}
	resp, body := get(t, http.MethodHead, s.URL+"/v1/backup", "")
	if resp.StatusCode != http.StatusOK || body != "" {
		t.Errorf("HEAD = %s %q", resp.Status, body)
	}
	resp, body = get(t, http.MethodGet, s.URL+"/v1/backup?payee=x", "")
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("with a parameter = %s %q", resp.Status, body)
	}
}

func TestBackupFails(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler http.Handler
		want    string
	}{
		{"the worker cannot", web.NewServer(reader{}, web.Options{Snapshot: func() (*os.File, error) { return nil, errors.New("the disk is full") }}), "the disk is full"},
		{"the server has none", web.NewServer(reader{}, web.Options{}), "no page /v1/backup"},
		{"another program", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }), "is not a trueup worker that makes backups"},
		{"cut off", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.trueup.ledger")
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "hello")
		}), "was cut off after 5 of 10 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(tt.handler)
			defer s.Close()
			err := web.Backup(t.Context(), s.URL, nil, io.Discard, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Backup() = %v, want %q", err, tt.want)
			}
		})
	}
}

// One backup is made at a time; one that nobody reads on ends when the worker
// does, and then it is known not to be whole.
func TestBackupEndsWithTheWorker(t *testing.T) {
	ending, answered, release := make(chan struct{}), make(chan struct{}, 3), make(chan struct{})
	content := make([]byte, 64<<20) // more than any buffer on the way
	handler := web.NewServer(reader{}, web.Options{Snapshot: snapshotOf(t, content), Now: time.Now, Ending: ending})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		handler.ServeHTTP(w, req)
		answered <- struct{}{}
	}))
	defer s.Close()
	got, ended := make(chan struct{}), make(chan error, 1)
	var first sync.Once
	slow := writerFunc(func(b []byte) (int, error) {
		first.Do(func() { close(got); <-release })
		return len(b), nil
	})
	go func() { ended <- web.Backup(context.WithoutCancel(t.Context()), s.URL, nil, slow, nil) }()
	<-got
	if err := web.Backup(t.Context(), s.URL, nil, io.Discard, nil); err == nil || !strings.Contains(err.Error(), "a backup is under way already") {
		t.Errorf("a second Backup() = %v", err)
	}
	<-answered
	close(ending)
	<-answered // although nothing was read
	close(release)
	if err := <-ended; err == nil {
		t.Error("Backup() of a worker that stops gives no error")
	}
	if err := web.Backup(t.Context(), s.URL, nil, io.Discard, nil); err == nil || !strings.Contains(err.Error(), "the worker is stopping") {
		t.Errorf("Backup() of a worker that is stopping = %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
