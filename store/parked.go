package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/event"
)

// What can become of a parked input.
const (
	StateParked    = "parked"
	StateApplied   = "applied"   // a retry took it
	StateDiscarded = "discarded" // given up, with a reason
)

// Parked is an input that could not be applied, with its bytes and why.
type Parked struct {
	ID      string
	Subject string
	Header  map[string][]string
	Body    []byte
	Event   event.Identity // as far as it could be read
	Code    string
	Reason  string
	At      time.Time // arrival instant
	Tries   int       // how often it was applied in vain
	State   string
	By      string // who retried or discarded it last
	Note    string // their reason
}

// parkedForm is its stored form.
type parkedForm struct {
	Subject string              `json:"subject"`
	Header  map[string][]string `json:"header,omitempty"`
	Body    []byte              `json:"body"`
	Source  string              `json:"source,omitempty"`
	EventID string              `json:"event_id,omitempty"`
	Code    string              `json:"code"`
	Reason  string              `json:"reason"`
	At      int64               `json:"at"`
	Tries   int                 `json:"tries"`
	State   string              `json:"state"`
	By      string              `json:"by,omitempty"`
	Note    string              `json:"note,omitempty"`
}

// ParkedID names an input by its content, so that the same bytes delivered
// again are parked once.
func ParkedID(subject string, header map[string][]string, body []byte) string {
	h := sha256.New()
	h.Write(key(subject))
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		h.Write(key(name))
		for _, v := range header[name] {
			h.Write(key(v))
		}
	}
	h.Write(body)
	return "p-" + hex.EncodeToString(h.Sum(nil)[:8])
}

func parkedFormOf(p Parked) parkedForm {
	return parkedForm{
		p.Subject, p.Header, p.Body, p.Event.Source, p.Event.ID, p.Code, p.Reason, p.At.UnixNano(), p.Tries, p.State, p.By, p.Note,
	}
}

func putParked(tx *bbolt.Tx, p Parked) error {
	form, err := encode(parkedFormOf(p))
	if err != nil {
		return err
	}
	return in(tx, bParked).put([]byte(p.ID), form)
}

func getParked(tx *bbolt.Tx, id string) (Parked, bool, error) {
	v, err := in(tx, bParked).get([]byte(id))
	if v == nil {
		return Parked{}, false, err
	}
	p, err := decodeParked([]byte(id), v)
	return p, err == nil, err
}

func decodeParked(k, v []byte) (Parked, error) {
	var f parkedForm
	if err := decode(v, &f); err != nil {
		return Parked{}, err
	}
	return Parked{
		ID: string(k), Subject: f.Subject, Header: f.Header, Body: f.Body, Event: event.Identity{Source: f.Source, ID: f.EventID},
		Code: f.Code, Reason: f.Reason, At: time.Unix(0, f.At).UTC(), Tries: f.Tries, State: f.State, By: f.By, Note: f.Note,
	}, nil
}

// Parked lists what is in a state (all where it is empty), in order of arrival.
func (v *View) Parked(state string) ([]Parked, error) {
	var out []Parked
	err := v.prefixed(bParked, nil, func(k, b []byte) error {
		p, err := decodeParked(k, b)
		if err == nil && (state == "" || p.State == state) {
			out = append(out, p)
		}
		return err
	})
	slices.SortFunc(out, func(a, b Parked) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return out, err
}

// ParkedByID is one parked input, whatever its state.
func (v *View) ParkedByID(id string) (Parked, bool, error) { return getParked(v.tx, id) }
