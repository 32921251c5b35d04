package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// machine is what the numbers were measured on.
type machine struct {
	Cores   int           `json:"cores"`
	Go      string        `json:"go"`
	Load    string        `json:"load_average"`
	Memory  string        `json:"memory_available"`
	Fsync   time.Duration `json:"fsync_ns"`
	Started time.Time     `json:"started"`
}

func look(dir string) (machine, error) {
	fsync, err := calibrate(dir)
	return machine{Cores: runtime.NumCPU(), Go: runtime.Version(), Load: load(), Memory: available(), Fsync: fsync, Started: time.Now()}, err
}

func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}

func available() string { return field("/proc/meminfo", "MemAvailable:") }

// calibrate is the median of 200 writes of 4 KiB, each with fdatasync, where
// the data of the contenders is.
func calibrate(dir string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	page := make([]byte, 4096)
	var took []time.Duration
	for i := range 200 {
		start := time.Now()
		if _, err := f.WriteAt(page, int64(i)*4096); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil { //nolint:gosec // a descriptor
			return 0, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// used is what a process has used.
type used struct {
	cpu     time.Duration
	written int64
	peak    string // resident memory
}

func usage() used { return usageOf("self") }

func usageOf(pid string) (u used) {
	dir := filepath.Join("/proc", pid)
	if b, err := os.ReadFile(filepath.Join(dir, "stat")); err == nil {
		_, rest, _ := strings.Cut(string(b), ") ")
		if f := strings.Fields(rest); len(f) > 12 {
			user, _ := strconv.ParseInt(f[11], 10, 64)
			system, _ := strconv.ParseInt(f[12], 10, 64)
			u.cpu = time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
		}
	}
	u.written, _ = strconv.ParseInt(field(filepath.Join(dir, "io"), "write_bytes:"), 10, 64)
	u.peak = field(filepath.Join(dir, "status"), "VmHWM:")
	return u
}

// field is the rest of the line of a file in /proc that begins with a name.
func field(path, name string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strings.Join(strings.Fields(rest), " ")
		}
	}
	return ""
}

// copyFile copies a file and syncs the copy. It writes page by page, as bbolt
// does: what is written in larger pieces is cached in larger pieces, and the
// kernel then counts those, and not a page, as written each time.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, make([]byte, 4096)); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return out.Close()
}
