//go:build linux || darwin

package main

import "golang.org/x/sys/unix"

// disk measures the disk that a folder is on: its size, and what of it is free
// for the worker. Both are 0 where they are not known.
func disk(folder string) (size, free uint64) {
	var st unix.Statfs_t
	if err := unix.Statfs(folder, &st); err != nil {
		return 0, 0
	}
	block := uint64(st.Bsize) //nolint:gosec // above zero
	return st.Blocks * block, st.Bavail * block
}
