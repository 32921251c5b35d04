package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A ledger file in which bits have flipped is reported in one line, and not by
// a panic, whatever of it is damaged and whatever is asked of it.
func TestADamagedFileIsOneLine(t *testing.T) {
	whole, err := os.ReadFile(filepath.FromSlash("../../store/testdata/v4.db"))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string, args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := run(t.Context(), env{
			args: append(args, "--db", path), stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, now: time.Now,
		})
		return code, errs.String()
	}
	rng := rand.New(rand.NewPCG(1, 3))
	path := filepath.Join(t.TempDir(), "l.db")
	found := 0
	for i := range 40 {
		b := bytes.Clone(whole)
		for range i { // at first none
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"verify"}, {"statement"}, {"status"}} {
			code, stderr := ask(path, args...)
			switch {
			case i == 0 && code != exitDone:
				t.Fatalf("%v of a whole file = %d, %s", args, code, stderr)
			case code == exitDone:
				continue
			case code != exitStopped && code != exitFailed:
				t.Errorf("%v of a damaged file = %d", args, code)
			}
			found++
			if strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "goroutine") {
				t.Errorf("%v of a damaged file says %q, want one line", args, stderr)
			}
		}
	}
	if found < 60 {
		t.Errorf("%d of 117 commands told of the damage, want most", found)
	}
}
