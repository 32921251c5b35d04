// Package payroll writes what payroll is asked to pay as the rows that a payroll
// program takes: with its columns, its earning codes and its worker ids, as a
// mapping file says. Whatever the mapping, the rows of a payment add up to what
// was requested, to the minor unit.
package payroll

import (
	"strings"
	"unicode/utf8"

	"github.com/trueup/trueup/internal/report"
)

// Mapping says how rows look. It is read by ReadMapping, or is Default.
type Mapping struct {
	Columns []Column
	Codes   []Code            // the first that fits a part
	Workers map[string]string // worker ids by payee
	Others  string            // the worker id of payees who are not among them
	name    string            // of the file; empty: there is none
}

// Column is a column of the file.
type Column struct {
	Name  string // as the first row has it
	Field string // one of Fields
}

// Code gives an earning code to the parts of payments that it fits. What is
// empty fits everything.
type Code struct {
	Code                    string
	Component, Kind, Reason string
	Prior                   *bool // it is about an earlier quarter than the one that is paid
	line                    int
}

// Fields are what a column can have.
func Fields() []string {
	return []string{
		"worker_id", "earning_code", "amount", "currency", "period", "reference", "note", "payee_id", "employee_id", "requested_at",
	}
}

// What Mapping.Others can be.
const (
	// OthersEither is payroll's id of the enrolment, or where it has none the payee's.
	OthersEither   = "employee_id_or_payee_id"
	OthersEmployee = "employee_id" // an enrolment without one is a mistake
	OthersPayee    = "payee_id"
	OthersRefused  = "refuse" // a payee who is not listed is a mistake
)

func others() []string { return []string{OthersEither, OthersEmployee, OthersPayee, OthersRefused} }

// kinds are those of parts.
func kinds() []string {
	return []string{"earning", "release", "clawback", "true_up", "adjustment", "spif", report.CarriedForward, report.RecoveryDeferred}
}

// reasons are those that make something payable, rules §14.
func reasons() []string {
	return []string{
		"expansion_booked", "uplift_effective", "renewal_uplift", "sourcing_credit", "renewal_released", "renewal_missed", "churn_within_window",
		"contraction_within_window", "expansion_cancelled", "invoice_voided", "invoice_uncollectible", "credit_note", "invoice_unpaid",
		"health_gate_failed", "health_score_missing", "accelerator", "grr_multiplier", "nrr_multiplier", "objectives_score", "health_bonus",
		"split_arbitrated", "dispute_pending", "handoff_incomplete", "opening_balance", "exception_approved", "manual_adjustment", "spif_awarded",
		"terminated", "fx_rate_missing",
	}
}

// Default is the mapping where no file is given: the fields of the contract, by
// their names, and each part's component as its code.
func Default() *Mapping {
	m := &Mapping{Others: OthersEither}
	for _, f := range Fields()[:7] {
		m.Columns = append(m.Columns, Column{f, f})
	}
	return m
}

// codeOf is the earning code of a part of a payment.
func (m *Mapping) codeOf(p *report.Payment, part *report.PaymentPart) (string, error) {
	if m.name == "" {
		if part.Component == "" {
			return part.Kind, nil
		}
		return part.Component, nil
	}
	for _, c := range m.Codes {
		if c.fits(p, part) {
			return c.Code, nil
		}
	}
	said := "kind " + part.Kind
	if part.Component != "" {
		said = "component " + part.Component + ", " + said + ", reason " + part.Reason
	}
	return "", mistake(m.name, "codes", "no code fits %s of %s (%s): add one, or {code: …} at the end for all else", said, p.Reference, part.Amount)
}

func (c *Code) fits(p *report.Payment, part *report.PaymentPart) bool {
	prior := part.AppliesTo != "" && part.AppliesTo < p.Period
	return (c.Component == "" || c.Component == part.Component) && (c.Kind == "" || c.Kind == part.Kind) &&
		(c.Reason == "" || c.Reason == part.Reason) && (c.Prior == nil || *c.Prior == prior)
}

// workerOf is the worker id of whom a payment is for.
func (m *Mapping) workerOf(p *report.Payment) (string, error) {
	if id, listed := m.Workers[p.PayeeID]; listed {
		return id, nil
	}
	id := p.EmployeeID
	switch m.Others {
	case OthersPayee:
		id = p.PayeeID
	case OthersRefused:
		return "", mistake(m.name, "workers", "%q is not listed", p.PayeeID)
	case OthersEither:
		if id == "" {
			id = p.PayeeID
		}
	case OthersEmployee:
	}
	switch {
	case id == "":
		return "", mistake(m.name, "workers", "%q is not listed and the enrolment has no employee_id", p.PayeeID)
	case formula(id):
		return "", mistake(m.name, "workers", "the id %q of %q would be read as a formula by a spreadsheet: list another", id, p.PayeeID)
	}
	return id, nil
}

// formula reports whether a spreadsheet may run a cell. Its full-width signs are
// read as the plain ones by some.
func formula(cell string) bool {
	first, _ := utf8.DecodeRuneInString(cell)
	return cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first)
}
