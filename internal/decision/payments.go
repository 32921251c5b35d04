package decision

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/wire"
)

// confirmed is payroll's word that it paid. It is an event of payroll's, which
// has no place for who says so: the identity of one that is decided here has.
const confirmed event.Type = "billing.payout.confirmed.v1"

// payment is the data of a confirmation but for its period.
type payment struct {
	PayeeID   string      `json:"payee_id"`
	Amount    wire.Amount `json:"amount"`
	Reference string      `json:"reference"`
	At        string      `json:"at"`
}

// confirmations are of the payments of a locked quarter that payroll was asked
// for and has not confirmed, each with the amount and the reference of the
// request: of one payee, or of all.
func confirmations(ctx context.Context, r report.Reader, d Decided) ([]one, error) {
	q, err := civil.ParseQuarter(d.Target)
	if err != nil {
		return nil, report.Mistake{Text: fmt.Sprintf("period %q is not a period like 2027-Q1", d.Target)}
	}
	told, err := paymentOf(d.Body)
	if err != nil {
		return nil, err
	}
	preview, err := r.LockPreview(ctx, q)
	if err != nil {
		return nil, err
	}
	if preview.Status != "locked" && preview.Status != "paid" {
		return nil, Conflict{fmt.Sprintf("%s is not locked: nothing was asked of payroll.", q)}
	}
	if told.At == "" {
		told.At = instant(d.Time)
	}
	var out []one
	asked := false
	for _, row := range preview.Rows {
		if row.Reference == "" || told.PayeeID != "" && told.PayeeID != row.PayeeID {
			continue
		}
		if asked = true; row.Paid {
			continue
		}
		data, err := json.Marshal(payment{row.PayeeID, wire.Amount{Amount: row.Requested, Currency: preview.Currency}, row.Reference, told.At})
		if err != nil {
			return nil, err
		}
		out = append(out, one{row.PayeeID, data})
	}
	switch {
	case len(out) > 0:
		return out, nil
	case told.PayeeID != "" && !asked:
		return nil, Conflict{fmt.Sprintf("payee_id %q: payroll was not asked to pay them for %s.", told.PayeeID, q)}
	case told.PayeeID != "":
		return nil, Conflict{fmt.Sprintf("payee_id %q: their payment for %s is confirmed already.", told.PayeeID, q)}
	}
	return nil, Conflict{fmt.Sprintf("Every payment that was asked for %s is confirmed already.", q)}
}

// paymentOf reads what is told, strictly.
func paymentOf(body []byte) (told PayoutPaid, err error) {
	has, err := object(body)
	if err != nil {
		return told, err
	}
	for name, value := range has {
		into := map[string]*string{"payee_id": &told.PayeeID, "at": &told.At}[name]
		switch {
		case into == nil:
			return told, report.Mistake{Text: name + " is not a field of a confirmation: it has payee_id and at"}
		case json.Unmarshal(value, into) != nil:
			return told, report.Mistake{Text: name + " must be a string"}
		}
	}
	return told, nil
}
