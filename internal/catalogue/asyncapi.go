package main

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/trueup/trueup/internal/wire"
)

const asyncAbout = `A worker that turns CRM and billing events into what customer-success managers are paid, and publishes payout adjustments and SLA breaches.
Subjects are channels; the worker receives from the stream TRUEUP_IN and sends to TRUEUP_OUT (both names can be configured), JetStream on NATS 2.14 or newer.
Payloads are CloudEvents 1.0 in structured mode; binary mode is taken as well. docs/events.md is the same for people, docs/openapi.json what is asked and answered.`

// AsyncAPI is the AsyncAPI document: a channel for each subject, an operation of
// the worker for each channel. Payloads refer to events.schema.json beside it.
func AsyncAPI(root string) ([]byte, error) {
	c, err := newCatalogue(root)
	if err != nil {
		return nil, err
	}
	channels, operations, messages := ordered{}, ordered{}, ordered{}
	for i := range c.events {
		e := &c.events[i]
		channels = append(channels, pair{e.name, e.channel()})
		operations = append(operations, pair{e.operation(), e.operates()})
		messages = append(messages, pair{e.name, e.message()})
	}
	document := ordered{
		{"asyncapi", "3.0.0"},
		{"info", ordered{{"title", "trueup"}, {"version", "1"}, {"description", asyncAbout}}},
		{"defaultContentType", contentType},
		{"servers", ordered{{"embedded", ordered{
			{"host", "127.0.0.1:4222"},
			{"protocol", "nats"},
			{"description", "The broker that trueup run starts when it is given no other (--nats)."},
		}}}},
		{"channels", channels},
		{"operations", operations},
		{"components", ordered{
			{"parameters", ordered{{"tenant", ordered{
				{"description", "Whose events they are: the worker's --tenant."}, {"default", "default"}, {"examples", []string{"default", "acme"}},
			}}}},
			{"schemas", ordered{
				{"headersIn", headers("Any id of the message. JetStream drops another message with the same id for two minutes; beyond that the event's source and id decide, for ever.")},
				{"headersOut", headers("The event's id, equal on replay.", "Nats-Msg-Id")},
			}},
			{"messages", messages},
		}},
	}
	var b bytes.Buffer
	b.WriteString("# Written by internal/catalogue: run make generate.\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(document); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

const contentType = "application/cloudevents+json"

// headers are those of a message.
func headers(id string, required ...string) ordered {
	o := ordered{
		{"type", "object"},
		{"properties", ordered{
			{"Nats-Msg-Id", ordered{{"type", "string"}, {"description", id}}},
			{"Content-Type", ordered{{"type", "string"}, {"description", "application/cloudevents+json; binary mode has application/json and ce- headers."}}},
		}},
	}
	if len(required) > 0 {
		o = append(o, pair{"required", required})
	}
	return o
}

// channel is the subject that a type travels on.
func (e *eventType) channel() ordered {
	return ordered{
		{"address", subject(e.name)},
		{"messages", ordered{{e.name, ordered{{"$ref", "#/components/messages/" + e.name}}}}},
		{"parameters", ordered{{"tenant", ordered{{"$ref", "#/components/parameters/tenant"}}}}},
		{"x-jetstream-stream", e.stream()},
	}
}

func (e *eventType) stream() string {
	if e.out {
		return "TRUEUP_OUT"
	}
	return "TRUEUP_IN"
}

// operation names what the worker does with a type: receiveCrmExpansionBooked.
func (e *eventType) operation() string {
	name := e.name[:strings.LastIndex(e.name, ".")]
	var b strings.Builder
	b.WriteString(e.action())
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '.' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func (e *eventType) action() string {
	if e.out {
		return "send"
	}
	return "receive"
}

func (e *eventType) operates() ordered {
	channel := "#/channels/" + e.name
	return ordered{
		{"action", e.action()},
		{"channel", ordered{{"$ref", channel}}},
		{"summary", firstSentence(e.summary)},
		{"bindings", ordered{{"nats", ordered{{"bindingVersion", "0.1.0"}}}}},
		{"messages", []any{ordered{{"$ref", channel + "/messages/" + e.name}}}},
	}
}

func (e *eventType) message() ordered {
	headers := "headersIn"
	if e.out {
		headers = "headersOut"
	}
	text := e.summary
	if e.key != "" && e.name != string(wire.Tick) {
		text += "\nOf several about one key the one with the latest time stands. Key: " + e.key + "."
	}
	var examples []any
	for _, x := range e.examples {
		examples = append(examples, ordered{{"payload", x}})
	}
	return ordered{
		{"name", e.name},
		{"title", firstSentence(e.summary)},
		{"description", text},
		{"contentType", contentType},
		{"headers", ordered{{"$ref", "#/components/schemas/" + headers}}},
		{"payload", ordered{{"$ref", "./events.schema.json#/$defs/" + e.name}}},
		{"examples", examples},
	}
}
