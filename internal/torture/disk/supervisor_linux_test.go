package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// victimVariable names the file that the program under watch is to write.
const victimVariable = "TRUEUP_DISK_VICTIM"

func TestMain(m *testing.M) {
	Shim()
	if path := os.Getenv(victimVariable); path != "" {
		if err := victim(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	victimThreads = 8
	victimWrites  = 50
	victimPage    = 700
)

// victim does everything to a file that is watched for, and as much to another
// at the same time, which is not.
func victim(path string) error {
	var writers sync.WaitGroup
	errs := make(chan error, 2*victimThreads)
	for n := range victimThreads {
		for _, p := range []string{path + ".new", path + ".other"} {
			writers.Go(func() { errs <- victimWriter(p, n) })
		}
	}
	writers.Wait()
	for range 2 * victimThreads {
		if err := <-errs; err != nil {
			return err
		}
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(1), f.Sync()) // the first fails: it is open for reading
}

func victimWriter(path string, n int) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for i := range victimWrites {
		page := bytes.Repeat([]byte{byte(n*victimWrites + i)}, victimPage)
		if _, err := f.WriteAt(page, int64(n*victimWrites+i)*victimPage); err != nil {
			return err
		}
	}
	return f.Sync()
}

// watchVictim runs the victim and gives the path, what was done to it, and how it ended.
func watchVictim(t *testing.T, decide func(Op) Verdict) (path string, ops []Op, err error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	s := NewSupervisor(func(p string) bool { return p == path || p == path+".new" }, func(op Op) Verdict {
		ops = append(ops, op)
		return decide(op)
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := s.Command(self)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Env = append(os.Environ(), victimVariable+"="+path)
	err = cmd.Run()
	<-s.Ended()
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	if s.Count() != len(ops) {
		t.Errorf("%d operations were counted, %d asked about", s.Count(), len(ops))
	}
	if text := stderr.String(); err != nil && text != "" {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(text))
	}
	return path, ops, err
}

// Every operation of every thread is seen once, with its bytes, and happens.
func TestEveryOperationIsSeen(t *testing.T) {
	path, ops, err := watchVictim(t, func(Op) Verdict { return Continue })
	if err == nil || !strings.Contains(err.Error(), "truncate") {
		t.Errorf("the program ended with %v, want its truncate of a file open for reading refused", err)
	}
	size := victimThreads * victimWrites * victimPage
	seen, count := make([]byte, size), map[Kind]int{}
	for i, op := range ops {
		if count[op.Kind]++; op.Index != i {
			t.Errorf("operation %d has index %d", i, op.Index)
		}
		if op.Kind == Write {
			copy(seen[op.Offset:], op.Data)
		}
	}
	if want := map[Kind]int{Write: victimThreads * victimWrites, Sync: victimThreads + 1, Rename: 1, Truncate: 1}; fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("%v operations were seen, want %v", count, want)
	}
	if last := ops[len(ops)-2]; last.Kind != Truncate || last.Size != 1 || last.Path != path {
		t.Errorf("the operation before the last is a %s of %s to %d, want the truncate", last.Kind, last.Path, last.Size)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, seen) {
		t.Errorf("the file is not what was seen to be written (%d bytes, %v)", len(got), err)
	}
}

// Whatever operation it is, it can be failed, or be the program's last.
func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		name    string
		at      func(Op) bool
		verdict Verdict
		want    string // of the error
		moved   bool   // the file has its name in the end
	}{
		{"a write fails", func(op Op) bool { return op.Kind == Write && op.Offset == 0 }, Fail(syscall.EIO), "input/output error", false},
		{"a disk is full", func(op Op) bool { return op.Kind == Write && op.Offset == 0 }, Fail(syscall.ENOSPC), "no space left", false},
		{"a sync fails", func(op Op) bool { return op.Kind == Sync }, Fail(syscall.EIO), "input/output error", false},
		{"a rename fails", func(op Op) bool { return op.Kind == Rename }, Fail(syscall.EIO), "input/output error", false},
		{"killed before the rename", func(op Op) bool { return op.Kind == Rename }, KillBefore, "killed", false},
		{"killed after the rename", func(op Op) bool { return op.Kind == Rename }, KillAfter, "killed", true},
		{"killed before a sync", func(op Op) bool { return op.Kind == Sync }, KillBefore, "killed", false},
		{"killed after a sync", func(op Op) bool { return op.Kind == Sync }, KillAfter, "killed", false},
		{"killed after a write", func(op Op) bool { return op.Kind == Write }, KillAfter, "killed", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			done := false
			path, ops, err := watchVictim(t, func(op Op) Verdict {
				if done || !tt.at(op) {
					return Continue
				}
				done = true
				return tt.verdict
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the program ended with %v after %d operations, want %q", err, len(ops), tt.want)
			}
			if _, err := os.Stat(path); (err == nil) != tt.moved {
				t.Errorf("the renamed file: %v, want it there: %t", err, tt.moved)
			}
			if last := ops[len(ops)-1]; tt.want == "killed" && (!tt.at(last) || last.Kind == Write && !written(path+".new", last)) {
				t.Errorf("the last operation seen is a %s, and the file is not as it leaves it", last.Kind)
			}
		})
	}
}

// written reports whether a file has what an operation wrote.
func written(path string, op Op) bool {
	b, err := os.ReadFile(path)
	return err == nil && int64(len(b)) >= op.Offset+int64(len(op.Data)) && bytes.Equal(b[op.Offset:][:len(op.Data)], op.Data)
}

// A program that cannot be started says so.
func TestCommandRefused(t *testing.T) {
	s := NewSupervisor(func(string) bool { return true }, func(Op) Verdict { return Continue })
	err := s.Command(filepath.Join(t.TempDir(), "nothing")).Run()
	if <-s.Ended(); !errors.Is(err, os.ErrNotExist) || !errors.Is(s.Err(), os.ErrNotExist) {
		t.Errorf("a program that does not exist ended with %v (%v)", err, s.Err())
	}
}
