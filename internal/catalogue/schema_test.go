package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/trueup/trueup/internal/wire"
)

const root = "../.."

func TestDocumentsAreAsTheCode(t *testing.T) {
	for _, d := range documents {
		want, err := d.of(root)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		got, err := os.ReadFile(filepath.Join(root, "docs", d.name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the code gives: run make generate (%v)", d.name, err)
		}
	}
}

// Everything has its meaning told, and nothing is told of what there is not.
func TestEverythingIsToldOf(t *testing.T) {
	c, err := newCatalogue(root)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	types := map[string]bool{}
	for _, e := range c.events {
		types[e.name] = true
		if e.summary == "" || !e.out && e.key == "" {
			t.Errorf("%s: what it is, or what replaces it, is not told", e.name)
		}
		var look func(fields []wire.Field, path string)
		look = func(fields []wire.Field, path string) {
			for _, f := range fields {
				text, key := meaning(e.name, path+f.Name)
				if text == "" {
					t.Errorf("%s: what %s is is not told", e.name, path+f.Name)
				}
				used[key] = true
				look(f.Fields, path+f.Name+".")
			}
		}
		look(e.fields, "")
	}
	for key := range meanings {
		if !used[key] {
			t.Errorf("meanings: there is no %s", key)
		}
	}
	for name := range inbound {
		if !types[name] {
			t.Errorf("there is no type %s", name)
		}
	}
	for name := range outward {
		if !types[name] {
			t.Errorf("there is no type %s", name)
		}
	}
}

// compiled is the schema as it is published.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join(root, "docs", "events.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func instance(t testing.TB, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestExamplesAreValid(t *testing.T) {
	s := compiled(t)
	c, err := newCatalogue(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range c.events {
		if len(e.examples) == 0 {
			t.Errorf("%s has no example", e.name)
		}
		for _, x := range e.examples {
			text, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(instance(t, text)); err != nil {
				t.Errorf("%s: %s\n%v", e.name, text, err)
			}
		}
	}
}

// beyond is what the decoder finds wrong that a schema cannot, by its words.
// docs/events.md lists it.
var beyond = regexp.MustCompile(strings.Join([]string{
	` is before | is not after |is above scale_max|the same as base| sums to `, // fields that have to fit each other
	`is longer than \d+ bytes`,                                 // a schema counts characters
	`\\u[0-9a-f]{4}.*starts or ends with a space`,              // spaces outside Latin-1
	`is larger than|is too large|data.rate \d+ is not between`, // the size of a decimal in a string
	`has \d+ decimals|no exact decimal|is not a plain decimal number|is not a plain decimal in quotes|whole number of 1/10,000`, // how a number is spelled
	`is there twice`, // the same name twice in one object
}, "|"))

// Every event of the worked cases, of the scripts and of the wire's samples is
// taken by the schema as it is by the decoder.
func TestEventsOfTheCases(t *testing.T) {
	s := compiled(t)
	lines := caseLines(t)
	if len(lines) < 3000 {
		t.Errorf("%d events were looked at", len(lines))
	}
	for _, line := range lines {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			continue // no JSON: neither takes it
		}
		judge(t, s, line, v)
	}
}

// judge holds what the schema says of an event against what the decoder says.
func judge(t interface{ Errorf(string, ...any) }, s *jsonschema.Schema, text []byte, v any) {
	_, refused := wire.DecodeLine(text, "")
	invalid := s.Validate(v)
	switch {
	case refused == nil && invalid != nil:
		t.Errorf("the decoder takes %s\nthe schema does not: %v", text, invalid)
	case refused != nil && invalid == nil && !beyond.MatchString(refused.Error()):
		t.Errorf("the schema takes %s\nthe decoder does not: %v", text, refused)
	}
}

func caseLines(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	add := func(text []byte) {
		for line := range bytes.Lines(text) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				all = append(all, line)
			}
		}
	}
	var cases []string
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == ".git" || d.Name() == "bin" || d.Name() == "data") {
			return filepath.SkipDir
		}
		if filepath.Ext(file) == ".txtar" {
			cases = append(cases, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	samples, err := filepath.Glob(root + "/internal/wire/testdata/in/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(cases, samples...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(file) == ".json" {
			add(text)
		}
		for _, f := range txtar.Parse(text).Files {
			if filepath.Ext(f.Name) == ".ndjson" {
				add(f.Data)
			}
		}
	}
	return all
}

