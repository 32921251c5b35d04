package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/event"
)

// Out is one outgoing CloudEvent.
type Out struct {
	Type string // payout.adjustment.issued.v1
	ID   string // deterministic; equal on replay
	Time time.Time
	Data any // the struct that the contract has for Type, not a pointer to it
}

// OutTypes are all types that EncodeOut takes, sorted.
func OutTypes() []string { return slices.Sorted(maps.Keys(outbound)) }

// EncodeOut is an outgoing event in structured mode, and where it travels.
// With an empty source it comes from trueup/<tenant>. An error is a bug in
// this repository: another struct than the type's, or an envelope that is not
// whole.
func EncodeOut(tenant, source string, o Out) (subject string, body []byte, err error) {
	want := outbound[o.Type]
	switch given := reflect.TypeOf(o.Data); {
	case want == nil:
		return "", nil, fmt.Errorf("encode %s: the type is not in the contract", show(o.Type))
	case given != want:
		return "", nil, fmt.Errorf("encode %s: the data is a %v, not a %v", o.Type, given, want)
	}
	if a, ok := o.Data.(AdjustmentIssued); ok && a.CausedBy == nil {
		a.CausedBy = []Cause{}
		o.Data = a
	}
	if source == "" {
		source = "trueup/" + tenant
	}
	head := event.Header{Identity: event.Identity{Source: source, ID: o.ID}, Time: o.Time}
	if err := checkHeader(head); err != nil {
		return "", nil, fmt.Errorf("encode %s: %w", o.Type, err)
	}
	b := append(make([]byte, 0, 1024), `{"specversion":"1.0","id":`...)
	b = appendQuoted(b, o.ID)
	b = appendQuoted(append(b, `,"source":`...), source)
	b = appendQuoted(append(b, `,"type":`...), o.Type)
	b = appendInstant(append(b, `,"time":`...), o.Time)
	buffer := bytes.NewBuffer(append(b, `,"datacontenttype":"application/json","data":`...))
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(o.Data); err != nil {
		return "", nil, fmt.Errorf("encode %s %s: %w", o.Type, show(o.ID), err)
	}
	buffer.Truncate(buffer.Len() - 1) // Encode ends with a new line
	buffer.WriteByte('}')
	return Subject(tenant, event.Type(o.Type)), buffer.Bytes(), nil
}

// DataOf is the struct of the data of a type that goes out; nil for any other.
func DataOf(outType string) reflect.Type { return outbound[outType] }
