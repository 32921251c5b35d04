package wire

import (
	"errors"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
)

const usd = `{"amount":"24000.00","currency":"USD"}`

// sample is the whole of one good event's data, to be broken by replacement.
func sample(of event.Type, nth int) string {
	return map[event.Type][]string{
		"crm.expansion.booked.v1": {`{"opportunity_id":"opp-1","account_id":"acct-1","incremental_arr":` + usd +
			`,"closed_at":"2027-02-10T15:04:05Z","expansion_kind":"seats","flags":["legal"]}`},
		"crm.payee.enrolled.v1":   {`{"payee_id":"csm-1","role":"csm","effective_on":"2027-01-01","variable_annual":` + usd + `,"annual_target":` + usd + `}`},
		"crm.account.assigned.v1": {`{"account_id":"acct-1","payee_id":"csm-1","role":"csm","effective_on":"2027-01-01"}`},
		"crm.churn.effective.v1":  {`{"account_id":"acct-1","effective_on":"2027-03-01","reason":"budget"}`},
		"crm.renewal.booked.v1":   {`{"renewal_id":"r-1","account_id":"acct-1","term_start":"2027-11-01","term_end":"2028-11-01","arr":` + usd + `}`},
		"crm.opportunity.stage_changed.v1": {
			`{"opportunity_id":"opp-1","account_id":"acct-1","kind":"expansion","stage":"Closed Won","incremental_arr":` + usd + `}`,
			`{"opportunity_id":"opp-1","account_id":"acct-1","kind":"renewal","stage":"Won","arr":` + usd + `,"term_start":"2027-11-01","term_end":"2028-11-01"}`,
			`{"opportunity_id":"opp-1","account_id":"acct-1","kind":"renewal","stage":"Lost","term_end":"2028-11-01"}`,
		},
		"crm.uplift.scheduled.v1": {`{"opportunity_id":"opp-1","account_id":"acct-1","signed_at":"2027-02-10T15:04:05Z","steps":[` +
			`{"effective_on":"2027-03-01","incremental_arr":` + usd + `},{"effective_on":"2028-03-01","incremental_arr":` + usd + `}]}`},
		"crm.contraction.booked.v1":       {`{"contraction_id":"c-1","account_id":"acct-1","effective_on":"2027-03-01","arr_decrease":` + usd + `}`},
		"crm.health.scored.v1":            {`{"account_id":"acct-1","score":78,"scale_max":100,"measured_at":"2027-02-10T15:04:05Z"}`},
		"crm.survey.answered.v1":          {`{"account_id":"acct-1","survey_id":"s-1","kind":"nps","score":9,"answered_at":"2027-02-10T15:04:05Z"}`},
		"crm.adoption.measured.v1":        {`{"account_id":"acct-1","rate":"87.5%","measured_at":"2027-02-10T15:04:05Z"}`},
		"crm.onboarding.completed.v1":     {`{"account_id":"acct-1","started_on":"2027-01-01","completed_on":"2027-02-01"}`},
		"billing.invoice.paid.v1":         {`{"invoice_id":"inv-1","account_id":"acct-1","period_start":"2027-01-01","period_end":"2027-03-31","amount":` + usd + `,"at":"2027-02-10T15:04:05Z"}`},
		"billing.credit_note.issued.v1":   {`{"credit_note_id":"cn-1","invoice_id":"inv-1","account_id":"acct-1","amount":` + usd + `,"reason":"waiver","at":"2027-02-10T15:04:05Z"}`},
		"billing.payout.confirmed.v1":     {`{"period":"2027-Q1","payee_id":"csm-1","amount":` + usd + `,"reference":"pay-1","at":"2027-02-10T15:04:05Z"}`},
		"billing.subscription.renewed.v1": {`{"account_id":"acct-1","subscription_id":"sub-1","term_start":"2026-11-01","term_end":"2027-11-01","arr":` + usd + `}`},
		"admin.exception.approved.v1":     {`{"exception_id":"ex-1","account_id":"acct-1","kind":"merger","from":"2027-03-01","until":"2027-04-01","evidence":"note","by":"d","by_role":"cfo"}`},
		"admin.dispute.decided.v1":        {`{"dispute_id":"d-1","opportunity_id":"opp-1","account_id":"acct-1","decided_at":"2027-02-10T15:04:05Z","split_bps":{"a":7000,"b":3000},"by":"d","by_role":"cfo"}`},
		"admin.objective.attested.v1":     {`{"payee_id":"csm-1","period":"2027-Q1","objective":"x","value":"90%","by":"d","by_role":"cfo"}`},
		"admin.fact.retracted.v1":         {`{"retracted":{"source":"crm","id":"e1"},"reason":"x","by":"d","by_role":"cfo"}`},
		"admin.fx.set.v1":                 {`{"base":"EUR","quote":"USD","rate":"1.08","effective_on":"2027-01-01"}`},
		"admin.plan.published.v1":         {`{"plan_yaml":"plan: x","approvals":[{"role":"cfo","by":"f","at":"2027-02-10T15:04:05Z"}]}`},
		"admin.period.locked.v1":          {`{"period":"2027-Q1","by":"d","by_role":"cfo"}`},
	}[of][nth]
}

