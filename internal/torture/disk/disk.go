// Package disk runs a program on a disk that fails: every write, sync, truncate
// and rename of the files watched is seen before it happens, recorded, and let
// through, failed, or made the moment at which the program is killed. From a
// record it rebuilds what a disk may hold after a loss of power.
//
// The program is the real one and knows nothing of it: the kernel stops its
// threads at these system calls (seccomp user notification), so it needs Linux
// 5.19 and no privileges.
package disk

import "syscall"

// Kind is what is done to a file.
type Kind int

// The kinds of operations.
const (
	Write Kind = iota
	Sync
	Truncate
	Rename
)

func (k Kind) String() string { return [...]string{"write", "sync", "truncate", "rename"}[k] }

// Op is one operation on a watched file.
type Op struct {
	Index  int // among those watched, from 0
	Kind   Kind
	Path   string
	Offset int64  // of a write
	Data   []byte // of a write
	Size   int64  // of a truncate
	To     string // of a rename
}

// Verdict is what becomes of an operation.
type Verdict struct {
	act   act
	errno syscall.Errno
}

type act int

const (
	actContinue act = iota
	actFail
	actKillBefore
	actKillAfter
)

// Continue lets an operation happen.
var Continue = Verdict{}

// KillBefore ends the program (SIGKILL) and the operation does not happen.
var KillBefore = Verdict{act: actKillBefore}

// KillAfter ends the program (SIGKILL) when the operation has happened and
// before the program hears of it.
var KillAfter = Verdict{act: actKillAfter}

// Fail answers an operation with an error; it does not happen.
func Fail(errno syscall.Errno) Verdict { return Verdict{act: actFail, errno: errno} }
