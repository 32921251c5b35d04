package wire

import "testing"

func TestRejectedHeaders(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  Raw
		want Reason
		says string
	}{
		{"two values", Raw{Header: ceHeaders("ce-id", "e2")}, BadHeader, "header ce-id is there twice"},
		{"two cases", Raw{Header: ceHeaders("CE-ID", "e2")}, BadHeader, "header ce-id is there twice"},
		{"two content types", Raw{Header: ceHeaders("Content-Type", "application/json", "content-type", "application/json")}, BadHeader, "Content-Type is there 2 times"},
		{"half an escape", Raw{Header: ceHeaders("ce-x", "100%2")}, BadHeader, `ce-x has a value that is not percent-encoded UTF-8: "100%2"`},
		{"no escape", Raw{Header: ceHeaders("ce-x", "%zz")}, BadHeader, "ce-x"},
		{"signed escape", Raw{Header: ceHeaders("ce-x", "%+1")}, BadHeader, "ce-x"},
		{"not UTF-8", Raw{Header: ceHeaders("ce-x", "%ff")}, BadHeader, "ce-x"},
		{"a NUL", Raw{Header: ceHeaders("ce-tenant", "a%00")}, WrongTenant, `tenant is "a\x00"`},
		{"odd name", Raw{Header: ceHeaders("ce-a_b", "x")}, BadHeader, "header ce-a_b is not an attribute"},
		{"data", Raw{Header: ceHeaders("ce-data", "x")}, BadHeader, "header ce-data is not an attribute"},
		{"no specversion", Raw{Header: map[string][]string{"ce-id": {"e1"}}, Body: []byte(churned)}, NotACloudEvent, "the header ce-specversion is missing"},
		{"content type", Raw{Header: ceHeaders("Content-Type", "text/csv")}, BadValue, `datacontenttype "text/csv"`},
		{"content types", Raw{Header: ceHeaders("Content-Type", "text/csv", "ce-datacontenttype", "application/json")}, BadHeader, "ce-datacontenttype"},
		{"batch", Raw{Header: map[string][]string{"Content-Type": {"application/cloudevents-batch+json"}}, Body: []byte("[]")}, NotACloudEvent, "send one event"},
		{"not an event", Raw{Header: map[string][]string{"Content-Type": {"application/cloudevents+json"}}, Body: []byte(churned)}, UnknownField, "account_id is not an attribute"},
		{"no body", Raw{Header: ceHeaders(), Body: []byte(" ")}, Empty, "the body is empty"},
		{"array", Raw{Header: ceHeaders(), Body: []byte("[]")}, BadValue, "data must be an object, not a list"},
		{"duplicate", Raw{Header: ceHeaders(), Body: []byte(`{"a":1,"a":1}`)}, DuplicateField, "data.a is there twice"},
		{"other tenant", Raw{Subject: "crm.other.churn.effective", Header: ceHeaders()}, WrongTenant, `subject "crm.other.churn.effective" is of tenant "other"`},
		{"other subject", Raw{Subject: "crm.acme.expansion.booked", Header: ceHeaders()}, WrongSubject, `travels on "crm.acme.churn.effective"`},
		{"longer subject", Raw{Subject: "crm.acme.churn.effective.v1", Header: ceHeaders()}, WrongSubject, "travels on"},
		{"short subject", Raw{Subject: "crm", Header: ceHeaders()}, WrongTenant, "subject"},
	} {
		if tt.raw.Body == nil {
			tt.raw.Body = []byte(churned)
		}
		_, err := Decoder{Tenant: "acme"}.Decode(tt.raw)
		wantReject(t, tt.name, err, tt.want, tt.says)
	}
	_, err := Decoder{}.Decode(Raw{Subject: "crm", Body: []byte(structured)})
	wantReject(t, "no tenant anywhere", err, WrongSubject, "travels on")
	_, err = Decoder{}.Decode(Raw{Subject: "crm.acme.churn.effective", Header: ceHeaders("ce-tenant", "b"), Body: []byte(churned)})
	wantReject(t, "tenant and subject disagree", err, WrongTenant, `tenant is "b", this is "acme"`)
}
