package disk

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	shimName   = "trueup-disk-shim" // the first argument of the second life; then the program and its arguments
	shimSocket = 3                  // where the listener is sent, the first of exec.Cmd.ExtraFiles
)

// Shim must be called first of all by the program that uses a Supervisor, which
// starts itself again: in that second life Shim installs the filter, hands over
// the listener and becomes the program to be watched. In the first it returns.
func Shim() {
	if len(os.Args) < 2 || os.Args[0] != shimName {
		return
	}
	runtime.LockOSThread() // the filter is the thread's, and what it becomes keeps it
	err := become(os.Args[1], os.Args[1:])
	_ = unix.Sendto(shimSocket, []byte(err.Error()), 0, nil)
	panic(err)
}

func become(program string, args []string) error {
	unix.CloseOnExec(shimSocket)
	listener, err := install()
	if err != nil {
		return err
	}
	if err := unix.Sendmsg(shimSocket, []byte(strconv.Itoa(os.Getpid())), unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("hand over the listener: %w", err)
	}
	return fmt.Errorf("exec %s: %w", program, syscall.Exec(program, args, os.Environ()))
}

// watched are the system calls that change a file or make a change last. Those
// that write at a file's own position are not: nothing writes a ledger so, a
// whole image rebuilt from the record proves it, and sockets use them.
var watched = []uint32{
	unix.SYS_PWRITE64, unix.SYS_PWRITEV, unix.SYS_PWRITEV2, unix.SYS_FTRUNCATE, unix.SYS_FALLOCATE,
	unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_SYNC_FILE_RANGE, unix.SYS_MSYNC,
	unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2,
}

// The offsets in struct seccomp_data.
const (
	dataNr   = 0
	dataArch = 4
)

func arch() (uint32, error) {
	switch runtime.GOARCH {
	case "amd64":
		return unix.AUDIT_ARCH_X86_64, nil
	case "arm64":
		return unix.AUDIT_ARCH_AARCH64, nil
	}
	return 0, errors.New("system calls are not watched on " + runtime.GOARCH)
}

// filter asks about the calls watched, and allows every other.
func filter(own uint32) []unix.SockFilter {
	n := uint8(len(watched))
	f := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: dataArch},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: own, Jt: 0, Jf: n + 1}, // to allow
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: dataNr},
	}
	for i, nr := range watched {
		f = append(f, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jt: n - uint8(i)})
	}
	return append(f,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
}

// install puts the filter on this thread and gives its listener. A thread whose
// call was taken up waits for the answer through every signal but a deadly one:
// Go's own signals would otherwise have the call made, and recorded, again.
func install() (listener int, err error) {
	own, err := arch()
	if err != nil {
		return 0, err
	}
	f := filter(own)
	program := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("no new privileges: %w", err)
	}
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(f)
	if errno != 0 {
		return 0, fmt.Errorf("install the filter: %w", errno)
	}
	return int(fd), nil
}
