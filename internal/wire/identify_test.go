package wire

import (
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/event"
)

func TestIdentify(t *testing.T) {
	want := event.Identity{Source: "crm", ID: "e1"}
	for _, tt := range []struct {
		name  string
		raw   Raw
		known bool
	}{
		{"good", Raw{Body: []byte(structured)}, true},
		{"cut", Raw{Body: []byte(structured[:60])}, true},
		{"unknown type", Raw{Body: []byte(strings.Replace(structured, "churn", "burn", 1))}, true},
		{"bad UTF-8 elsewhere", Raw{Body: []byte(strings.Replace(structured, "acct-1", "\xff", 1))}, true},
		{"too large", Raw{Body: []byte(strings.Replace(structured, "acct-1", strings.Repeat("é", DefaultMaxBody), 1))}, true},
		{"binary", Raw{Header: ceHeaders()}, true},
		{"binary with a bad header", Raw{Header: ceHeaders("ce-zz", "%zz")}, true},
		{"cut before the id is whole", Raw{Body: []byte(`{"source":"crm","id":"e`)}, false},
		{"no source", Raw{Body: []byte(`{"id":"e1"}`)}, false},
		{"ids deeper down", Raw{Body: []byte(`{"data":{"id":"e1","source":"crm"}}`)}, false},
		{"a number", Raw{Body: []byte(`{"id":1,"source":"crm"}`)}, false},
		{"an id with a control character", Raw{Body: []byte(`{"id":"e\n","source":"crm"}`)}, false},
		{"nothing", Raw{}, false},
	} {
		got, known := Identify(tt.raw)
		if known != tt.known || known && got != want {
			t.Errorf("Identify(%s) = %v, %v; want %v, %v", tt.name, got, known, want, tt.known)
		}
	}
}

// Headers that differ only in case are an error in either order of a map; who
// sent them is always the same.
func TestIdentifyIsStable(t *testing.T) {
	for range 50 {
		got, known := Identify(Raw{Header: map[string][]string{
			"ce-id": {"e1"}, "Ce-Id": {"e2"}, "ce-source": {"crm"}, "Content-Type": {"a/b"}, "content-type": {"a/b"},
		}})
		if want := (event.Identity{Source: "crm", ID: "e2"}); !known || got != want {
			t.Fatalf("Identify() = %v, %v; want %v", got, known, want)
		}
	}
}
