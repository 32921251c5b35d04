package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/trueup/trueup/internal/wire"
)

const pageHead = `# Events

<!-- Written by internal/catalogue: run make generate. -->

What trueup takes and publishes on NATS JetStream: CloudEvents 1.0. [events.schema.json](events.schema.json) has each type as a JSON Schema
(2020-12; it uses nothing that draft 07 lacks), [asyncapi.yaml](asyncapi.yaml) the channels and operations as AsyncAPI 3.0. All three are made
of the descriptions that the worker itself reads and writes events by.

` + "```json" + `
{"specversion":"1.0","id":"evt-1","source":"crm/salesforce","type":"crm.expansion.booked.v1","time":"2027-02-10T15:04:05Z",
 "datacontenttype":"application/json","data":{…}}
` + "```" + `

* **Mode.** Structured (a JSON object with ` + "`specversion`" + `) and binary (` + "`ce-`" + ` headers, the data as the body) are both taken; what goes out is structured.
* **Identity.** ` + "`source`" + ` and ` + "`id`" + `, for ever. The same again is a repeat and does nothing; other content under a known identity is parked as a conflict, and the first stands.
* **Time.** ` + "`time`" + ` is when it happened. Events may come late, twice and in any order: the balances are the same. Of several events about one key the one
  with the latest ` + "`time`" + ` stands (then the greater source, then the greater id), whole: a field left out is not taken from the one before.
* **Money** is ` + "`{\"amount\":\"24000.00\",\"currency\":\"USD\"}`" + `: a decimal string in major units with no more decimals than the currency has (ISO 4217), never a JSON number.
  It is kept in minor units, exactly. Another currency than the plan's is converted at the rate of ` + "`admin.fx.set.v1`" + ` on the booking's day.
* **Days** are civil days in the plan's time zone, **instants** RFC 3339 with an offset, **quarters** like ` + "`2027-Q1`" + `.
* **Strict.** A field that a type does not have is refused by name, and so is a name that is there twice. A field that may be left out may be null, which is the same. A type that is not listed here is parked.
* **Where.** The subject is the type without its version, the tenant after the first word: ` + "`crm.expansion.booked.v1`" + ` of the tenant ` + "`acme`" + ` travels on ` + "`crm.acme.expansion.booked`" + `.
  What comes in is kept by the stream ` + "`TRUEUP_IN`" + `, what goes out by ` + "`TRUEUP_OUT`" + `. On ` + "`cursor.TENANT`" + ` of the latter the worker notes how far it has published; it is no event.
* **What cannot be applied** is parked with its bytes and its reason, and ` + "`ops.event.rejected.v1`" + ` says so: ` + "`trueup parked list`" + `.
* **Twice.** Outputs have ids that are equal on replay, also as the header ` + "`Nats-Msg-Id`" + `: whoever has seen an id may drop the message.

` + "`trueup publish FILE`" + ` checks each line of a file by the worker's own reading before it publishes any. A schema cannot say all of it; these it does not see:

* fields that have to fit each other: a term's end after its start, a score up to ` + "`scale_max`" + `, parts of a split that add up to 10000, two different currencies, steps that ascend;
* how a number is spelled: ` + "`7.8e1`" + ` and ` + "`7000.0`" + ` are refused, and so are more than 15 decimals;
* how large a decimal in a string is: amounts up to 10^15 minor units, rates up to 10^9;
* lengths in bytes where they are not in ASCII, and spaces beyond Latin-1 at the end of a name;
* a name that is there twice in one object; bodies above 256 KiB, 32 levels, 4,096 values.

`

