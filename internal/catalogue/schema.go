package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/internal/wire"
)

// shape is a part of a JSON Schema.
type shape = wire.Shape

const schemaAbout = `Every event that trueup takes and publishes, as CloudEvents 1.0 in structured mode; TYPE.data is the data alone, the body of binary mode. ` +
	`Money is in major units as a decimal string with its currency, dates are civil dates in the plan's time zone, instants RFC 3339. ` +
	`A field that may be left out may also be null. docs/events.md says what a schema cannot.`

// EventsSchema is the JSON Schema of all events. It says no more than draft 07
// could, so that tools of either draft read it.
func EventsSchema(root string) ([]byte, error) {
	c, err := newCatalogue(root)
	if err != nil {
		return nil, err
	}
	definitions := ordered{{"event", envelope()}}
	var types []string
	var each []any
	for _, e := range c.events {
		types = append(types, e.name)
		each = append(each, ordered{
			{"if", shape{"properties": shape{"type": shape{"const": e.name}}, "required": []string{"type"}}},
			{"then", refer(e.name)},
		})
		definitions = append(definitions, pair{e.name, e.whole()}, pair{e.name + ".data", e.data()})
	}
	forms := wire.Forms()
	for _, name := range []string{
		"id", "attribute", "text", "date", "instant", "period", "currency", "money", "money_not_negative", "money_above_zero", "percent", "decimal", "split",
	} {
		definitions = append(definitions, pair{name, forms[name]})
	}
	return indented(ordered{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "Events of trueup"},
		{"description", schemaAbout},
		{"type", "object"},
		{"required", []string{"type"}},
		{"properties", shape{"type": shape{"enum": types}}},
		{"allOf", each},
		{"$defs", definitions},
	})
}

// envelope is what every event has around its data.
func envelope() ordered {
	null := func(s shape) shape { return shape{"anyOf": []shape{s, {"type": "null"}}} }
	of := func(description string, s shape) shape { return shape{"description": description, "allOf": []shape{s}} }
	return ordered{
		{"description", "The envelope of CloudEvents 1.0. Other attributes are allowed, and not kept."},
		{"type", "object"},
		{"required", []string{"specversion", "id", "source", "type", "time"}},
		{"properties", ordered{
			{"specversion", shape{"const": "1.0"}},
			{"id", of("With source, who says it, for ever: the same again is a repeat, other content under it is refused.", refer("attribute"))},
			{"source", of("The system that says it.", refer("attribute"))},
			{"type", refer("attribute")},
			{"time", of("When it happened, however late it comes. Of several statements about one key the one with the latest time stands.", refer("instant"))},
			{"datacontenttype", null(shape{"type": "string", "pattern": `^\s*application/json\s*(;.*)?$`})},
			{"tenant", of("The tenant, where it is said: that of the subject.", null(shape{"type": "string"}))},
			{"recordedtime", of("When it arrived, for simulate and for workers on a played clock; elsewhere it is ignored.", null(refer("instant")))},
			{"subject", shape{"type": []string{"string", "null"}}},
			{"dataschema", shape{"type": []string{"string", "null"}}},
			{"data", true},
		}},
		{"propertyNames", shape{"pattern": "^[a-z0-9]+$"}},
		{"additionalProperties", shape{"type": []string{"string", "number", "boolean", "null"}}},
	}
}

// whole is an event in its envelope.
func (e *eventType) whole() ordered {
	properties := ordered{{"type", shape{"const": e.name}}, {"data", refer(e.name + ".data")}}
	required := []string{"type", "data"}
	if e.bare {
		properties[1].of = shape{"anyOf": []shape{refer(e.name + ".data"), {"type": "null"}}}
		required = required[:1]
	}
	return ordered{
		{"title", e.name},
		{"description", e.summary},
		{"allOf", []shape{refer("event")}},
		{"properties", properties},
		{"required", required},
		{"examples", e.examples},
	}
}

