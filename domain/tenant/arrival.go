package tenant

import (
	"time"

	"github.com/trueup/trueup/domain/event"
)

// Position is where the input stands: the stream (by its creation instant),
// the sequence of the last message recorded, and that message's timestamp.
type Position struct {
	Created time.Time
	Seq     uint64
	Time    time.Time
}

// Arrival is one message of the input stream: decoded, or with the reason why
// it could not be.
type Arrival struct {
	Position Position
	Arrived  time.Time // the arrival instant
	Subject  string
	Header   map[string][]string
	Body     []byte
	Input    Input          // where Code is empty; its Arrived is set by Record
	Event    event.Identity // as far as it could be read
	Code     string         // why it could not be decoded, for programs
	Reason   string         // and for people
}

// Fate is what became of an arrival.
type Fate uint8

// The fates.
const (
	Applied Fate = iota
	Duplicate
	Rejected
)

func (f Fate) String() string { return [...]string{"applied", "duplicate", "rejected"}[f] }

// Recorded is what a batch came to.
type Recorded struct {
	Fates   []Fate // one per arrival
	Parked  []ParkedInput
	Entries int // posted
	Timers  int // that fired
}

// ParkedInput names an input that was parked, and why.
type ParkedInput struct{ ID, Code string }
