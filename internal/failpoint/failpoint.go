// Package failpoint marks the places at which the tests kill the worker. A
// program built without the tag "failpoint" has nothing of it.
//
// The places are named for what has just happened or is about to:
//
//	fetched        a message was given out by the subscriber, nothing is decoded
//	before-commit  a batch is about to be recorded
//	committed      a batch is in the file, nothing of it is acknowledged
//	acked          an acknowledgement was sent
//	relay-before   outputs are about to be published
//	relay-between  outputs are published one by one, their cursor is not
//	relay-after    outputs are published, the relay does not know yet
//	tick-due       a tick is about to be published
//	ticked         a tick is published
package failpoint

// Points are all the places, by name.
var Points = []string{"fetched", "before-commit", "committed", "acked", "relay-before", "relay-between", "relay-after", "tick-due", "ticked"}

// Variable is the environment variable that says where to kill: a point and
// which time it is passed, counted from 1, as in "committed:3".
const Variable = "TRUEUP_FAILPOINT"
