package tenant

// Message is something that leaves: where to, under which id, and its bytes.
type Message struct {
	Subject string
	ID      string
	Body    []byte
}

// Output is a message in the out log: its number from 1, and a hash of the log
// up to it.
type Output struct {
	Message
	N    uint64
	Hash [32]byte
}
