package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPostgresUsage wants the work of processes that end counted once, whether
// they still run, are ending or have ended.
func TestPostgresUsage(t *testing.T) {
	if _, err := findPostgres(t.Context()); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // the server's user must get through
		t.Fatal(err)
	}
	p, err := startPostgres(t.Context(), filepath.Join(dir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Error(err)
		}
	})
	const rows, pages = 400_000, 400_000 / 300 * 8192 // at the least
	last := p.usage()
	for range 5 {
		if err := p.run(t.Context(), owner, "DROP TABLE IF EXISTS t", "CREATE TABLE t AS SELECT i FROM generate_series(1, 400000) i", "CHECKPOINT"); err != nil {
			t.Fatal(err)
		}
		now := p.usage()
		if got := now.cpu - last.cpu; got < 20*time.Millisecond {
			t.Errorf("%d rows took %v of the server's processors, want more", rows, got)
		}
		if got := now.written - last.written; got < pages || got > 8*pages {
			t.Errorf("%d rows and a checkpoint wrote %d bytes, want from %d to %d", rows, got, pages, 8*pages)
		}
		last = now
	}
	time.Sleep(100 * time.Millisecond)
	if now := p.usage(); now.cpu < last.cpu || now.written < last.written {
		t.Errorf("the server used %v and wrote %d, and later %v and %d", last.cpu, last.written, now.cpu, now.written)
	}
}
