package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification is struct seccomp_notif with its struct seccomp_data.
type notification struct {
	id    uint64
	pid   uint32 // a thread's
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	val   int64
	errno int32
	flags uint32
}

// errKilled asks for the program's death: no other call of it is answered.
var errKilled = errors.New("to be killed here")

// errGone says that the thread asked about was killed.
var errGone = errors.New("the thread is gone")

func (s *Supervisor) ioctl(request uintptr, argument unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s.listener), request, uintptr(argument))
		switch {
		case errno == 0:
			return nil
		case errno == unix.ENOENT:
			return errGone
		case errno != unix.EINTR:
			return errno
		}
	}
}

// serveOne takes up one call and answers it.
func (s *Supervisor) serveOne() error {
	var n notification
	err := s.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n))
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("take up a call: %w", err)
	}
	verdict := Continue
	op, err := s.read(&n)
	// The thread may have died and another have its number: only now is what
	// was read known to be of the call.
	if gone := s.ioctl(unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&n.id)); errors.Is(gone, errGone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read call %d: %w", n.nr, err)
	}
	if op != nil {
		s.mu.Lock()
		op.Index = s.count
		s.count++
		s.mu.Unlock()
		verdict = s.decide(*op)
	}
	return s.answer(&n, op, verdict)
}

func (s *Supervisor) answer(n *notification, op *Op, v Verdict) error {
	r := response{id: n.id}
	switch v.act {
	case actContinue:
		r.flags = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
	case actFail:
		r.errno = -int32(v.errno)
	case actKillAfter, actKillBefore:
		if v.act == actKillAfter {
			if err := n.do(op); err != nil {
				return fmt.Errorf("%s %s in the program's place: %w", op.Kind, op.Path, err)
			}
		}
		return errKilled
	}
	if err := s.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r)); err != nil && !errors.Is(err, errGone) {
		return fmt.Errorf("answer a call: %w", err)
	}
	return nil
}

// read makes an operation of a call; nil where its file is not watched.
func (s *Supervisor) read(n *notification) (*Op, error) {
	op := &Op{}
	var err error
	switch n.nr {
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		op.Kind = Rename
		if op.Path, err = n.name(n.args[0], n.args[1]); err == nil {
			op.To, err = n.name(n.args[2], n.args[3])
		}
		if err != nil || !s.watch(op.Path) && !s.watch(op.To) {
			return nil, err
		}
		return op, nil
	case unix.SYS_MSYNC: // of memory, which has no descriptor; nothing here maps a file to write
		return nil, nil
	}
	if op.Path, err = os.Readlink(n.file()); err != nil {
		return nil, nil //nolint:nilerr // a bad descriptor: the call will fail
	}
	if !s.watch(op.Path) {
		return nil, nil
	}
	switch n.nr {
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		op.Kind = Sync
	case unix.SYS_FTRUNCATE:
		op.Kind, op.Size = Truncate, int64(n.args[1])
	case unix.SYS_PWRITE64:
		op.Kind, op.Offset = Write, int64(n.args[3])
		op.Data, err = n.memory(n.args[1], int(n.args[2]))
	default:
		return nil, fmt.Errorf("nothing is known of this call, which is made on %s", op.Path)
	}
	return op, err
}

// file names the file of the descriptor that is the first argument.
func (n *notification) file() string {
	return fmt.Sprintf("/proc/%d/fd/%d", n.pid, int32(n.args[0]))
}

// memory reads the program's.
func (n *notification) memory(at uint64, size int) ([]byte, error) {
	b := make([]byte, size)
	if size == 0 {
		return b, nil
	}
	local := []unix.Iovec{{Base: &b[0]}}
	local[0].SetLen(size)
	got, err := unix.ProcessVMReadv(int(n.pid), local, []unix.RemoteIovec{{Base: uintptr(at), Len: size}}, 0)
	if err != nil {
		return nil, fmt.Errorf("memory of %d: %w", n.pid, err)
	}
	if got != size {
		return nil, fmt.Errorf("memory of %d: %d of %d bytes", n.pid, got, size)
	}
	return b, nil
}

// name reads a path, which may be relative to a folder's descriptor.
func (n *notification) name(folder, at uint64) (string, error) {
	var text []byte
	const page = 4096
	for len(text) < page {
		piece, err := n.memory(at, int(page-at%page)) // never past a page: the next may not be there
		if err != nil {
			return "", err
		}
		end := bytes.IndexByte(piece, 0)
		if end >= 0 {
			text = append(text, piece[:end]...)
			break
		}
		text = append(text, piece...)
		at += uint64(len(piece))
	}
	path := string(text)
	if filepath.IsAbs(path) {
		return path, nil
	}
	base := "/proc/" + strconv.Itoa(int(n.pid)) + "/cwd"
	if int32(folder) != unix.AT_FDCWD {
		base = fmt.Sprintf("/proc/%d/fd/%d", n.pid, int32(folder))
	}
	base, err := os.Readlink(base)
	return filepath.Join(base, strings.TrimPrefix(path, "./")), err
}

// do does an operation in the program's place, through its own descriptor.
func (n *notification) do(op *Op) (err error) {
	if op.Kind == Rename {
		return os.Rename(op.Path, op.To)
	}
	mode := os.O_RDWR
	if op.Kind == Sync {
		mode = os.O_RDONLY // a folder is synced too
	}
	f, err := os.OpenFile(n.file(), mode, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	switch op.Kind {
	case Write:
		_, err = f.WriteAt(op.Data, op.Offset)
	case Truncate:
		err = f.Truncate(op.Size)
	case Sync:
		err = f.Sync()
	case Rename:
	}
	return err
}
