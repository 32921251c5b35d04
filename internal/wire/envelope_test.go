package wire

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
)

const churned = `{"account_id":"acct-1","effective_on":"2027-03-01"}`

// structured is a good event to be broken by replacement.
const structured = `{"specversion":"1.0","id":"e1","source":"crm","type":"crm.churn.effective.v1",` +
	`"time":"2027-02-10T15:04:05Z","datacontenttype":"application/json","data":` + churned + `}`

func ceHeaders(more ...string) map[string][]string {
	h := map[string][]string{
		"ce-specversion": {"1.0"}, "ce-id": {"e1"}, "ce-source": {"crm"},
		"ce-type": {"crm.churn.effective.v1"}, "ce-time": {"2027-02-10T15:04:05Z"},
	}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = append(h[more[i]], more[i+1])
	}
	return h
}

// TestModes checks that every way to send one event gives the same input.
func TestModes(t *testing.T) {
	want, err := Decoder{}.Decode(Raw{Body: []byte(structured)})
	if err != nil {
		t.Fatal(err)
	}
	upper := map[string][]string{}
	for k, v := range ceHeaders() {
		upper[strings.ToUpper(k)] = v
	}
	percent := ceHeaders()
	percent["ce-source"] = []string{"%63r%6D"}
	other := ceHeaders()
	other["ce-id"] = []string{"other"}
	other["Content-Type"] = []string{"application/cloudevents+json; charset=utf-8"}
	const subject = "crm.acme.churn.effective"
	for name, raw := range map[string]Raw{
		"structured":                  {Subject: subject, Header: map[string][]string{"content-type": {"application/CloudEvents+JSON"}}, Body: []byte(structured)},
		"structured, other type":      {Header: map[string][]string{"Content-Type": {"text/plain"}}, Body: []byte(structured)},
		"structured by content type":  {Header: other, Body: []byte(structured)},
		"structured, stray ce header": {Header: map[string][]string{"ce-id": {"other"}}, Body: []byte(structured)},
		"structured, two-valued":      {Header: map[string][]string{"X-Trace": {"a", "b"}, "x-trace": {"c"}, "Empty": nil}, Body: []byte(structured)},
		"structured, tenant":          {Body: []byte(strings.Replace(structured, `"id"`, `"tenant":"acme","id"`, 1))},
		"structured, extensions":      {Body: []byte(strings.Replace(structured, `"id"`, `"traceparent":"00-1","seq":7,"flag":true,"none":null,"subject":"x","id"`, 1))},
		"binary":                      {Subject: subject, Header: ceHeaders(), Body: []byte(churned)},
		"binary, tenant":              {Subject: subject, Header: ceHeaders("ce-tenant", "acme", "ce-traceparent", "00-1"), Body: []byte(churned)},
		"binary, upper case":          {Header: upper, Body: []byte(churned)},
		"binary, percent":             {Header: percent, Body: []byte(churned)},
		"binary, content type":        {Header: ceHeaders("Content-Type", "application/json; charset=utf-8"), Body: []byte(churned)},
		"binary, both content types":  {Header: ceHeaders("Content-Type", "application/json", "ce-datacontenttype", "Application/JSON"), Body: []byte(churned)},
	} {
		got, err := Decoder{Tenant: "acme"}.Decode(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	// Headers win over an envelope in the body, which is then the data.
	_, err = Decoder{}.Decode(Raw{Header: ceHeaders(), Body: []byte(structured)})
	wantReject(t, "binary with an envelope as data", err, MissingField, "data.account_id is missing")
}

func TestTick(t *testing.T) {
	const tick = `{"specversion":"1.0","id":"t1","source":"trueup/acme","type":"clock.ticked.v1","time":"2027-02-10T15:04:05Z"}`
	head := ceHeaders()
	head["ce-type"], head["ce-id"], head["ce-source"] = []string{"clock.ticked.v1"}, []string{"t1"}, []string{"trueup/acme"}
	at := time.Date(2027, time.February, 10, 15, 4, 5, 0, time.UTC)
	want := event.Event(event.Ticked{Header: event.Header{
		Identity: event.Identity{Source: "trueup/acme", ID: "t1"}, Type: Tick, Time: at,
	}})
	for name, raw := range map[string]Raw{
		"absent": {Body: []byte(tick)},
		"null":   {Body: []byte(strings.Replace(tick, `}`, `,"data":null}`, 1))},
		"empty":  {Subject: "clock.acme", Body: []byte(strings.Replace(tick, `}`, `,"data":{}}`, 1))},
		"binary": {Subject: "clock.acme", Header: head},
		"spaces": {Subject: "clock.acme", Header: head, Body: []byte(" \n")},
	} {
		got, err := Decoder{Tenant: "acme"}.Decode(raw)
		if err != nil || got.Event != want {
			t.Errorf("%s: %+v, %v; want %+v", name, got.Event, err, want)
		}
	}
	_, err := DecodeLine([]byte(strings.Replace(tick, `}`, `,"data":{"x":1}}`, 1)), "")
	wantReject(t, "tick with data", err, UnknownField, "data.x is not a field of clock.ticked.v1")
}

func TestRejectedEnvelopes(t *testing.T) {
	long := strings.Repeat("x", 257)
	for _, tt := range []struct {
		old, new string
		want     Reason
		says     string
	}{
		{`"specversion":"1.0"`, `"specversion":"0.3"`, NotACloudEvent, `specversion "0.3" is not supported`},
		{`"specversion":"1.0"`, `"specversion":1.0`, BadValue, `specversion must be a string, not a number`},
		{`"specversion":"1.0"`, `"specversion":null`, NotACloudEvent, `specversion is missing`},
		{`"specversion":"1.0",`, ``, NotACloudEvent, `the body is not a CloudEvent`},
		{`"id":"e1"`, `"id":""`, BadValue, `id is empty`},
		{`"id":"e1"`, `"id":7`, BadValue, `id must be a string, not a number`},
		{`"id":"e1",`, ``, MissingField, `id is missing`},
		{`"id":"e1"`, `"id":"` + long + `"`, BadValue, `id is longer than 256 bytes`},
		{`"id":"e1"`, `"id":"a\nb"`, BadValue, `id "a\nb" has a control character`},
		{`"id":"e1"`, `"id":"e1","id":"e2"`, DuplicateField, `id is there twice`},
		{`"source":"crm"`, `"source":"\u0000"`, BadValue, `source "\x00" has a control character`},
		{`"source":"crm",`, ``, MissingField, `source is missing`},
		{`"type":"crm.churn.effective.v1",`, ``, MissingField, `type is missing`},
		{`.v1`, `.v2`, UnknownType, `type "crm.churn.effective.v2" is not known`},
		{`"time":"2027-02-10T15:04:05Z",`, ``, MissingField, `time is missing`},
		{`2027-02-10T15:04:05Z`, `yesterday`, BadDate, `time "yesterday" is not an instant like`},
		{`2027-02-10T15:04:05Z`, `1969-12-31T23:59:59Z`, BadDate, `time "1969-12-31T23:59:59Z" is not plausible`},
		{`2027-02-10T15:04:05Z`, `9999-12-31T23:59:59-01:00`, BadDate, `not plausible`},
		{`application/json`, `application/xml`, BadValue, `datacontenttype "application/xml" is not supported`},
		{`"id":"e1"`, `"id":"e1","tenant":"other"`, WrongTenant, `tenant is "other", this is "acme"`},
		{`"id":"e1"`, `"id":"e1","tenant":{}`, BadValue, `tenant must be a string, not an object`},
		{`"id":"e1"`, `"id":"e1","subject":7`, BadValue, `subject must be a string, not a number`},
		{`"id":"e1"`, `"id":"e1","extra":[]`, BadValue, `extra must be a string, not a list`},
		{`"id":"e1"`, `"id":"e1","recordedTime":"2027-02-10T15:04:05Z"`, UnknownField, `recordedTime is not an attribute of a CloudEvent`},
		{`"id":"e1"`, `"id":"e1","recordedtime":"2027-02-10"`, BadDate, `recordedtime "2027-02-10" is not an instant`},
		{`"id":"e1"`, `"id":"e1","data_base64":"e30="`, BadValue, `data_base64 is not supported`},
		{`"data":` + churned, `"data":null`, MissingField, `data is missing`},
		{`,"data":` + churned, ``, MissingField, `data is missing`},
		{`"data":` + churned, `"data":"x"`, BadValue, `data must be an object, not a string`},
		{structured, `[` + structured + `]`, NotACloudEvent, `the body is not a CloudEvent`},
		{structured, ``, Empty, `the body is empty`},
		{structured, " \r\n", Empty, `the body is empty`},
		{structured, structured + `x`, NotJSON, `the body has more after its JSON`},
		{structured, structured[:40], NotJSON, `it ends early, at byte 40`},
		{structured, "\xef\xbb\xbf" + structured, NotJSON, `unexpected '\ufeff' at byte 0`},
		{structured, strings.Replace(structured, "e1", "\xff", 1), NotJSON, `not valid UTF-8`},
		{`"e1"`, `"\ud800"`, NotJSON, `half a surrogate pair`},
		{`"e1"`, `"\ud800\u0041"`, NotJSON, `half a surrogate pair`},
		{`"e1"`, `"\x41"`, NotJSON, `unexpected 'x'`},
		{`"e1"`, `"\u00g1"`, NotJSON, `unexpected 'g'`},
		{`"e1"`, "\"a\tb\"", NotJSON, `unexpected '\t'`},
		{`"id":"e1"`, `"id":"e1","n":01`, NotJSON, `unexpected '1'`},
		{`"id":"e1"`, `"id":"e1","n":1.`, NotJSON, `unexpected ','`},
		{`"id":"e1"`, `"id":"e1","n":+1`, NotJSON, `unexpected '+'`},
		{`"id":"e1"`, `"id":"e1","n":NaN`, NotJSON, `unexpected 'N'`},
		{`"id":"e1"`, `"id":"e1",`, NotJSON, `unexpected ','`},
		{`"id":"e1"`, `"id":"e1","n":1e+`, NotJSON, `unexpected ','`},
		{`"id":"e1"`, `"id":"e1","n":[1 2]`, NotJSON, `unexpected '2'`},
		{`"id":"e1"`, `"id":"e1","n":nul`, NotJSON, `unexpected 'n'`},
		{`"id":"e1"`, `"i\u`, NotJSON, `unexpected`},
		{`"id":"e1"`, `'id':'e1'`, NotJSON, `unexpected '\''`},
		{churned, strings.Repeat("[", 40) + strings.Repeat("]", 40), TooDeep, `nested more than 32 deep`},
		{churned, strings.Repeat("[", 100_000), TooDeep, `nested more than 32 deep`},
		{churned, `[` + strings.Repeat("1,", 5000) + `1]`, TooLarge, `more than 4096 values`},
		{churned, `{` + numbered(300) + `}`, TooLarge, `data has more than 256 fields`},
	} {
		bad := strings.Replace(structured, tt.old, tt.new, 1)
		_, err := Decoder{Tenant: "acme"}.Decode(Raw{Body: []byte(bad)})
		wantReject(t, bad[:min(len(bad), 300)], err, tt.want, tt.says)
	}
	_, err := Decoder{Limits: Limits{MaxBody: 100}}.Decode(Raw{Body: []byte(structured)})
	wantReject(t, "MaxBody 100", err, TooLarge, "100 are allowed")
}

// numbered is n fields with different names.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"k`)
		b.WriteString(strings.Repeat("i", i))
		b.WriteString(`":1`)
	}
	return b.String()[1:]
}

func TestDecodeCanonicalIsCorrupt(t *testing.T) {
	if _, err := DecodeCanonical([]byte(`{}`)); domain.KindOf(err) != domain.Corrupt {
		t.Errorf("DecodeCanonical({}) = %v of kind %v, want corrupt", err, domain.KindOf(err))
	}
}