// An event that was changed somehow is refused by the schema exactly when the
// decoder refuses it, but for what is beyond a schema.
func TestChangedEvents(t *testing.T) {
	s := compiled(t)
	c, err := newCatalogue(root)
	if err != nil {
		t.Fatal(err)
	}
	var samples [][]byte
	for _, e := range c.events {
		if e.out {
			continue
		}
		lines, err := os.ReadFile(filepath.Join(root, "internal/wire/testdata/in", e.name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(lines) {
			samples = append(samples, line)
		}
	}
	taken, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(rapid.SampledFrom(samples).Draw(t, "event")))
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 2).Draw(t, "changes") {
			v = changed(t, v)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wire.DecodeLine(text, ""); err == nil {
			taken++
		} else {
			refused++
		}
		judge(t, s, text, v)
	})
	if taken == 0 || refused == 0 {
		t.Errorf("%d changed events were taken, %d refused", taken, refused)
	}
}

// values are what a changed field may become.
var values = []any{
	nil, "", " ", "x", "acct-2", "a\tb", "ends ", strings.Repeat("n", 129), strings.Repeat("n", 257), "name\u00a0", "name\u2003", strings.Repeat("ü", 100), json.Number("0"), json.Number("1"), json.Number("7.5"),
	json.Number("-1"), json.Number("101"), json.Number("1000001"), json.Number("1e2"), json.Number("10000"), true,
	[]any{},
	[]any{json.Number("7")},
	map[string]any{},
	"USD", "usd", "EUR", "JPY", "KWD", "CLF", "XAU", "EURO", "24000.00", "24000", "0", "0.00", "-5", "-0.00", "24000.001", "24000.0001", "1e3", ".5", "5.", "+5", "007", "99999999999999999999", "1.00000",
	"87.5%", "87.5", "-1%", "10001%", "10000%", "0%", "1.0825", "0.0000000000000001",
	"2027-02-10", "2027-02-29", "2028-02-29", "1989-12-31", "2200-01-01", "2027-13-01", "2027-2-1", "2027-02-10T15:04:05Z", "2027-02-10T15:04:05+01:00", "2027-02-10T15:04:05.123456789Z",
	"2027-02-10t15:04:05z", "2027-02-10T15:04:60Z", "2027-02-30T15:04:05Z", "2027-02-10T24:00:00Z", "2027-02-10 15:04:05Z", "2027-02-10T15:04:05", "1969-12-31T23:59:59Z", "2027-Q1", "2027-Q5", "2300-Q1", "1.0", "0.3",
	"csm", "ae", "manager", "expansion", "renewal", "seats", "merger", "nps", "csat", "ebr", "renew", "waiver", "Closed Won", "6. Won!", "LOST", "closed/lost", "wonder", "Quote",
	map[string]any{"amount": "1.00", "currency": "USD"},
	map[string]any{"amount": "0.00", "currency": "EUR"},
	map[string]any{"amount": "-1.00", "currency": "USD"},
	map[string]any{"amount": "1.00", "currency": "JPY"},
	map[string]any{"amount": json.Number("1"), "currency": "USD"},
	map[string]any{"amount": "1.00"},
	map[string]any{"a": json.Number("7000"), "b": json.Number("3000")},
	map[string]any{"a": json.Number("10001")},
	[]any{"legal"},
	[]any{"legal", "legal"},
	[]any{"illegal"},
	"application/json", "application/json; charset=utf-8", "text/plain",
}

// names are what a field may be called anew.
var newNames = []string{"arr", "incremental_arr", "term_start", "reason", "by", "colour", "Account_ID", "replaced_by", "subscription_id", "tenant", "recordedtime", "data_base64", "subject", "held"}

// changed is v with one field changed, dropped, added or called otherwise.
func changed(t *rapid.T, v any) any {
	switch v := v.(type) {
	case map[string]any:
		keys := sorted(v)
		if len(keys) == 0 || rapid.IntRange(0, 5).Draw(t, "add") == 0 {
			v[rapid.SampledFrom(newNames).Draw(t, "name")] = rapid.SampledFrom(values).Draw(t, "value")
			return v
		}
		key := rapid.SampledFrom(keys).Draw(t, "key")
		switch rapid.IntRange(0, 4).Draw(t, "what") {
		case 0:
			delete(v, key)
		case 1:
			v[rapid.SampledFrom(newNames).Draw(t, "name")] = v[key]
			delete(v, key)
		default:
			v[key] = changed(t, v[key])
		}
		return v
	case []any:
		if len(v) > 0 && rapid.Bool().Draw(t, "inside") {
			i := rapid.IntRange(0, len(v)-1).Draw(t, "at")
			v[i] = changed(t, v[i])
			return v
		}
	}
	return rapid.SampledFrom(values).Draw(t, "value")
}
