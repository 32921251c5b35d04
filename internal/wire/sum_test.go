package wire

import (
	"strings"
	"testing"
	"time"
)

func TestRecorded(t *testing.T) {
	line := strings.Replace(structured, `"id"`, `"recordedtime":"2027-05-05T14:00:00.5+02:00","id"`, 1)
	in, err := DecodeLine([]byte(line+"\r\n"), "")
	want := time.Date(2027, time.May, 5, 12, 0, 0, 500_000_000, time.UTC)
	if err != nil || in.Recorded != want {
		t.Errorf("Recorded = %v, %v; want %v", in.Recorded, err, want)
	}
	if strings.Contains(string(in.Canonical), "2027-05-05") {
		t.Errorf("Canonical has an extension: %s", in.Canonical)
	}
}

// TestSums checks that the sum is that of the content alone.
func TestSums(t *testing.T) {
	sum := func(line string) [16]byte {
		t.Helper()
		in, err := DecodeLine([]byte(line), "")
		if err != nil {
			t.Fatal(err)
		}
		return in.Sum
	}
	booked := envelopeOf("crm.expansion.booked.v1", sample("crm.expansion.booked.v1", 0))
	renamed := strings.Replace(booked, `"id":"e1"`, `"id":"e2"`, 1)
	for _, same := range []struct{ name, line string }{
		{"other identity", renamed},
		{"other source", strings.Replace(booked, `"source":"crm"`, `"source":"erp"`, 1)},
		{"extensions", strings.Replace(booked, `"id"`, `"recordedtime":"2027-05-05T14:00:00Z","id"`, 1)},
		{"white space", strings.ReplaceAll(strings.ReplaceAll(booked, `,"`, " ,\n\t\""), `":`, `" : `)},
		{"keys in another order", strings.Replace(strings.Replace(booked, `"opportunity_id":"opp-1",`, ``, 1), `,"flags"`, `,"opportunity_id":"opp-1","flags"`, 1)},
		{"escapes", strings.Replace(booked, `"acct-1"`, `"\u0061cct\u002d1"`, 1)},
		{"time zone", strings.ReplaceAll(booked, `15:04:05Z`, `16:04:05.000+01:00`)},
		{"amount", strings.Replace(booked, `24000.00`, `24000`, 1)},
		{"null", strings.Replace(booked, `"flags"`, `"csm_id":null,"flags"`, 1)},
	} {
		if got := sum(same.line); got != sum(booked) {
			t.Errorf("%s: sum %x, want %x", same.name, got, sum(booked))
		}
	}
	for _, other := range []struct{ name, line string }{
		{"amount", strings.Replace(booked, `24000.00`, `24000.01`, 1)},
		{"time", strings.Replace(booked, `15:04:05Z`, `15:04:06Z`, 1)},
		{"flags", strings.Replace(booked, `,"flags":["legal"]`, ``, 1)},
	} {
		if sum(other.line) == sum(booked) {
			t.Errorf("another %s has the same sum", other.name)
		}
	}
	confirmed := sample("crm.churn.effective.v1", 0)
	if sum(envelopeOf("crm.churn.effective.v1", strings.Replace(confirmed, `,"reason":"budget"`, ``, 1))) ==
		sum(envelopeOf("crm.churn.cancelled.v1", strings.Replace(confirmed, `,"reason":"budget"`, ``, 1))) {
		t.Errorf("two types with equal data have one sum")
	}
}
