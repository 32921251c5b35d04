package access

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Private is an error for a file with secrets in it that others may read. A
// group may, where the file is not our own and the group is how we are let in:
// so systemd and Kubernetes hand over what is root's.
func Private(path string, info fs.FileInfo) error {
	open := info.Mode().Perm() & 0o077
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
		open &^= 0o040
	}
	if open == 0 {
		return nil
	}
	return fmt.Errorf("%s is open to others (mode %04o): chmod 600 %s", path, info.Mode().Perm(), path)
}
