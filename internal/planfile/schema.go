package planfile

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Schema is the JSON Schema (2020-12) of a plan file, for editors. It is
// written by the readers themselves: they are run over a file in which every
// field could be, and note what they would take. What it cannot say (sums of
// weights, ascending tiers, bands without gaps) Decode still does; it takes
// numbers without quotes alone, where Decode takes both.
func Schema() []byte {
	d := newDecoder("schema")
	root := shape{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "trueup plan",
		"description": "One version of a compensation plan. Amounts are decimals in major units, percentages carry a % sign. " +
			"trueup plan check finds what a schema cannot.",
	}
	d.planAt(value{d: d, shape: root})
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(err) // maps, lists and words
	}
	return b.Bytes()
}

// shape is a schema, or a part of one. A nil shape takes nothing in: a file is
// being read.
type shape map[string]any

// note adds what can stand at v.
func (v value) note(s shape) {
	if v.shape != nil {
		maps.Copy(v.shape, s)
	}
}

// object makes s a mapping of fields to values that has no others.
func (s shape) object() {
	s["type"] = "object"
	s["additionalProperties"] = false
	if s["properties"] == nil {
		s["properties"] = map[string]shape{}
	}
}

// property is the shape of a field, nil of a nil shape.
func (s shape) property(key string) shape {
	if s == nil {
		return nil
	}
	all := s["properties"].(map[string]shape)
	if all[key] == nil {
		all[key] = shape{}
	}
	return all[key]
}

// require makes a field one that must be there; it has no default.
func (s shape) require(key string) {
	required, _ := s["required"].([]string)
	if !slices.Contains(required, key) {
		s["required"] = append(required, key)
	}
}

// items makes s a list, and is the shape of its items.
func (s shape) items() shape {
	item := shape{}
	s["type"], s["items"], s["maxItems"] = "array", item, maxItems
	return item
}

// exactlyOne makes s have one of some fields.
func (s shape) exactlyOne(keys ...string) {
	var one []shape
	for _, key := range keys {
		one = append(one, shape{"required": []string{key}})
	}
	s["oneOf"] = one
}

// when adds a condition: where a field has a value, or is left out and that is
// its default, s is also what then says.
func (s shape) when(key, value string, isDefault bool, then shape) {
	is := shape{"properties": shape{key: shape{"const": value}}}
	if !isDefault {
		is["required"] = []string{key}
	}
	all, _ := s["allOf"].([]shape)
	s["allOf"] = append(all, shape{"if": is, "then": then})
}

// shapeOfKinds gives each kind of component the fields it has.
func (f *fields) shapeOfKinds() {
	delete(f.shape, "additionalProperties") // each kind says it
	for _, k := range kinds {
		of := value{d: f.d, shape: shape{}}.mapping()
		var c plan.Component
		word(of.need("id"), &c.ID)
		choice(of.need("kind"), &c.Kind, k.kind)
		k.read(of, &c)
		if slices.Contains(k.fields, "weight") && k.kind != plan.Expansion {
			of.shape.require("weight")
		}
		f.shape.when("kind", k.kind, false, of.shape)
	}
}

// shapeOfBases forbids the fields of the other bases.
func (f *fields) shapeOfBases() {
	if f.shape == nil {
		return
	}
	for _, b := range bases {
		others := shape{}
		for _, o := range bases {
			for _, field := range o.fields {
				if o.basis != b.basis {
					others[field] = false
				}
			}
		}
		then := shape{"properties": others}
		if slices.Contains(b.fields, "weight") {
			then["required"] = []string{"weight"}
		}
		f.shape.when("basis", b.basis, b.basis == bases[0].basis, then)
	}
}

// The scalars. A zero is no default: fields that have one have another.

const (
	percentPattern = `^[0-9]+(\.[0-9]{1,6}0*)?%$`
	sharePattern   = `^0*(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,6}0*)?)%$`
	decimalPattern = `^[0-9]+(\.[0-9]{1,6}0*)?$`
	amountPattern  = `^[0-9]+(\.[0-9]+)?$`
)

var (
	filled         = shape{"minItems": 1}
	unique         = shape{"uniqueItems": true}
	labelShape     = shape{"type": "string", "minLength": 1, "maxLength": 100}
	currencyShape  = shape{"type": "string", "pattern": `^[A-Z]{3}$`, "default": defaultCurrency}
	dateShape      = shape{"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}
	yearStartShape = shape{"type": "string", "pattern": `^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$`, "default": "01-01"}
	targetShape    = shape{"type": []string{"number", "string"}, "exclusiveMinimum": 0, "pattern": `^[0-9]+(\.[0-9]{1,6}0*)?%?$`}
)

// wordShape is a string of a form; or is its default.
func wordShape(form *regexp.Regexp, or string) shape {
	s := pattern(form.String())
	if or != "" {
		s["default"] = or
	}
	return s
}

// zoneName is a default zone's, empty where there is none.
func zoneName(zone *time.Location) string {
	if zone == nil {
		return ""
	}
	return zone.String()
}

func pattern(p string) shape { return shape{"type": "string", "pattern": p} }

func oneOf[T ~string](allowed []T, or T) shape {
	s := shape{"enum": slices.Clone(allowed)}
	if or != "" {
		s["default"] = or
	}
	return s
}

func wholeShape(low, high, or int) shape {
	s := shape{"type": "integer", "minimum": low, "maximum": high}
	if or != 0 {
		s["default"] = or
	}
	return s
}

func ratioShape(p string, or money.Ratio, show func(money.Ratio) string) shape {
	s := pattern(p)
	if or.Num != 0 {
		s["default"] = show(or)
	}
	return s
}

func decimalShape(or money.Ratio) shape {
	s := ratioShape(decimalPattern, or, dec)
	s["type"], s["minimum"], s["maximum"] = []string{"number", "string"}, 0, maxDecimal.Num
	if text, ok := s["default"].(string); ok {
		s["default"] = json.Number(text)
	}
	return s
}

func amountShape(or money.Money) shape {
	s := pattern(amountPattern)
	s["type"], s["minimum"] = []string{"number", "string"}, 0
	if or.Minor != 0 {
		s["default"] = json.Number(or.Decimal())
	}
	return s
}
