// Package wire turns CloudEvents into the domain's events and back, and writes
// what goes out. It is strict: what it does not know, it refuses by name.
//
// Each type's fields are described once, by a function over a form; that one
// description reads, checks and writes (form.go).
package wire

import (
	"crypto/sha256"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
)

// Raw is a message as the broker gave it.
type Raw struct {
	Subject string // empty: not from a broker
	Header  map[string][]string
	Body    []byte
}

// Input is a decoded event.
type Input struct {
	Event    event.Event
	Recorded time.Time // the extension recordedtime; zero where absent
	// Canonical is the event in structured mode: type, time, source, id and
	// data in a fixed order and spelling, without extensions. The ledger
	// stores it; DecodeCanonical reads it back to an equal event.
	Canonical []byte
	// Sum is the first half of SHA-256 over type, time and data as Canonical
	// has them: equal for equal content, however it was spelled.
	Sum [16]byte
}

// Limits bound what is looked at.
type Limits struct {
	MaxBody int // bytes; 0 is DefaultMaxBody
}

// DefaultMaxBody holds any event; plan documents are the largest.
const DefaultMaxBody = 256 << 10

// Decoder decodes the messages of one tenant, or of any where Tenant is empty.
// It may be used by many goroutines at once.
type Decoder struct {
	Tenant string
	Limits Limits
}

// Decode reads a message in structured or binary mode. Its errors are
// domain.Invalid, one sentence for people, and have a Reason.
func (d Decoder) Decode(raw Raw) (Input, error) {
	f := newForm()
	defer f.free()
	limit := d.Limits.MaxBody
	if limit == 0 {
		limit = DefaultMaxBody
	}
	if len(raw.Body) > limit {
		return Input{}, faultf(TooLarge, "the body has %d bytes; %d are allowed", len(raw.Body), limit)
	}
	return d.decode(f, raw)
}

// DecodeLine reads one line of a file of events, in structured mode. The
// tenant may be empty.
func DecodeLine(line []byte, tenant string) (Input, error) {
	return Decoder{Tenant: tenant}.Decode(Raw{Body: line})
}

// DecodeCanonical reads what the ledger stored. Its errors are domain.Corrupt.
func DecodeCanonical(b []byte) (event.Event, error) {
	f := newForm()
	defer f.free()
	in, err := Decoder{}.decode(f, Raw{Body: b})
	if err != nil {
		return nil, domain.Errorf(domain.Corrupt, "stored event: %w", err)
	}
	return in.Event, nil
}

func (d Decoder) decode(f *form, raw Raw) (Input, error) {
	var env envelope
	if err := env.open(f, raw); err != nil {
		return Input{}, err
	}
	kind, err := env.check(d.Tenant, raw.Subject)
	if err != nil {
		return Input{}, err
	}
	in := Input{}
	if f.head, in.Recorded, err = env.header(f, kind); err != nil {
		return Input{}, err
	}
	if err := f.data(env.data, kind); err != nil {
		return Input{}, err
	}
	at := f.begin()
	in.Event = kind.read(f)
	f.done()
	if f.err != nil {
		return Input{}, f.err
	}
	in.Canonical, in.Sum = f.end(at)
	return in, nil
}

// data puts the form before the event's data.
func (f *form) data(node int32, kind *entry) error {
	f.reading, f.at = true, node
	if node == none || f.doc.nodes[node].kind == isNull {
		if kind.name != Tick {
			return faultf(MissingField, "data is missing: %s needs it", kind.name)
		}
		f.reading = false
		return nil
	}
	if k := f.doc.nodes[node].kind; k != isObject {
		return faultf(BadValue, "data must be an object, not %v", k)
	}
	return nil
}

// Encode is the canonical form of an event, in structured mode. Ratios must be
// in lowest terms for the event to be read back equal. It refuses what Decode
// would refuse.
func Encode(e event.Event) ([]byte, error) {
	f := newForm()
	defer f.free()
	f.head = e.Head()
	kind := byType[string(f.head.Type)]
	if kind == nil {
		return nil, faultf(UnknownType, "type %s is not known", show(f.head.Type))
	}
	if err := checkHeader(f.head); err != nil {
		return nil, err
	}
	at := f.begin()
	if !kind.write(f, e) {
		return nil, faultf(UnknownType, "type %s is not that of a %T", kind.name, e)
	}
	if f.err != nil {
		return nil, f.err
	}
	canonical, _ := f.end(at)
	return canonical, nil
}

// parts are the ends of the parts of a canonical event.
type parts struct{ when, data int }

const (
	opening = `{"specversion":"1.0",`
	middle  = `,"data":{`
)

// begin writes the envelope.
func (f *form) begin() (p parts) {
	b := append(f.out[:0], opening...)
	b = appendQuoted(append(b, `"type":`...), string(f.head.Type))
	b = appendInstant(append(b, `,"time":`...), f.head.Time)
	p.when = len(b)
	b = appendQuoted(append(b, `,"source":`...), f.head.Source)
	b = appendQuoted(append(b, `,"id":`...), f.head.ID)
	p.data = len(b)
	f.out = append(b, middle...)
	return p
}

// end closes the event and gives a copy of it and its sum.
func (f *form) end(p parts) (canonical []byte, sum [16]byte) {
	f.out = append(f.out, '}')
	size := len(f.out)
	canonical = make([]byte, size+1)
	canonical[copy(canonical, f.out)] = '}'
	f.out = append(f.out, f.out[len(opening):p.when]...)
	f.out = append(f.out, f.out[p.data:size]...)
	full := sha256.Sum256(f.out[size:])
	return canonical, [16]byte(full[:16])
}
