package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/trueup/trueup/internal/web"
)

// object is an object of the document.
type object = map[string]any

const about = `What trueup's pages show, as JSON. Amounts are decimal strings in major units of the currency told beside them, ratios decimal
strings with six decimals, days are YYYY-MM-DD, instants RFC 3339 in UTC, quarters are like 2027-Q1. A release may add fields to an answer; it takes none away.
Everything that answers with JSON is also asked over NATS: the micro service trueup, subject trueup.api.TENANT.OPERATION.`

// Document is the OpenAPI document; root is the folder of the module, whose
// comments say what the fields mean.
func Document(root string) ([]byte, error) {
	types, err := newTypes(root)
	if err != nil {
		return nil, err
	}
	failed, err := types.of(web.Failure{})
	if err != nil {
		return nil, err
	}
	paths, used := map[string]object{}, map[int]bool{}
	for _, o := range web.Operations() {
		told, err := operation(types, o)
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", o.Name, err)
		}
		if paths[o.Path] == nil {
			paths[o.Path] = object{}
		}
		paths[o.Path][strings.ToLower(o.Method)] = told
		for _, code := range o.Refusals() {
			used[code] = true
		}
	}
	refusals := object{}
	for _, code := range slices.Sorted(maps.Keys(used)) {
		refusals[refusal(code)] = object{"description": meaning(code), "content": object{"application/json": object{"schema": failed}}}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err = e.Encode(struct { // in the order that people read
		OpenAPI    string            `json:"openapi"`
		Info       object            `json:"info"`
		Paths      map[string]object `json:"paths"`
		Security   []object          `json:"security"`
		Components object            `json:"components"`
	}{
		"3.1.1",
		object{"title": "trueup", "version": "1", "description": about},
		paths,
		[]object{{"token": []string{}}, {}},
		object{"schemas": types.schemas, "responses": refusals, "securitySchemes": object{"token": object{
			"type": "http", "scheme": "bearer", "description": "Made by trueup token; a worker on loopback without tokens answers without, and takes no decisions",
		}}},
	})
	return out.Bytes(), err
}

// operation is one operation of a path.
func operation(types *types, o web.Operation) (object, error) {
	told := object{"operationId": o.Name, "summary": o.Summary}
	if len(o.Params) > 0 {
		var params []object
		for _, p := range o.Params {
			params = append(params, object{"name": p.Name, "in": p.In, "required": p.Required(), "description": p.Meaning, "schema": p.Schema})
		}
		told["parameters"] = params
	}
	if o.Body != nil {
		body, err := types.content(o.Body.Media, o.Body.Of)
		if err != nil {
			return nil, err
		}
		told["requestBody"] = object{"required": true, "description": o.Body.Meaning, "content": body}
	}
	answer, err := types.content(o.Media, o.Answer)
	if err != nil {
		return nil, err
	}
	for _, media := range o.Texts {
		answer[media] = object{"schema": object{"type": "string"}}
	}
	responses := object{strconv.Itoa(o.Code): object{"description": http.StatusText(o.Code), "content": answer}}
	for _, code := range o.Refusals() {
		responses[strconv.Itoa(code)] = object{"$ref": "#/components/responses/" + refusal(code)}
	}
	told["responses"] = responses
	return told, nil
}

// refusal names the answer with a code, like NotFound.
func refusal(code int) string { return strings.ReplaceAll(http.StatusText(code), " ", "") }

// meaning is when a code is answered.
func meaning(code int) string {
	return map[int]string{
		http.StatusBadRequest:            "The question is asked wrongly: a parameter that there is not, or that cannot be read",
		http.StatusUnauthorized:          "The worker has tokens, and none was shown, or one that is nobody's",
		http.StatusForbidden:             "It is not for whoever asks",
		http.StatusNotFound:              "What is asked for is not there",
		http.StatusConflict:              "It is worked out for one asker at a time, or something else was decided already",
		http.StatusRequestEntityTooLarge: "What is told is too large",
		http.StatusUnsupportedMediaType:  "What is told is of another media type",
		http.StatusTooManyRequests:       "Asked too often; Retry-After says when it is worth asking again",
		http.StatusMisdirectedRequest:    "The Host header names another host than this worker's",
		http.StatusInternalServerError:   "The worker's own fault; its log says more",
		http.StatusServiceUnavailable:    "Not now; Retry-After says when it is worth asking again",
	}[code]
}
