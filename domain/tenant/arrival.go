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
	Trace    any            // of whoever watches its way; nil: nobody does
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
	// Outputs is how many messages were added to the out log, and LastOutput the
	// number of the newest of them, 0 where there are none.
	Outputs    int
	LastOutput uint64
	Traced     []Traced // what came of arrivals that have a Trace
	// Fired is what came of timers, with the Trace of the arrival they fired
	// before, which may be nil.
	Fired  []Traced
	AtHand AtHand // of accounts, after the batch
}

// Traced are the outputs after number From up to To that an arrival with a Trace
// caused, or that timers did which fired before it.
type Traced struct {
	Trace    any
	From, To uint64
}

// AtHand is what an engine keeps of accounts, so as not to read them again.
type AtHand struct {
	Accounts int    // that are at hand
	Weight   int    // of these: their facts, and eight for each account
	Limit    int    // of the weight
	Hits     uint64 // questions for an account that was at hand, since the engine was made
	Misses   uint64 // and for one that had to be read
}

// ParkedInput names an input that was parked, and why.
type ParkedInput struct{ ID, Code string }
