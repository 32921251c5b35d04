package wire

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

func TestSubject(t *testing.T) {
	for _, tt := range []struct {
		of   event.Type
		want string
	}{
		{"crm.expansion.booked.v1", "crm.acme.expansion.booked"},
		{"billing.invoice.payment_failed.v1", "billing.acme.invoice.payment_failed"},
		{"payout.adjustment.issued.v1", "payout.acme.adjustment.issued"},
		{"sla.risk.breached.v1", "sla.acme.risk.breached"},
		{Tick, "clock.acme"},
	} {
		if got := Subject("acme", tt.of); got != tt.want {
			t.Errorf("Subject(acme, %s) = %s, want %s", tt.of, got, tt.want)
		}
	}
	for _, name := range Types() {
		raw := Raw{Subject: Subject("acme", name), Body: samples(t, name)[0]}
		if _, err := (Decoder{Tenant: "acme"}).Decode(raw); err != nil {
			t.Errorf("Decode on %s: %v", raw.Subject, err)
		}
	}
}

// TestEncodeRefuses checks that nothing is written that would not be read.
func TestEncodeRefuses(t *testing.T) {
	head := func(of event.Type) event.Header {
		return event.Header{
			Identity: event.Identity{Source: "crm", ID: "e1"},
			Type:     of, Time: time.Date(2027, time.February, 10, 15, 4, 5, 0, time.UTC),
		}
	}
	day := civil.On(2027, time.March, 1)
	usd := money.Money{Minor: 100, Currency: "USD"}
	by := event.By{By: "d", ByRole: "cfo"}
	for _, tt := range []struct {
		e    event.Event
		want Reason
		says string
	}{
		{event.ChurnEffective{}, UnknownType, `type "" is not known`},
		{event.ChurnEffective{Header: head(Tick)}, UnknownType, "type clock.ticked.v1 is not that of a event.ChurnEffective"},
		{event.ChurnEffective{Header: event.Header{Type: "crm.churn.effective.v1"}}, BadValue, "id is empty"},
		{event.ChurnEffective{Header: head("crm.churn.effective.v1")}, MissingField, "data.account_id is missing"},
		{event.ChurnEffective{Header: head("crm.churn.effective.v1"), Account: "a"}, MissingField, "data.effective_on is missing"},
		{event.ChurnEffective{Header: head("crm.churn.effective.v1"), Account: "a", Effective: civil.Never}, BadDate, "not plausible"},
		{event.ChurnEffective{Header: head("crm.churn.effective.v1"), Account: "a", Effective: day, Reason: "\xff"}, BadValue, "not valid UTF-8"},
		{event.ChurnEffective{Header: head("crm.churn.effective.v1"), Account: "a\xff", Effective: day}, BadValue, "not valid UTF-8"},
		{event.AccountReactivated{Header: head("crm.account.reactivated.v1"), Account: "a", Effective: day}, MissingField, "data.arr is missing"},
		{event.AccountReactivated{Header: head("crm.account.reactivated.v1"), Account: "a", Effective: day, ARR: money.Money{Currency: "usd"}}, BadCurrency, "data.arr.currency"},
		{event.AccountReactivated{Header: head("crm.account.reactivated.v1"), Account: "a", Effective: day, ARR: money.Money{Minor: math.MaxInt64, Currency: "USD"}}, BadAmount, "too large"},
		{event.AccountAssigned{Header: head("crm.account.assigned.v1"), Account: "a", Payee: "p", Role: event.Manager, Effective: day}, BadValue, "data.role"},
		{event.Invoice{Header: head("billing.invoice.paid.v1"), State: event.InvoiceVoided}, BadValue, "is not that of billing.invoice.paid.v1"},
		{event.RenewalBooked{Header: head("crm.renewal.booked.v1"), Renewal: "r", Account: "a", Subscription: "s", Term: event.Term{Start: day, End: day + 1, ARR: usd}}, UnknownField, "subscription_id"},
		{event.ExpansionStage{Header: head("crm.opportunity.stage_changed.v1"), Deal: event.Deal{Opportunity: "o", Account: "a"}, Stage: "Open"}, BadDate, "closed_at"},
		{event.UpliftScheduled{Header: head("crm.uplift.scheduled.v1"), Opportunity: "o", Account: "a", SignedAt: time.Unix(0, 0)}, MissingField, "data.steps has no step"},
		{event.AdoptionMeasured{Header: head("crm.adoption.measured.v1"), Account: "a", Rate: money.Ratio{Num: 1, Den: 3}}, BadValue, "data.rate 1/3 has no exact decimal"},
		{event.AdoptionMeasured{Header: head("crm.adoption.measured.v1"), Account: "a"}, BadValue, "data.rate 0/0 has no exact decimal"},
		{event.DisputeDecided{
			Header: head("admin.dispute.decided.v1"), By: by, Dispute: "d", Opportunity: "o", Account: "a", DecidedAt: time.Unix(0, 0),
			Split: []event.Share{{Payee: "b", BPS: 5000}, {Payee: "a", BPS: 5000}},
		}, BadValue, "not sorted"},
		{event.PeriodLocked{Header: head("admin.period.locked.v1"), By: by}, BadDate, "data.period 0000-Q1 is not plausible"},
	} {
		_, err := Encode(tt.e)
		wantReject(t, "Encode", err, tt.want, tt.says)
	}
}

