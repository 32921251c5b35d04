package decision

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/wire"
)

// Message is a decision as an event to be published.
type Message struct {
	event.Identity
	Subject string
	Body    []byte // canonical
}

// Decided is one decision.
type Decided struct {
	event.Identity
	Time   time.Time
	By     event.By
	Target string
	Key    string // of the decision; see Action.Own
	Body   []byte // a JSON object: what else the event's data has; empty: nothing
}

// Message is a decision as an event of a tenant. It is read as the wire reads
// any: its errors are the wire's, which name the field and its value.
func (a Action) Message(tenant string, d Decided) (Message, error) {
	data, err := a.data(d)
	if err != nil {
		return Message{}, err
	}
	var event bytes.Buffer
	fmt.Fprintf(&event, `{"specversion":"1.0","id":%s,"source":%s,"type":%s,"time":%s,"data":%s}`,
		quoted(d.ID), quoted(d.Source), quoted(string(a.Type)), quoted(instant(d.Time)), data)
	subject := wire.Subject(tenant, a.Type)
	in, err := wire.Decoder{Tenant: tenant}.Decode(wire.Raw{Subject: subject, Body: event.Bytes()})
	if err != nil {
		return Message{}, report.Mistake{Text: strings.TrimPrefix(err.Error(), "data.")}
	}
	return Message{d.Identity, subject, in.Canonical}, nil
}

// data is the event's: what the action gives, then the body as it came, so that
// what is in both is found to be there twice.
func (a Action) data(d Decided) (string, error) {
	body := bytes.TrimSpace(d.Body)
	if len(body) == 0 {
		body = []byte("{}")
	}
	var has map[string]json.RawMessage
	if err := json.Unmarshal(body, &has); err != nil || has == nil {
		return "", report.Mistake{Text: "the body is not an object in JSON"}
	}
	fields := []string{field("by", d.By.By), field("by_role", d.By.ByRole)}
	if a.Target != "" {
		fields = append(fields, field(a.Target, d.Target))
	}
	if _, named := has[a.Own]; a.Own != "" && !named {
		fields = append(fields, field(a.Own, d.Key))
	}
	if _, told := has[a.At]; a.At != "" && !told {
		fields = append(fields, field(a.At, instant(d.Time)))
	}
	if inner := bytes.TrimSpace(body[1 : len(body)-1]); len(inner) > 0 {
		fields = append(fields, string(inner))
	}
	return "{" + strings.Join(fields, ",") + "}", nil
}

func field(name, value string) string { return quoted(name) + ":" + quoted(value) }

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// quoted is a string in JSON. What is no text stays none, for the wire to see.
func quoted(s string) string {
	if !utf8.ValidString(s) {
		return `"` + strconv.Quote(s) + `\u0000"`
	}
	b, _ := json.Marshal(s) // a string always can be
	return string(b)
}
