package wire_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/wire"
)

// mix is what a company would tell, as messages: in structured mode, or with
// the envelope in headers. Both have what a broker's message has besides.
func mix(t testing.TB, n int, binary bool) []wire.Raw {
	t.Helper()
	company := demo.Company{Seed: 1, CSMs: 10, AEs: 3, Accounts: 200, From: civil.On(2027, 1, 1), Until: civil.On(2027, 12, 31)}
	var out []wire.Raw
	skip := 1000 // what is told on the first day is not like the rest
	for a := range company.Events() {
		if skip--; skip >= 0 {
			continue
		}
		if len(out) == n {
			return out
		}
		line, err := demo.Line(a)
		if err != nil {
			t.Fatal(err)
		}
		head := a.Event.Head()
		raw := wire.Raw{
			Subject: wire.Subject("acme", head.Type), Body: line,
			Header: map[string][]string{"Content-Type": {"application/cloudevents+json"}, "Nats-Msg-Id": {fmt.Sprint("m-", len(out))}},
		}
		if binary {
			raw = inHeaders(t, raw, a)
		}
		out = append(out, raw)
	}
	t.Fatalf("the company told %d events, want %d", len(out), n)
	return nil
}

// inHeaders is the same event in binary mode.
func inHeaders(t testing.TB, raw wire.Raw, a demo.Arrival) wire.Raw {
	t.Helper()
	in, err := wire.DecodeLine(raw.Body, "acme")
	if err != nil {
		t.Fatal(err)
	}
	head := in.Event.Head()
	raw.Header["Content-Type"] = []string{"application/json"}
	for name, value := range map[string]string{
		"specversion": "1.0", "type": string(head.Type), "source": head.Source, "id": head.ID,
		"time": head.Time.Format("2006-01-02T15:04:05.999999999Z07:00"), "recordedtime": a.Recorded.Format("2006-01-02T15:04:05.999999999Z07:00"),
	} {
		raw.Header["ce-"+name] = []string{value}
	}
	raw.Body = dataOf(t, in.Canonical)
	return raw
}

// BenchmarkMix decodes what a company would tell, an event each time.
func BenchmarkMix(b *testing.B) {
	for _, mode := range []string{"structured", "binary"} {
		events := mix(b, 2000, mode == "binary")
		b.Run(mode, func(b *testing.B) {
			b.ReportAllocs()
			d, i := wire.Decoder{Tenant: "acme"}, 0
			for b.Loop() {
				if _, err := d.Decode(events[i%len(events)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// dataOf is the data of a canonical event.
func dataOf(t testing.TB, canonical []byte) []byte {
	t.Helper()
	var e struct{ Data json.RawMessage }
	if err := json.Unmarshal(canonical, &e); err != nil {
		t.Fatal(err)
	}
	return e.Data
}