// data is the data of an event.
func (e *eventType) data() ordered {
	s := e.object(e.fields, "")
	if len(e.rules) > 0 {
		s = append(s, pair{"allOf", e.rules})
	}
	return s
}

// object is an object of fields and no others.
func (e *eventType) object(fields []wire.Field, path string) ordered {
	properties, required := ordered{}, []string{}
	for _, f := range fields {
		text, _ := meaning(e.name, path+f.Name)
		properties = append(properties, pair{f.Name, e.property(f, path, text)})
		if f.Required {
			required = append(required, f.Name)
		}
	}
	return ordered{{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}}
}

// property is one field; one that may be left out may be null where it comes in.
func (e *eventType) property(f wire.Field, path, text string) ordered {
	var takes any = f.Takes
	if len(f.Fields) > 0 {
		inner := e.object(f.Fields, path+f.Name+".")
		takes = inner
		if f.List {
			list := ordered{{"type", "array"}, {"items", inner}}
			if f.Required && !e.out {
				list = append(list, pair{"minItems", 1})
			}
			takes = list
		}
	}
	if f.Required || e.out {
		return append(ordered{{"description", text}}, spread(takes)...)
	}
	return ordered{{"description", text}, {"anyOf", []any{takes, shape{"type": "null"}}}}
}

// spread are the keywords of a shape.
func spread(takes any) ordered {
	if o, is := takes.(ordered); is {
		return o
	}
	var o ordered
	s := takes.(shape)
	for _, keyword := range slices.Sorted(maps.Keys(s)) {
		o = append(o, pair{keyword, s[keyword]})
	}
	return o
}

func refer(name string) shape { return shape{"$ref": "#/$defs/" + name} }

// plain is a value as JSON has it.
func plain(raw []byte) (v any, err error) {
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("example: %w", err)
	}
	return v, nil
}

func names[S ~string](list []S) []any {
	var out []any
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// outShapes are the shapes of fields that go out, by type and name or by name.
var outShapes = map[string]shape{
	"adjustment_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
	"payee_id":      refer("id"), "employee_id": refer("id"), "account_id": refer("id"), "opportunity_id": refer("id"), "dispute_id": refer("id"),
	"component": refer("id"), "plan_id": {"type": "string"}, "owner_id": {"type": "string"}, "reference": refer("id"), "episode_id": {"type": "string", "minLength": 1},
	"effective_on": refer("date"), "term_end": refer("date"), "due_on": refer("date"),
	"period": refer("period"), "applies_to": refer("period"),
	"opened_at": refer("instant"), "deadline": refer("instant"), "at": refer("instant"),
	"head":            {"type": "string", "pattern": "^[0-9a-f]{64}$"},
	"kind":            {"enum": names(ledger.Kinds())},
	"from":            {"enum": names(ledger.Buckets())},
	"to":              {"enum": names(ledger.Buckets())},
	"reason":          {"enum": names(ledger.Reasons())},
	"late_by_seconds": {"type": "integer", "minimum": 1},
	"lines":           {"type": "integer", "minimum": 0},
	"plan_version":    {"type": "integer", "minimum": 0},
	"score":           {"type": "number", "minimum": 0, "maximum": 100},
	"flag":            {"type": "string", "pattern": "^[a-z_]+$"},
	"figure":          {"type": "string"}, "threshold": {"type": "string"},
	"parked_id": {"type": "string", "pattern": "^p-[0-9a-f]+$"},
	"source":    {"type": "string"}, "id": {"type": "string"}, "subject": {"type": "string"}, "detail": {"type": "string"},
	"ops.event.rejected.v1 reason": {"type": "string", "pattern": "^[a-z_]+$"},
	"risk sla":                     {"const": "risk_intervention"}, "dispute sla": {"const": "dispute"},
	"explanation": {"type": "string", "minLength": 1},
	"recoverable": {"type": "boolean"},
}
