package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/wire"
)

// eventType is one type of the contract.
type eventType struct {
	name     string
	out      bool // the worker publishes it
	bare     bool // it may come without data
	summary  string
	key      string // which statements replace one another
	fields   []wire.Field
	rules    []wire.Shape
	examples []any
}

// catalogue is all of them, what comes in first.
type catalogue struct{ events []eventType }

func newCatalogue(root string) (*catalogue, error) {
	examples, err := examplesIn(root)
	if err != nil {
		return nil, err
	}
	c := &catalogue{}
	for _, t := range wire.Tell() {
		name := string(t.Type)
		c.events = append(c.events, eventType{
			name: name, bare: t.None, summary: inbound[name].summary, key: inbound[name].key, fields: t.Fields, rules: t.Rules, examples: examples[name],
		})
	}
	outs := wire.OutTypes()
	slices.SortStableFunc(outs, func(a, b string) int { return family(a) - family(b) })
	for _, name := range outs {
		e := eventType{name: name, out: true, summary: outward[name]}
		of := wire.DataOf(name)
		if e.fields, err = fieldsOut(name, of); err != nil {
			return nil, err
		}
		if e.examples, err = exampleOut(name, of); err != nil {
			return nil, err
		}
		c.events = append(c.events, e)
	}
	for i := range c.events {
		e := &c.events[i]
		for k, x := range e.examples {
			e.examples[k] = e.arranged(x.(map[string]any))
		}
	}
	return c, nil
}

// arranged is an example in the order that people read: the envelope, then the
// data, whose fields stand as the type has them.
func (e *eventType) arranged(x map[string]any) ordered {
	var out ordered
	for _, name := range []string{"specversion", "id", "source", "type", "time", "recordedtime", "datacontenttype"} {
		if v, is := x[name]; is {
			out = append(out, pair{name, v})
		}
	}
	if data, is := x["data"].(map[string]any); is {
		inner := ordered{}
		for _, f := range e.fields {
			if v, is := data[f.Name]; is {
				inner = append(inner, pair{f.Name, v})
			}
		}
		out = append(out, pair{"data", inner})
	}
	return out
}

// families are the first tokens of types that go out, as people read them.
var families = []string{"payout", "sla", "ops", "ledger"}

func family(name string) int {
	first, _, _ := strings.Cut(name, ".")
	return slices.Index(families, first)
}

// examplesIn are events of each type: the first of the worked cases that has
// one, or else the samples that the wire is tested with.
func examplesIn(root string) (map[string][]any, error) {
	files, err := filepath.Glob(filepath.Join(root, "domain/testdata/scenario/*.txtar"))
	if err != nil {
		return nil, err
	}
	found := map[string][]any{}
	take := func(line []byte) error {
		in, err := wire.DecodeLine(line, "")
		if err != nil {
			return nil //nolint:nilerr // worked cases have events that are refused, too
		}
		name := string(in.Event.Head().Type)
		if len(found[name]) > 0 {
			return nil
		}
		v, err := plain(line)
		found[name] = append(found[name], v)
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, f := range txtar.Parse(text).Files {
			if f.Name != "events.ndjson" {
				continue
			}
			for line := range bytes.Lines(f.Data) {
				if err := take(bytes.TrimSpace(line)); err != nil {
					return nil, fmt.Errorf("%s: %w", file, err)
				}
			}
		}
	}
	for _, t := range wire.Types() {
		lines, err := os.ReadFile(filepath.Join(root, "internal/wire/testdata/in", string(t)+".json"))
		if err != nil {
			return nil, err
		}
		for line := range bytes.Lines(lines) {
			if err := take(bytes.TrimSpace(line)); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// exampleOut is an event of a type that goes out, as the worker writes it.
func exampleOut(name string, of reflect.Type) ([]any, error) {
	for _, sample := range samplesOut {
		if reflect.TypeOf(sample) != of {
			continue
		}
		id := "example-1"
		if a, is := sample.(wire.AdjustmentIssued); is {
			id = a.AdjustmentID
		}
		at := time.Date(2027, time.June, 8, 14, 0, 0, 0, time.UTC)
		if strings.HasSuffix(name, ".resolved.v1") {
			v := reflect.New(of).Elem()
			v.Set(reflect.ValueOf(sample))
			v.FieldByName("LateBySeconds").SetInt(3600)
			sample = v.Interface()
		}
		_, body, err := wire.EncodeOut("default", "", wire.Out{Type: name, ID: id, Time: at, Data: sample})
		if err != nil {
			return nil, err
		}
		v, err := plain(body)
		return []any{v}, err
	}
	return nil, fmt.Errorf("%s has no example", name)
}

// subject is where a type travels; the tenant is left open.
func subject(name string) string { return wire.Subject("{tenant}", event.Type(name)) }
