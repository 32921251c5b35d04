package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Supervisor watches one program.
type Supervisor struct {
	watch    func(path string) bool
	decide   func(Op) Verdict
	ended    chan struct{}
	listener int
	pid      int

	mu    sync.Mutex
	count int
	err   error
}

// startWait is how many seconds the program has to start.
const startWait = 60

// NewSupervisor makes a supervisor. Each operation on a file whose path watch
// names is given to decide, one at a time and before it happens. decide must not
// wait for the program.
func NewSupervisor(watch func(path string) bool, decide func(Op) Verdict) *Supervisor {
	return &Supervisor{watch: watch, decide: decide, ended: make(chan struct{})}
}

// Command is exec.Command of a program under watch; it is to be called once,
// and the command started soon. Its extra files are the supervisor's.
func (s *Supervisor) Command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...) //nolint:noctx // as exec.Command
	if cmd.Err == nil {
		_, cmd.Err = exec.LookPath(cmd.Path) // the shim could only say so when it is too late
	}
	self, err := os.Executable()
	pair, err2 := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if cmd.Err = errors.Join(cmd.Err, err, err2); cmd.Err != nil {
		s.err = cmd.Err
		close(s.ended)
		return cmd
	}
	theirs := os.NewFile(uintptr(pair[1]), "shim")
	cmd.Args = append([]string{shimName, cmd.Path}, args...)
	cmd.Path, cmd.ExtraFiles = self, []*os.File{theirs}
	go func() {
		defer close(s.ended)
		err := errors.Join(s.receive(pair[0]), unix.Close(pair[0])) // theirs goes with cmd: Start may not be done with it
		if err == nil {
			err = s.serve()
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.err = err
	}()
	return cmd
}

// receive takes the listener off the shim, or what went wrong there.
func (s *Supervisor) receive(socket int) error {
	if err := unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: startWait}); err != nil {
		return err
	}
	text, rights := make([]byte, 1000), make([]byte, unix.CmsgSpace(4))
	n, rn, err := 0, 0, error(unix.EINTR)
	for errors.Is(err, unix.EINTR) { // with a timeout the kernel does not go on by itself
		n, rn, _, _, err = unix.Recvmsg(socket, text, rights, unix.MSG_CMSG_CLOEXEC)
	}
	if err != nil {
		return fmt.Errorf("wait for the program: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:rn])
	if err != nil || len(messages) == 0 {
		return fmt.Errorf("the shim sent no listener: %s", text[:n])
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return fmt.Errorf("the shim sent %d descriptors: %w", len(fds), err)
	}
	s.listener = fds[0]
	s.pid, err = strconv.Atoi(string(text[:n]))
	return err
}

// Ended is closed when no operation will be seen any more: the program ended.
func (s *Supervisor) Ended() <-chan struct{} { return s.ended }

// Err is what went wrong in watching, once Ended is closed.
func (s *Supervisor) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Count is how many operations were seen.
func (s *Supervisor) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// serve answers calls until nobody makes any more.
func (s *Supervisor) serve() error {
	defer func() { _ = unix.Close(s.listener) }()
	for {
		poll := []unix.PollFd{{Fd: int32(s.listener), Events: unix.POLLIN}}
		_, err := unix.Poll(poll, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err == nil && poll[0].Revents&unix.POLLIN != 0:
			err = s.serveOne()
		case err == nil:
			return nil // hung up: nobody is left under the filter
		}
		if err != nil {
			_ = unix.Kill(s.pid, unix.SIGKILL) // it would wait for an answer for ever
			if errors.Is(err, errKilled) {
				err = nil
			}
			return err
		}
	}
}
