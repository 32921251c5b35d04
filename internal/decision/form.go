package decision

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/trueup/trueup/internal/report"
)

// Form is the body that a browser's form makes: each field a string, one with a
// dot in its name a part of an object (amount.currency), whole numbers those of
// split_bps. Fields payee.N and percent.N are a payee and their part of
// split_bps in percent. A field left empty is not there.
func Form(values url.Values) ([]byte, error) {
	body := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(values)) { // so that of several mistakes the same is told
		all := values[name]
		if len(all) > 1 {
			return nil, report.Mistake{Text: "field " + strconv.Quote(name) + " is there " + strconv.Itoa(len(all)) + " times"}
		}
		if all[0] == "" {
			continue
		}
		outer, inner, nested := strings.Cut(name, ".")
		if !nested {
			if _, twice := body[name]; twice {
				return nil, wholeAndParts(name)
			}
			body[name] = all[0]
			continue
		}
		if outer == "payee" || outer == "percent" {
			if err := share(values, inner, body); err != nil {
				return nil, err
			}
			continue
		}
		parts, err := partsOf(body, outer)
		if err != nil {
			return nil, err
		}
		parts[inner] = part(outer, all[0])
	}
	return json.Marshal(body)
}

// partsOf is an object of the body that a form has in parts.
func partsOf(body map[string]any, name string) (map[string]any, error) {
	parts, ok := body[name].(map[string]any)
	if _, there := body[name]; there && !ok {
		return nil, wholeAndParts(name)
	} else if !there {
		parts = map[string]any{}
		body[name] = parts
	}
	return parts, nil
}

func wholeAndParts(name string) error {
	return report.Mistake{Text: "field " + strconv.Quote(name) + " is there as a whole and in parts"}
}

// part is a value within an object.
func part(of, text string) any {
	if n, err := strconv.Atoi(text); err == nil && of == "split_bps" {
		return n
	}
	return text
}

// share adds one payee's part of a deal, in 1/10,000; a part of nothing is none.
func share(values url.Values, no string, body map[string]any) error {
	payee, text := strings.TrimSpace(values.Get("payee."+no)), values.Get("percent."+no)
	bps, err := basisPoints(text)
	switch {
	case err != nil:
		return report.Mistake{Text: fmt.Sprintf("percent.%s %v", no, err)}
	case bps == 0:
		return nil
	case payee == "":
		return report.Mistake{Text: fmt.Sprintf("payee.%s is empty, and has %s percent", no, text)}
	}
	split, err := partsOf(body, "split_bps")
	if err != nil {
		return err
	}
	for other, all := range values {
		if n, is := strings.CutPrefix(other, "payee."); is && n != no && len(all) == 1 && strings.TrimSpace(all[0]) == payee && values.Get("percent."+n) != "" {
			return report.Mistake{Text: fmt.Sprintf("payee.%s %q is there twice", no, payee)}
		}
	}
	split[payee] = bps
	return nil
}

var percentage = regexp.MustCompile(`^([0-9]{1,3})(?:\.([0-9]{1,2}))?%?$`)

// basisPoints reads a percentage as hundredths of a percent; one that is left
// empty is 0.
func basisPoints(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	found := percentage.FindStringSubmatch(strings.TrimSpace(text))
	if found == nil {
		return 0, fmt.Errorf("%q is not a percentage with up to two decimals", text)
	}
	whole, _ := strconv.Atoi(found[1]) // three digits
	hundredths, _ := strconv.Atoi((found[2] + "00")[:2])
	if whole = 100*whole + hundredths; whole > 10_000 {
		return 0, fmt.Errorf("%q is more than 100", text)
	}
	return whole, nil
}