func envelopeOf(of event.Type, data string) string {
	return `{"specversion":"1.0","id":"e1","source":"crm","type":"` + string(of) + `","time":"2027-02-10T15:04:05Z","data":` + data + `}`
}

// wantReject checks the reason, the kind and that the sentence has all of parts.
func wantReject(t *testing.T, call string, err error, want Reason, part string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s is taken, want %s", call, want)
	case ReasonOf(err) != want || domain.KindOf(err) != domain.Invalid:
		t.Errorf("%s: reason %q, kind %v (%v), want %q", call, ReasonOf(err), domain.KindOf(err), err, want)
	case !strings.Contains(err.Error(), part):
		t.Errorf("%s: %q does not say %q", call, err, part)
	case len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\n\x00"):
		t.Errorf("%s: %q is not one short sentence", call, err)
	}
}

func TestRejectedData(t *testing.T) {
	const (
		booked, enrolled, assigned = "crm.expansion.booked.v1", "crm.payee.enrolled.v1", "crm.account.assigned.v1"
		churn, renewal, stage      = "crm.churn.effective.v1", "crm.renewal.booked.v1", "crm.opportunity.stage_changed.v1"
		uplift, health, survey     = "crm.uplift.scheduled.v1", "crm.health.scored.v1", "crm.survey.answered.v1"
		adoption, invoice, payout  = "crm.adoption.measured.v1", "billing.invoice.paid.v1", "billing.payout.confirmed.v1"
		exception, decided, fx     = "admin.exception.approved.v1", "admin.dispute.decided.v1", "admin.fx.set.v1"
		attested, retracted, plan  = "admin.objective.attested.v1", "admin.fact.retracted.v1", "admin.plan.published.v1"
	)
	for _, tt := range []struct {
		of       event.Type
		nth      int
		old, new string // replaced once in the sample's data
		want     Reason
		says     string
	}{
		// The shape of the data.
		{churn, 0, `"reason"`, `"raeson"`, UnknownField, "data.raeson is not a field of crm.churn.effective.v1"},
		{churn, 0, `"reason"`, `"account_id"`, DuplicateField, "data.account_id is there twice"},
		{churn, 0, `"reason"`, `"account\u005fid"`, DuplicateField, "data.account_id is there twice"},
		{churn, 0, `"account_id"`, `"Account_ID"`, MissingField, "data.account_id is missing (there is Account_ID, but names are case-sensitive)"},
		{churn, 0, `"acct-1"`, `null`, MissingField, "data.account_id is missing"},
		{churn, 0, `"acct-1"`, `7`, BadValue, "data.account_id must be a string, not a number"},
		{churn, 0, `"budget"`, `{}`, BadValue, "data.reason must be a string, not an object"},
		{booked, 0, usd, `{"amount":"1.00","currency":"USD","note":"x"}`, UnknownField, "data.incremental_arr.note is not a field"},
		{booked, 0, usd, `{"amount":"1.00","amount":"1.00","currency":"USD"}`, DuplicateField, "data.incremental_arr.amount is there twice"},
		{uplift, 0, `"2028-03-01",`, `"2028-03-01","note":1,`, UnknownField, "data.steps[1].note"},
		{plan, 0, `"by":"f"`, `"by":"f","x":1`, UnknownField, "data.approvals[0].x"},
		{retracted, 0, `"id":"e1"`, `"id":"e1","type":"x"`, UnknownField, "data.retracted.type"},
		{churn, 0, `"reason":"budget"`, `"a\u0000b":1`, UnknownField, `data."a\x00b" is not a field`},

		// Ids.
		{churn, 0, `"acct-1"`, `""`, BadValue, "data.account_id is empty"},
		{churn, 0, `"acct-1"`, `"a\u0000b"`, BadValue, `"a\x00b" has a control character`},
		{churn, 0, `"acct-1"`, `"a\u0085b"`, BadValue, `has a control character`},
		{churn, 0, `"acct-1"`, `"acct-1 "`, BadValue, `starts or ends with a space`},
		{churn, 0, `"acct-1"`, `"` + strings.Repeat("é", 65) + `"`, BadValue, "data.account_id is longer than 128 bytes"},
		{enrolled, 0, `"effective_on"`, `"plan_id":"","effective_on"`, BadValue, "data.plan_id is empty"},

		// Closed lists.
		{assigned, 0, `"csm",`, `"manager",`, BadValue, `data.role "manager" is not one of csm, ae, renewal_manager`},
		{enrolled, 0, `"csm",`, `"CSM",`, BadValue, `data.role "CSM" is not one of csm, ae, renewal_manager, manager`},
		{booked, 0, `"seats"`, `"seat"`, BadValue, `data.expansion_kind "seat" is not one of seats, module, uplift, consumption, price`},
		{booked, 0, `["legal"]`, `["legal","boss"]`, BadValue, `data.flags "boss" is not one of`},
		{booked, 0, `["legal"]`, `["legal","legal"]`, BadValue, `data.flags names legal twice`},
		{booked, 0, `["legal"]`, `"legal"`, BadValue, `data.flags must be a list, not a string`},
		{booked, 0, `["legal"]`, `[1]`, BadValue, `data.flags must be a list of strings, but has a number`},
		{exception, 0, `"merger"`, `"because"`, BadValue, "data.kind"},
		{"billing.credit_note.issued.v1", 0, `"waiver"`, `"gift"`, BadValue, "order_change, cancellation, waiver, other"},

		// Money.
		{booked, 0, `"24000.00"`, `24000.00`, BadAmount, `data.incremental_arr.amount is a number; write it as a string: "24000.00"`},
		{booked, 0, `"24000.00"`, `true`, BadAmount, `data.incremental_arr.amount must be a string`},
		{booked, 0, `"24000.00"`, `"24,000.00"`, BadAmount, `data.incremental_arr.amount "24,000.00" is not a plain decimal`},
		{booked, 0, `"24000.00"`, `"2.4e4"`, BadAmount, `is not a plain decimal`},
		{booked, 0, `"24000.00"`, `"24000.001"`, BadAmount, `data.incremental_arr.amount "24000.001" has 3 decimals, USD has 2`},
		{booked, 0, `"24000.00"`, `"99999999999999999"`, BadAmount, `data.incremental_arr.amount`},
		{booked, 0, `"24000.00"`, `"` + strings.Repeat("9", 5000) + `"`, BadAmount, `is too long`},
		{booked, 0, `"24000.00"`, `"0.00"`, BadAmount, `data.incremental_arr.amount is 0.00, but must be above zero`},
		{booked, 0, `"24000.00"`, `"-5"`, BadAmount, `is -5.00, but must be above zero`},
		{booked, 0, `"24000.00","currency":"USD"`, `"24000.00"`, MissingField, `data.incremental_arr.currency is missing`},
		{booked, 0, `"amount":"24000.00",`, ``, MissingField, `data.incremental_arr.amount is missing`},
		{booked, 0, `"USD"`, `"usd"`, BadCurrency, `data.incremental_arr.currency "usd" is not a currency code`},
		{booked, 0, `"USD"`, `"XAU"`, BadCurrency, `data.incremental_arr.currency "XAU"`},
		{booked, 0, `"USD"`, `"JPY"`, BadAmount, `has 2 decimals, JPY has 0`},
		{booked, 0, usd, `"24000.00"`, BadValue, `data.incremental_arr must be an object, not a string`},
		{renewal, 0, `"24000.00"`, `"-0.01"`, BadAmount, `data.arr.amount is -0.01, but must not be below zero`},
		{"billing.subscription.renewed.v1", 0, `"24000.00"`, `"-1"`, BadAmount, `must not be below zero`},
		{"crm.contraction.booked.v1", 0, `"24000.00"`, `"0"`, BadAmount, `data.arr_decrease.amount is 0.00, but must be above zero`},
		{invoice, 0, `"24000.00"`, `"-1"`, BadAmount, `data.amount.amount is -1.00`},
		{"billing.credit_note.issued.v1", 0, `"24000.00"`, `"-1"`, BadAmount, `data.amount.amount is -1.00`},
		{payout, 0, `"24000.00"`, `"0"`, BadAmount, `data.amount.amount is 0.00, but must be above zero`},
		{enrolled, 0, `"24000.00"`, `"-1"`, BadAmount, `data.variable_annual.amount is -1.00, but must not be below zero`},
		{enrolled, 0, `"annual_target":{"amount":"24000.00"`, `"annual_target":{"amount":"0"`, BadAmount, `data.annual_target.amount is 0.00, but must be above zero`},

		// Dates, instants, periods.
		{churn, 0, `2027-03-01`, `2027-02-29`, BadDate, `data.effective_on "2027-02-29" is not a date`},
		{churn, 0, `2027-03-01`, `03/01/2027`, BadDate, `data.effective_on "03/01/2027" is not a date`},
		{churn, 0, `2027-03-01`, `2027-03-01T00:00:00Z`, BadDate, `is not a date`},
		{churn, 0, `2027-03-01`, `1989-12-31`, BadDate, `data.effective_on 1989-12-31 is not plausible`},
		{churn, 0, `2027-03-01`, `2200-01-01`, BadDate, `not plausible`},
		{booked, 0, `2027-02-10T15:04:05Z`, `2027-02-10`, BadDate, `data.closed_at "2027-02-10" is not an instant`},
		{booked, 0, `2027-02-10T15:04:05Z`, `2027-02-30T15:04:05Z`, BadDate, `data.closed_at`},
		{booked, 0, `2027-02-10T15:04:05Z`, `1969-12-31T23:59:59Z`, BadDate, `not plausible`},
		{renewal, 0, `"2028-11-01"`, `"2027-11-01"`, BadDate, `data.term_end 2027-11-01 is not after term_start 2027-11-01`},
		{"crm.onboarding.completed.v1", 0, `2027-02-01`, `2026-12-31`, BadDate, `data.completed_on 2026-12-31 is before started_on 2027-01-01`},
		{invoice, 0, `2027-03-31`, `2026-12-31`, BadDate, `data.period_end 2026-12-31 is before period_start`},
		{exception, 0, `2027-04-01`, `2027-02-28`, BadDate, `data.until 2027-02-28 is before from`},
		{payout, 0, `2027-Q1`, `2027-Q5`, BadDate, `data.period "2027-Q5" is not a period like 2027-Q1`},
		{payout, 0, `2027-Q1`, `2500-Q1`, BadDate, `not plausible`},
		{uplift, 0, `2028-03-01`, `2027-03-01`, BadDate, `data.steps[1].effective_on 2027-03-01 is not after`},

		// Ratios.
		{health, 0, `78`, `"78"`, BadValue, `data.score must be a plain decimal number like 7.5, not a string`},
		{health, 0, `78`, `7.8e1`, BadValue, `data.score "7.8e1" is not a plain decimal number`},
		{health, 0, `78`, `100.01`, BadValue, `data.score 100.01 is above scale_max 100`},
		{health, 0, `78`, `-1`, BadValue, `data.score -1 is not between 0 and 1000000`},
		{health, 0, `78`, strings.Repeat("7", 5000), BadValue, `data.score "777`},
		{health, 0, `100`, `0`, BadValue, `data.scale_max 0 is not between`},
		{health, 0, `100`, `1000001`, BadValue, `data.scale_max 1000001 is not between`},
		{survey, 0, `9,`, `10.5,`, BadValue, `data.score 10.5 is not between 0 and 10`},
		{survey, 0, `"nps","score":9`, `"csat","score":101`, BadValue, `data.score 101 is not between 0 and 100`},
		{adoption, 0, `"87.5%"`, `"87.5"`, BadValue, `data.rate "87.5" is not a percentage`},
		{adoption, 0, `"87.5%"`, `87.5`, BadValue, `data.rate must be a percentage in quotes like "87.5%", not a number`},
		{adoption, 0, `"87.5%"`, `"-1%"`, BadValue, `data.rate -1% is not between 0% and 10000%`},
		{attested, 0, `"90%"`, `"ninety"`, BadValue, `data.value "ninety"`},
		{fx, 0, `"1.08"`, `1.08`, BadValue, `data.rate must be a plain decimal in quotes like "1.0825", not a number`},
		{fx, 0, `"1.08"`, `"0"`, BadValue, `data.rate 0 is not between`},
		{fx, 0, `"EUR"`, `"USD"`, BadCurrency, `data.quote is USD, the same as base`},
		{fx, 0, `"EUR"`, `"EURO"`, BadCurrency, `data.base "EURO" is not a currency code`},

		// Rules of single types.
		{stage, 0, `,"incremental_arr":` + usd, ``, MissingField, `data.incremental_arr is missing: a won expansion needs it`},
		{stage, 0, `24000.00`, `0.00`, BadAmount, `data.incremental_arr.amount is 0.00, but must be above zero`},
		{stage, 0, `"stage":"Closed Won",`, ``, MissingField, `data.stage is missing`},
		{stage, 0, `"opportunity_id":"opp-1",`, ``, MissingField, `data.opportunity_id is missing`},
		{stage, 0, `"incremental_arr"`, `"arr":` + usd + `,"incremental_arr"`, UnknownField, `data.arr is not a field of crm.opportunity.stage_changed.v1 of kind expansion`},
		{stage, 0, `"expansion"`, `"upsell"`, BadValue, `data.kind "upsell" is not one of expansion, renewal`},
		{stage, 0, `"kind":"expansion",`, ``, MissingField, `data.kind is missing`},
		{stage, 1, `"arr"`, `"incremental_arr":` + usd + `,"arr"`, UnknownField, `data.incremental_arr is not a field of crm.opportunity.stage_changed.v1 of kind renewal`},
		{stage, 1, `,"term_end":"2028-11-01"`, ``, MissingField, `data.term_end is missing: a won renewal needs it`},
		{stage, 1, `,"term_start":"2027-11-01"`, ``, MissingField, `data.term_start is missing: a won renewal needs it`},
		{stage, 1, `"arr":` + usd + `,`, ``, MissingField, `data.arr is missing: a won renewal needs it`},
		{stage, 2, `,"term_end":"2028-11-01"`, ``, MissingField, `data.term_end is missing: a lost renewal needs it, or term_start`},
		{renewal, 0, `"renewal_id"`, `"subscription_id":"s","renewal_id"`, UnknownField, `data.subscription_id`},
		{renewal, 0, `"renewal_id":"r-1",`, ``, MissingField, `data.renewal_id`},
		{"billing.subscription.renewed.v1", 0, `"subscription_id":"sub-1",`, ``, MissingField, `data.subscription_id is missing`},
		{uplift, 0, `[{"effective_on":"2027-03-01","incremental_arr":` + usd + `},{"effective_on":"2028-03-01","incremental_arr":` + usd + `}]`, `[]`, MissingField, `data.steps has no step`},
		{uplift, 0, `{"effective_on":"2027-03-01","incremental_arr":` + usd + `}`, `7`, BadValue, `data.steps[0] must be an object, not a number`},
		{plan, 0, `"plan: x"`, `""`, BadValue, `data.plan_yaml is empty`},
		{plan, 0, `"plan_yaml":"plan: x",`, ``, MissingField, `data.plan_yaml is missing`},
		{retracted, 0, `"source":"crm",`, ``, MissingField, `data.retracted.source is missing`},
		{retracted, 0, `,"by_role":"cfo"`, ``, MissingField, `data.by_role is missing`},
		{"admin.period.locked.v1", 0, `"by":"d",`, ``, MissingField, `data.by is missing`},
		{invoice, 0, `"invoice_id"`, `"replaced_by":"x","invoice_id"`, UnknownField, `data.replaced_by`},
		{decided, 0, `7000`, `6999`, BadValue, `data.split_bps sums to 9999, but must sum to 10000`},
		{decided, 0, `7000`, `"7000"`, BadValue, `data.split_bps.a must be a whole number`},
		{decided, 0, `7000`, `7000.0`, BadValue, `data.split_bps.a must be a whole number`},
		{decided, 0, `"a":7000,"b":3000`, `"a":-1,"b":10001`, BadValue, `data.split_bps.a is -1`},
		{decided, 0, `"a":7000,"b":3000`, ``, BadValue, `data.split_bps sums to 0`},
		{decided, 0, `"a":7000`, `"":7000`, BadValue, `data.split_bps has a payee whose id is empty`},
		{decided, 0, `"a":7000`, `"b":7000`, DuplicateField, `data.split_bps.b is there twice`},
	} {
		good := sample(tt.of, tt.nth)
		if _, err := DecodeLine([]byte(envelopeOf(tt.of, good)), ""); err != nil {
			t.Fatalf("the sample of %s: %v", tt.of, err)
		}
		bad := strings.Replace(good, tt.old, tt.new, 1)
		if bad == good {
			t.Fatalf("the sample of %s has no %s", tt.of, tt.old)
		}
		_, err := DecodeLine([]byte(envelopeOf(tt.of, bad)), "")
		wantReject(t, string(tt.of)+" "+bad[:min(len(bad), 300)], err, tt.want, tt.says)
	}
}

func TestReasonOfOtherErrors(t *testing.T) {
	if got := ReasonOf(errors.New("other")); got != "" {
		t.Errorf("ReasonOf(other) = %q, want none", got)
	}
}