func TestInstants(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"2027-02-10T15:04:05Z", "2027-02-10T15:04:05Z"},
		{"2027-02-10T15:04:05.000000001Z", "2027-02-10T15:04:05.000000001Z"},
		{"2027-02-10T15:04:05.1234567899Z", "2027-02-10T15:04:05.123456789Z"},
		{"2027-03-01T00:30:00+05:30", "2027-02-28T19:00:00Z"},
		{"2028-02-28T23:30:00-01:00", "2028-02-29T00:30:00Z"},
		{"1970-01-01T00:00:00-00:00", "1970-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
	} {
		got, why := parseInstant([]byte(tt.in))
		if got.Format(time.RFC3339Nano) != tt.want || why != "" {
			t.Errorf("parseInstant(%s) = %v, %q; want %s", tt.in, got, why, tt.want)
		}
	}
	for _, bad := range []string{
		"", "2027-02-10", "2027-02-10T15:04Z", "2027-02-10 15:04:05Z", "2027-02-10T15:04:05", "2027-02-10T15:04:05z",
		"2027-02-10T15:04:05,5Z", "2027-02-10T15:04:05.Z", "2027-02-10T24:00:00Z", "2027-02-10T15:60:00Z", "2027-02-10T15:04:60Z",
		"2027-02-29T15:04:05Z", "2027-13-01T15:04:05Z", "2027-00-01T15:04:05Z", "2027-02-10T15:04:05+24:00", "2027-02-10T15:04:05+0100",
		"2027-02-10T15:04:05+01:60", "2027-02-10T15:04:05ZZ", "+027-02-10T15:04:05Z", "2027-02-10T15:04:05.5", "2027-02-10T1\xff:04:05Z",
		"1970-01-01T00:00:00+00:01", "0001-01-01T00:00:00Z", strings.Repeat("2", 1000),
	} {
		if got, why := parseInstant([]byte(bad)); why == "" {
			t.Errorf("parseInstant(%q) = %v, want an error", bad, got)
		}
	}
}

func TestAppendMoney(t *testing.T) {
	for _, c := range []money.Currency{"USD", "JPY", "KWD", "CLF"} {
		for _, minor := range []int64{0, 1, -1, 9, 10, 99, 100, -100, 12345, money.Limit, -money.Limit} {
			m := money.Money{Minor: minor, Currency: c}
			if got := string(appendMoney(nil, m)); got != m.Decimal() {
				t.Errorf("appendMoney(%d %s) = %s, want %s", minor, c, got, m.Decimal())
			}
		}
	}
}
