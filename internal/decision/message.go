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
	has, err := object(d.Body)
	if err != nil {
		return "", err
	}
	body := bytes.TrimSpace(d.Body)
	var fields []string
	give := func(name, value string) {
		if !utf8.ValidString(value) && err == nil {
			err = report.Mistake{Text: fmt.Sprintf("%s %q is not valid UTF-8", name, value)}
		}
		fields = append(fields, quoted(name)+":"+quoted(value))
	}
	if strings.HasPrefix(string(a.Type), "admin.") {
		give("by", d.By.By)
		give("by_role", d.By.ByRole)
	}
	if a.Target != "" {
		give(a.Target, d.Target)
	}
	if _, named := has[a.Own]; a.Own != "" && !named {
		give(a.Own, d.Key)
	}
	if _, told := has[a.At]; a.At != "" && !told {
		give(a.At, instant(d.Time))
	}
	if len(has) > 0 {
		fields = append(fields, string(bytes.TrimSpace(body[1:len(body)-1])))
	}
	return "{" + strings.Join(fields, ",") + "}", err
}

// object is the fields of a body, none of one that is empty.
func object(body []byte) (has map[string]json.RawMessage, err error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]json.RawMessage{}, nil
	}
	if err := json.Unmarshal(body, &has); err != nil || has == nil {
		return nil, report.Mistake{Text: "the body is not an object in JSON"}
	}
	return has, nil
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// quoted is a string in JSON.
func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always can be
	return string(b)
}
