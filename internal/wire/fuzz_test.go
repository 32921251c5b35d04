package wire

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/trueup/trueup/domain"
)

// FuzzDecode: nothing panics, every refusal has a reason, and what decodes is
// written and read back to the same event and sum.
func FuzzDecode(f *testing.F) {
	for _, name := range Types() {
		for _, line := range samples(f, name) {
			f.Add(line, "", "")
		}
	}
	f.Add([]byte(churned), "crm.churn.effective.v1", "2027-02-10T15:04:05Z")
	f.Add([]byte(structured[:80]), "", "")
	f.Add([]byte(`{"specversion":"1.0","id":"\ud83d\ude00","a":-0.0e+1,"data":[[{}],true,null]}`), "", "")
	f.Fuzz(func(t *testing.T, body []byte, ceType, ceTime string) {
		raw := Raw{Body: bytes.Clone(body)}
		if ceType != "" {
			raw.Header = ceHeaders()
			raw.Header["ce-type"], raw.Header["CE-Time"] = []string{ceType}, []string{ceTime}
			delete(raw.Header, "ce-time")
		}
		who, known := Identify(raw)
		in, err := Decoder{}.Decode(raw)
		if !bytes.Equal(raw.Body, body) {
			t.Fatal("Decode writes to its input")
		}
		if err != nil {
			if ReasonOf(err) == "" || domain.KindOf(err) != domain.Invalid || !utf8.ValidString(err.Error()) || len(err.Error()) > 1000 {
				t.Fatalf("Decode: reason %q, kind %v, %q", ReasonOf(err), domain.KindOf(err), err)
			}
			return
		}
		if !known || who != in.Event.Head().Identity {
			t.Fatalf("Identify = %v, %v; want %v", who, known, in.Event.Head().Identity)
		}
		clear(raw.Body) // the event must not point into it
		checkRoundTrip(t, in)
	})
}
