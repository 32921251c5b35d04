package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"

	"golang.org/x/sys/unix"
)

// Process is a program under watch.
type Process struct {
	cmd      *exec.Cmd
	listener int
	watch    func(path string) bool
	decide   func(Op) Verdict
	ended    chan struct{}

	mu    sync.Mutex
	count int
	err   error
}

// Start starts a command as cmd.Start does, under watch. Each operation on a
// file whose path watch names is given to decide, one at a time and before it
// happens. decide must not wait for the program.
func Start(cmd *exec.Cmd, watch func(path string) bool, decide func(Op) Verdict) (*Process, error) {
	if len(cmd.ExtraFiles) > 0 {
		return nil, errors.New("the shim's socket must be the only extra file")
	}
	if _, err := exec.LookPath(cmd.Path); err != nil {
		return nil, err // the shim could only say so when it is too late
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(pair[0]) }()
	theirs := os.NewFile(uintptr(pair[1]), "shim")
	self, err := os.Executable()
	if err != nil {
		return nil, errors.Join(err, theirs.Close())
	}
	cmd.Env = append(cmd.Environ(), shimVariable+"="+cmd.Path)
	cmd.Path, cmd.ExtraFiles = self, []*os.File{theirs}
	err = errors.Join(cmd.Start(), theirs.Close())
	if err != nil {
		return nil, err
	}
	listener, err := receive(pair[0])
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("watch %s: %w", cmd.Args[0], err)
	}
	p := &Process{cmd: cmd, listener: listener, watch: watch, decide: decide, ended: make(chan struct{})}
	go p.serve()
	return p, nil
}

// receive takes the listener off the shim, or what went wrong there.
func receive(socket int) (listener int, err error) {
	text, rights := make([]byte, 1000), make([]byte, unix.CmsgSpace(4))
	n, rn, _, _, err := unix.Recvmsg(socket, text, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:rn])
	if err != nil || len(messages) == 0 {
		return 0, fmt.Errorf("the shim sent no listener: %s", text[:n])
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return 0, fmt.Errorf("the shim sent %d descriptors: %w", len(fds), err)
	}
	return fds[0], nil
}

// Ended is closed when no operation will be seen any more: the program ended.
// Wait for the command first.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err is what went wrong in watching, once Ended is closed.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Count is how many operations were seen.
func (p *Process) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func (p *Process) serve() {
	defer close(p.ended)
	defer func() { _ = unix.Close(p.listener) }()
	for {
		poll := []unix.PollFd{{Fd: int32(p.listener), Events: unix.POLLIN}}
		_, err := unix.Poll(poll, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err == nil && poll[0].Revents&unix.POLLIN != 0:
			err = p.serveOne()
		case err == nil:
			return // hung up: nobody is left under the filter
		}
		if err != nil {
			_ = p.cmd.Process.Kill() // it would wait for an answer for ever
			if !errors.Is(err, errKilled) {
				p.mu.Lock()
				p.err = err
				p.mu.Unlock()
			}
			return
		}
	}
}