// EventsPage is the catalogue for people.
func EventsPage(root string) ([]byte, error) {
	c, err := newCatalogue(root)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(pageHead)
	c.list(&b)
	heads := map[string]string{
		"crm": "In: CRM", "billing": "In: billing", "admin": "In: decisions by people", "clock": "In: the worker's own clock",
		"payout": "Out: payout", "sla": "Out: clocks", "ops": "Out: what to look at", "ledger": "Out: the ledger",
	}
	last := ""
	for _, e := range c.events {
		first, _, _ := strings.Cut(e.name, ".")
		if first != last {
			fmt.Fprintf(&b, "\n## %s\n", heads[first])
			last = first
		}
		if err := e.page(&b); err != nil {
			return nil, err
		}
	}
	b.WriteString("\n## What fields take\n\n| name | is |\n| --- | --- |\n")
	forms := wire.Forms()
	for _, name := range sorted(forms) {
		if name == "currency" {
			fmt.Fprintf(&b, "| <a id=\"form-%s\"></a>%s | %s |\n", name, name, "A currency code of ISO 4217 that money is paid in; the schema lists them.")
			continue
		}
		fmt.Fprintf(&b, "| <a id=\"form-%s\"></a>%s | %s |\n", name, name, cell(fmt.Sprint(forms[name]["description"])))
	}
	return []byte(b.String()), nil
}

// list is the table of contents.
func (c *catalogue) list(b *strings.Builder) {
	b.WriteString("| type | tells |\n| --- | --- |\n")
	for _, e := range c.events {
		fmt.Fprintf(b, "| [%s](#%s) | %s |\n", e.name, anchor(e.name), cell(firstSentence(e.summary)))
	}
}

// anchor is the name that a heading gets.
func anchor(heading string) string { return strings.ReplaceAll(heading, ".", "") }

func firstSentence(s string) string {
	if i := strings.IndexAny(s, ".;:("); i > 0 {
		return strings.TrimSpace(s[:i])
	}
	return s
}

func (e *eventType) page(b *strings.Builder) error {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", e.name, e.summary)
	fmt.Fprintf(b, "Subject `%s`.", subject(e.name))
	if !e.out && e.name != string(wire.Tick) {
		fmt.Fprintf(b, " Key: %s.", e.key)
	}
	b.WriteString("\n")
	if len(e.fields) > 0 {
		b.WriteString("\n| field | | takes | meaning |\n| --- | --- | --- | --- |\n")
		e.rows(b, e.fields, "")
	}
	text, err := e.examples[0].(ordered).MarshalJSON()
	if err != nil {
		return err
	}
	var one bytes.Buffer
	if err := json.Compact(&one, text); err != nil {
		return err
	}
	fmt.Fprintf(b, "\n```json\n%s\n```\n", wrapped(one.String()))
	return nil
}

// rows are the rows of a table of fields.
func (e *eventType) rows(b *strings.Builder, fields []wire.Field, path string) {
	for _, f := range fields {
		need := "must"
		if !f.Required {
			need = "may"
		}
		text, _ := meaning(e.name, path+f.Name)
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", path+f.Name, need, takes(f), cell(text))
		e.rows(b, f.Fields, path+f.Name+".")
	}
}

// takes is what a field takes, in words.
func takes(f wire.Field) string {
	s := f.Takes
	switch {
	case f.List:
		return "list"
	case len(f.Fields) > 0:
		return "object"
	case s["$ref"] != nil:
		name := strings.TrimPrefix(s["$ref"].(string), "#/$defs/")
		return fmt.Sprintf("[%s](#form-%s)", strings.ReplaceAll(name, "_", " "), name)
	case s["enum"] != nil:
		return words(s["enum"])
	case s["const"] != nil:
		return fmt.Sprintf("`%v`", s["const"])
	case s["type"] == "array":
		return "list of " + words(s["items"].(wire.Shape)["enum"])
	case s["maximum"] != nil && s["minimum"] != nil:
		return fmt.Sprintf("%v, %v to %v", s["type"], s["minimum"], s["maximum"])
	case s["maximum"] != nil:
		return fmt.Sprintf("%v, above %v, up to %v", s["type"], s["exclusiveMinimum"], s["maximum"])
	case s["pattern"] == "^[0-9a-f]{64}$":
		return "64 hexadecimal digits"
	case s["pattern"] == "^[0-9a-f]{32}$":
		return "32 hexadecimal digits"
	case s["type"] == "string":
		return "[text](#form-text)"
	}
	return fmt.Sprint(s["type"])
}

func words(list any) string {
	var all []string
	for _, w := range list.([]any) {
		all = append(all, fmt.Sprintf("`%v`", w))
	}
	return strings.Join(all, " ")
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// wrapped puts the data of an event on a line of its own.
func wrapped(s string) string { return strings.Replace(s, `"data":{`, "\n "+`"data":{`, 1) }
