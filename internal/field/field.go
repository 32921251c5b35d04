// Package field has the names of the fields of log lines. A line's fields are
// of these and of no others, so that they can be searched for; none is for what
// is in an event, for a name, or for an amount.
package field

// The names. Those of zerolog itself are level, time, message and error.
const (
	Alarm    = "alarm"
	Bound    = "bound"
	Code     = "code"
	Consumer = "consumer"
	Cursor   = "cursor"
	Decision = "decision"
	Entries  = "entries"
	EventID  = "event_id"
	First    = "first_seq"
	From     = "from_seq"
	Inputs   = "inputs"
	Last     = "last_seq"
	Messages = "messages"
	Op       = "operation"
	Outputs  = "outputs"
	Page     = "page"
	Parked   = "parked_id"
	Part     = "part"
	Path     = "path"
	Plan     = "plan"
	Problem  = "problem"
	Recorded = "recorded_seq"
	Retry    = "retry_in"
	Rewind   = "rewind"
	Seq      = "seq"
	Stream   = "stream"
	Subject  = "subject"
	Tenant   = "tenant"
	Timers   = "timers"
	URL      = "url"
	Waiting  = "waiting"
)
