package wire

import (
	"testing"

	"github.com/trueup/trueup/domain/event"
)

var benchTypes = []event.Type{
	"crm.expansion.booked.v1", "crm.health.scored.v1", "crm.renewal.booked.v1", "billing.invoice.paid.v1",
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range benchTypes {
		raw := Raw{
			Subject: Subject("default", name),
			Header:  map[string][]string{"Content-Type": {"application/cloudevents+json"}, "Nats-Msg-Id": {"evt-1"}},
			Body:    samples(b, name)[0],
		}
		b.Run(string(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (Decoder{Tenant: "default"}).Decode(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeCanonical(b *testing.B) {
	in, err := DecodeLine(samples(b, benchTypes[0])[0], "")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeCanonical(in.Canonical); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	in, err := DecodeLine(samples(b, benchTypes[0])[0], "")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(in.Event); err != nil {
			b.Fatal(err)
		}
	}
}
