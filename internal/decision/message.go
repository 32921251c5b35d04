package decision

import (
	"bytes"
	"encoding/json"
	"fmt"
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

	event event.Event // what the body says
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
	var told bytes.Buffer
	fmt.Fprintf(&told, `{"specversion":"1.0","id":%s,"source":%s,"type":%s,"time":%s,"data":%s}`,
		quoted(d.ID), quoted(d.Source), quoted(string(a.Type)), quoted(instant(d.Time)), data)
	subject := wire.Subject(tenant, a.Type)
	in, err := wire.Decoder{Tenant: tenant}.Decode(wire.Raw{Subject: subject, Body: told.Bytes()})
	if err != nil {
		return Message{}, report.Mistake{Text: strings.TrimPrefix(err.Error(), "data.")}
	}
	return Message{d.Identity, subject, in.Canonical, in.Event}, nil
}

// data is the event's: what the action gives, then the body as it came, so that
// what is in both is found to be there twice.
func (a Action) data(d Decided) (string, error) {
	body := bytes.TrimSpace(d.Body)
	if len(body) == 0 {
		body = []byte("{}")
	}
	var has map[string]json.RawMessage
	err := json.Unmarshal(body, &has)
	if err != nil || has == nil {
		return "", report.Mistake{Text: "the body is not an object in JSON"}
	}
	var fields []string
	give := func(name, value string) {
		if !utf8.ValidString(value) && err == nil {
			err = report.Mistake{Text: fmt.Sprintf("%s %q is not valid UTF-8", name, value)}
		}
		fields = append(fields, quoted(name)+":"+quoted(value))
	}
	give("by", d.By.By)
	give("by_role", d.By.ByRole)
	if a.Target != "" {
		give(a.Target, d.Target)
	}
	if _, named := has[a.Own]; a.Own != "" && !named {
		give(a.Own, d.Key)
	}
	if _, told := has[a.At]; a.At != "" && !told {
		give(a.At, instant(d.Time))
	}
	if inner := bytes.TrimSpace(body[1 : len(body)-1]); len(inner) > 0 {
		fields = append(fields, string(inner))
	}
	return "{" + strings.Join(fields, ",") + "}", err
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// quoted is a string in JSON.
func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always can be
	return string(b)
}
