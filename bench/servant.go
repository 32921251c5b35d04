package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// servants are what this program can be besides a contender: a process that is
// told what to do, one order after another, so that several can take turns and
// each has its memory for itself.
var servants = map[string]func(context.Context, order) (answer, error){}

// order is what a servant is to do.
type order struct {
	Do       string // one of its own verbs
	Dir      string
	Seed     uint64
	Accounts int
	Setup    int // events
	Events   int
}

// answer is what came of it.
type answer struct {
	Cost      cost
	Filed     filed
	Setup     int   // events of the setup
	Live      int   // events after it
	Scores    int   // of those, health scores
	Dirty     int   // payees whose books wait to be settled
	Anonymous int64 // bytes now
	Peak      int64 // at most since the last answer
	FileBytes int64
	Error     string
}

// serve takes orders until there are no more.
func serve(ctx context.Context, do func(context.Context, order) (answer, error), in io.Reader, out io.Writer) error {
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		a, err := do(ctx, o)
		if err != nil {
			a.Error = err.Error()
		}
		a.Anonymous = anonymous()
		a.Peak = max(a.Peak, a.Anonymous)
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

// servant is such a process, from outside.
type servant struct {
	name    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
}

func startServant(ctx context.Context, as string) (*servant, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &servant{name: as, cmd: exec.CommandContext(ctx, self)}
	s.cmd.Env = append(os.Environ(), asVariable+"="+as)
	s.cmd.Stderr = os.Stderr
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGKILL) }
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.answers = json.NewDecoder(out)
	return s, s.cmd.Start()
}

// ask gives an order and waits for what came of it.
func (s *servant) ask(o order) (a answer, err error) {
	if err := json.NewEncoder(s.in).Encode(o); err != nil {
		return a, fmt.Errorf("%s: %w", s.name, err)
	}
	if err := s.answers.Decode(&a); err != nil {
		return a, fmt.Errorf("%s, told to %s: %w", s.name, o.Do, err)
	}
	if a.Error != "" {
		return a, fmt.Errorf("%s, told to %s: %s", s.name, o.Do, a.Error)
	}
	return a, nil
}

// stop lets the servant end.
func (s *servant) stop() error {
	return errors.Join(s.in.Close(), s.cmd.Wait())
}

// anonymous is the process's own memory, without what is of files: pages of a
// ledger are the system's, which takes them back when it needs them.
func anonymous() int64 {
	kib, _, _ := strings.Cut(field("/proc/self/status", "RssAnon:"), " ")
	n, _ := strconv.ParseInt(kib, 10, 64)
	return n << 10
}
