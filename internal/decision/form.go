package decision

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/trueup/trueup/internal/report"
)

// Form is the body that a browser's form makes: each field a string, one with a
// dot in its name a part of an object (amount.currency), and whole numbers those
// of split_bps. A field left empty is not there.
func Form(values url.Values) ([]byte, error) {
	body := map[string]any{}
	for name, all := range values {
		if len(all) > 1 {
			return nil, report.Mistake{Text: "field " + strconv.Quote(name) + " is there " + strconv.Itoa(len(all)) + " times"}
		}
		if all[0] == "" {
			continue
		}
		outer, inner, nested := strings.Cut(name, ".")
		if !nested {
			if _, twice := body[name]; twice {
				return nil, report.Mistake{Text: "field " + strconv.Quote(name) + " is there as a whole and in parts"}
			}
			body[name] = all[0]
			continue
		}
		parts, ok := body[outer].(map[string]any)
		if _, there := body[outer]; there && !ok {
			return nil, report.Mistake{Text: "field " + strconv.Quote(outer) + " is there as a whole and in parts"}
		} else if !there {
			parts = map[string]any{}
			body[outer] = parts
		}
		parts[inner] = part(outer, all[0])
	}
	return json.Marshal(body)
}

// part is a value within an object.
func part(of, text string) any {
	if n, err := strconv.Atoi(text); err == nil && of == "split_bps" {
		return n
	}
	return text
}
