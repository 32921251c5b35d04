package access_test

import (
	"io/fs"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/access"
)

// stat is what the system says of a file, whoever owns it.
type stat struct {
	mode fs.FileMode
	uid  int
}

func (s stat) Name() string       { return "tokens" }
func (s stat) Size() int64        { return 0 }
func (s stat) Mode() fs.FileMode  { return s.mode }
func (s stat) ModTime() time.Time { return time.Time{} }
func (s stat) IsDir() bool        { return false }
func (s stat) Sys() any           { return &syscall.Stat_t{Uid: uint32(s.uid)} }

func TestPrivate(t *testing.T) {
	me := os.Geteuid()
	for _, tt := range []struct {
		stat
		private bool
	}{
		{stat{0o600, me}, true},
		{stat{0o400, me}, true},
		{stat{0o640, me}, false},     // its owner can close it
		{stat{0o440, me + 1}, true},  // a secret of Kubernetes, read through fsGroup; a credential of systemd
		{stat{0o460, me + 1}, false}, // a group that may write it
		{stat{0o444, me + 1}, false},
		{stat{0o604, me}, false},
		{stat{0o602, me + 1}, false},
	} {
		if err := access.Private("tokens", tt.stat); (err == nil) != tt.private {
			t.Errorf("Private(mode %04o, owner %d of %d) = %v, want private %v", tt.mode, tt.uid, me, err, tt.private)
		}
	}
}
