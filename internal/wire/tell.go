package wire

import (
	"slices"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Shape is a part of a JSON Schema: keywords and what they say. What several
// fields take is said once, in Forms, and referred to.
type Shape map[string]any

// Told is what the data of a type may be: the functions that read and write it
// are run over a form that only notes what they ask for.
type Told struct {
	Type   event.Type
	Fields []Field
	Rules  []Shape // conditions that several fields have to meet
	None   bool    // the data may be left out: it has no fields
}

// Field is one field of an object.
type Field struct {
	Name     string
	Required bool    // else it may be left out or null
	Takes    Shape   // empty for an object or a list of them
	List     bool    // a list of objects that have Fields
	Fields   []Field // of the object, or of each in the list
}

// telling collects what a form is asked for.
type telling struct {
	fields []Field
	rules  []Shape
}

// Tell is what the data of each type may be, in the order of the contract.
func Tell() []Told {
	all := make([]Told, len(catalogue))
	for i, e := range catalogue {
		f := &form{told: &telling{}, reading: true, out: make([]byte, 1)}
		e.tell(f)
		all[i] = Told{e.name, f.told.fields, f.told.rules, e.name == Tick}
	}
	return all
}

// tell notes a field. It is for forms that are told: then there is nothing to
// read or write.
func (f *form) tell(field string, n need, takes Shape) {
	f.told.add(Field{Name: field, Required: bool(n), Takes: takes})
}

// add notes a field once: two kinds of one type have most of theirs in common.
func (t *telling) add(one Field) {
	if !slices.ContainsFunc(t.fields, func(known Field) bool { return known.Name == one.Name }) {
		t.fields = append(t.fields, one)
	}
}

// optional notes what do tells as fields that may be left out.
func (t *telling) optional(do func()) {
	before := len(t.fields)
	do()
	for i := before; i < len(t.fields); i++ {
		t.fields[i].Required = false
	}
}

// tellInside notes an object, or a list of objects, whose fields do tells.
func (f *form) tellInside(field string, n need, list bool, do func()) {
	outer := f.told
	f.told = &telling{}
	do()
	outer.add(Field{Name: field, Required: bool(n), List: list, Fields: f.told.fields})
	f.told = outer
}

// rule notes a condition on several fields. It is for forms that are told.
func (f *form) rule(s Shape) { f.told.rules = append(f.told.rules, s) }

// where is the rule that fields are also something where one is.
func where(field string, is, then Shape) Shape {
	return Shape{"if": Shape{"properties": Shape{field: is}, "required": []string{field}}, "then": Shape{"properties": then}}
}

// refer is a shape that Forms has.
func refer(name string) Shape { return Shape{"$ref": "#/$defs/" + name} }

// The names of the shapes that fields refer to.
const (
	formID        = "id"
	formAttribute = "attribute"
	formText      = "text"
	formDate      = "date"
	formInstant   = "instant"
	formPeriod    = "period"
	formCurrency  = "currency"
	formPercent   = "percent"
	formDecimal   = "decimal"
	formSplit     = "split"
)

// formOfMoney names the shape of an amount.
var formOfMoney = [...]string{anySign: "money", notNegative: "money_not_negative", aboveZero: "money_above_zero"}

// shortShape is an id, or an attribute of an envelope.
func shortShape(most int) Shape {
	if most == maxAttribute {
		return refer(formAttribute)
	}
	return refer(formID)
}

// textShape is what people wrote; an optional one may be empty.
func textShape(n need) Shape {
	if n == may {
		return Shape{"type": "string"}
	}
	return refer(formText)
}

// oneOfShape is a name from a closed list.
func oneOfShape[S ~string](allowed []S) Shape {
	names := make([]any, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return Shape{"enum": names}
}

// ratioShape is a number; of those that are spelled as strings only the form is
// told, and the bounds in words.
func ratioShape(as *ratioForm, least, most money.Ratio) Shape {
	if as == &percentString {
		return refer(formPercent)
	}
	if as == &decimalString {
		return refer(formDecimal)
	}
	s := Shape{"type": "number", "minimum": least.Num / least.Den, "maximum": most.Num / most.Den}
	if least.Num > 0 && least.Num < least.Den {
		delete(s, "minimum")
		s["exclusiveMinimum"] = 0
	}
	return s
}
