package web

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// Param is a parameter of an operation. It is text, there at most once.
type Param struct {
	Name    string
	Meaning string
	In      string         // path, query or header
	Schema  map[string]any // JSON Schema of its text
	check   func(string) error
}

// Where parameters are.
const (
	ofPath   = "path"
	inQuery  = "query"
	inHeader = "header"
)

// Required reports whether a parameter cannot be left out.
func (p Param) Required() bool { return p.In != inQuery }

// text is a parameter that can be anything.
func text(name, meaning string) Param {
	return Param{Name: name, Meaning: meaning, In: inQuery, Schema: map[string]any{"type": "string"}}
}

// byID is a part of the path that can be anything: whose id it is.
func byID(meaning string) Param { return text("id", meaning).inPath() }

func (p Param) inPath() Param {
	p.In = ofPath
	return p
}

// oneOf is a parameter from a closed list.
func oneOf(name, meaning string, allowed []string) Param {
	p := text(name, meaning)
	p.Schema["enum"] = allowed
	p.check = func(v string) error {
		if !slices.Contains(allowed, v) {
			return fmt.Errorf("%q is not one of %s", v, strings.Join(allowed, ", "))
		}
		return nil
	}
	return p
}

// count is a parameter that is a number from 0 to most.
func count(name, meaning string, most int) Param {
	p := text(name, meaning)
	p.Schema = map[string]any{"type": "integer", "minimum": 0, "maximum": most}
	p.check = func(v string) error {
		if n, err := strconv.Atoi(v); err != nil || n < 0 || n > most {
			return fmt.Errorf("%q is not a number from 0 to %d", v, most)
		}
		return nil
	}
	return p
}

func payeeParam() Param { return text("payee", "only of this payee") }

func periodParam() Param {
	p := text("period", "the quarter, like 2027-Q1")
	p.Schema["pattern"] = "^[0-9]{4}-Q[1-4]$"
	p.check = func(v string) error {
		_, err := civil.ParseQuarter(v)
		return err
	}
	return p
}

const entryIDBytes = 16

func entryParam() Param {
	p := byID("the entry")
	p.Schema["pattern"] = fmt.Sprintf("^[0-9a-fA-F]{%d}$", 2*entryIDBytes)
	p.check = func(v string) error {
		if raw, err := hex.DecodeString(v); err != nil || len(raw) != entryIDBytes {
			return badRequestf("entry id %q is not %d hexadecimal digits", v, 2*entryIDBytes)
		}
		return nil
	}
	return p
}

// entry is the id of the entry asked for.
func (q question) entry() string { return strings.ToLower(q.values["id"]) }

// check finds what of the parameters nobody can answer.
func (o Operation) check(values map[string]string) error {
	for _, p := range o.Params {
		v := values[p.Name]
		if p.check == nil || v == "" && p.In != ofPath {
			continue
		}
		if err := p.check(v); err != nil {
			if _, whole := err.(refusal); whole { //nolint:errorlint // as it is
				return err
			}
			return badRequestf("parameter %q: %v", p.Name, err)
		}
	}
	return nil
}

// known reports whether an operation's parameters have a name; in says whether
// those of its path count.
func (o Operation) known(name string, path bool) error {
	var names []string
	for _, p := range o.Params {
		if p.In == inQuery || path && p.In == ofPath {
			names = append(names, p.Name)
		}
	}
	switch {
	case slices.Contains(names, name):
		return nil
	case len(names) == 0:
		return badRequestf("parameter %q: this page takes none", name)
	}
	return badRequestf("parameter %q is not one of %s", name, strings.Join(names, ", "))
}

// queried is a query's parameters, each at most once and no others than the
// operation has.
func (o Operation) queried(raw string) (map[string]string, error) {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequestf("query %q cannot be read: %v", raw, err)
	}
	values := map[string]string{}
	for name, given := range q {
		if err := o.known(name, false); err != nil {
			return nil, err
		}
		if len(given) > 1 {
			return nil, badRequestf("parameter %q is there %d times", name, len(given))
		}
		values[name] = given[0]
	}
	return values, nil
}

func payeesParams() []Param {
	return []Param{
		periodParam(),
		text("role", "only those with this role in the quarter"),
		text("team", "only those of this team"),
		text("manager", "only those who report to this payee"),
		text("search", "only those with this text in the id of payee or employee, the team or the manager, whatever the case"),
		oneOf("sort", "what they are sorted by", report.PayeeSorts()),
		oneOf("order", "the direction of the sort", report.Orders()),
		count("offset", "how many are left out before the first row", maxOffset),
		count("limit", fmt.Sprintf("how many rows at most; %d where it is not said", report.DefaultRows), report.MostRows),
	}
}

const maxOffset = 1 << 30

// payeesQuery is the page of payees asked for.
func (q question) payeesQuery() report.PayeesQuery {
	offset, _ := strconv.Atoi(q.values["offset"]) // which were checked
	limit, _ := strconv.Atoi(q.values["limit"])
	return report.PayeesQuery{
		Period: q.filter().Period, Role: event.Role(q.values["role"]), Team: q.values["team"], Manager: event.PayeeID(q.values["manager"]),
		Search: q.values["search"], Sort: q.values["sort"], Order: q.values["order"], Offset: offset, Limit: limit,
	}
}
