package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

func renderTable(w io.Writer, colour bool, v any) error {
	p := &printer{w: w, colour: colour}
	switch v := v.(type) {
	case *Document:
		p.document(v)
	case *Entry:
		p.entry(v)
	case *Deal:
		p.deal(v)
	case *Book:
		p.book(v)
	case []Flag:
		p.flags("", v, true)
	case []Episode:
		p.episodes("", v)
	case []Parked:
		p.parkedList(v)
	case *Parked:
		p.parked(v)
	case *Status:
		p.status(v)
	case *Verification:
		p.verification(v)
	case *Copied:
		p.copied(v)
	case *Replay:
		p.replay(v)
	case []PlanChecked:
		p.plans(v)
	case *Advice:
		p.advice(v)
	case []Figure:
		p.figures(v)
	case *PlanDiff:
		p.planDiff(v)
	case *Effect:
		p.effect(v)
	default:
		return unknown(v)
	}
	return p.err
}

func (p *printer) linef(format string, args ...any) { p.line(fmt.Sprintf(format, args...)) }

func (p *printer) document(doc *Document) {
	p.linef("Tenant %s as of %s, by %s", plainText(doc.Tenant), doc.AsOf, plainText(strings.Join(doc.PlanVersions, ", ")))
	if len(doc.Payees) == 0 {
		p.line("No payees are known yet.")
	}
	for i := range doc.Payees {
		p.line("")
		p.payee(&doc.Payees[i])
	}
	if len(doc.Credits) > 0 {
		p.line("\nCredits")
		p.credits(doc.Credits)
	}
	if len(doc.SLA) > 0 {
		p.line("\nRisk interventions")
		p.episodes("  ", doc.SLA)
	}
	if len(doc.Flags) > 0 {
		p.line("\nFlags")
		p.flags("  ", doc.Flags, false)
	}
	if len(doc.Rejected) > 0 {
		p.line("\nRejected inputs")
		p.rejected(doc.Rejected)
	}
}

func (p *printer) payee(x *Payee) {
	p.linef("%s (%s): %s", plainText(x.ID), x.Currency, balances(x.Balances))
	if len(x.Periods) == 0 {
		p.line("  No entries in this period.")
	}
	for i := range x.Periods {
		p.period(&x.Periods[i])
	}
}

func balances(b Balances) string {
	return fmt.Sprintf("held %s, payable %s, paid %s", grouped(b.Held), grouped(b.Payable), grouped(b.Paid))
}

func (p *printer) period(q *Period) {
	head := fmt.Sprintf("  %s %s: %s", q.Period, p.paint(q.Status, toneOf(q.Status)), balances(q.Totals))
	for i, name := range slices.Sorted(maps.Keys(q.Measures)) {
		head += map[bool]string{true: "; ", false: ", "}[i == 0] + plainText(name) + " " + percent(q.Measures[name])
	}
	p.line(head)
	if len(q.Lines) == 0 {
		p.line("    No entries.")
		return
	}
	g := newGrid("    ", "DATE", "KIND", "REASON", "COMPONENT", "ABOUT", "FOR", "AMOUNT", "FROM → TO", "ENTRY").rightAlign(6)
	for _, l := range q.Lines {
		g.row(l.EffectiveOn, l.Kind, l.Reason, l.Component, about(l), l.AppliesTo, grouped(l.Amount), l.From+" → "+l.To, shortID(l.EntryID))
	}
	g.writeTo(p)
}

// about is the account and opportunity of a line.
func about(l Line) string {
	if l.AccountID == "" || l.OpportunityID == "" {
		return l.AccountID + l.OpportunityID
	}
	return l.AccountID + " / " + l.OpportunityID
}

// shortDigits is how much of an entry's id a table shows; explain takes it.
const shortDigits = 12

func shortID(id string) string { return id[:min(len(id), shortDigits)] }

func (p *printer) credits(credits []Credit) {
	g := newGrid("  ", "PAYEE", "OPPORTUNITY", "ACCOUNT", "BOOKED", "CREDITED ARR", "", "COUNTS").rightAlign(4).state(6)
	for _, c := range credits {
		counts := "yes"
		if !c.Counted {
			counts = "no: " + c.Why
		}
		g.row(c.PayeeID, c.OpportunityID, c.AccountID, c.BookedOn, grouped(c.CreditedARR), c.Currency, counts)
	}
	g.writeTo(p)
}

func (p *printer) episodes(indent string, episodes []Episode) {
	if len(episodes) == 0 {
		p.line("No risk episodes.")
		return
	}
	g := newGrid(indent, "DEADLINE", "STATUS", "SINCE", "ACCOUNT", "PAYEE", "OPENED").state(1)
	for _, e := range episodes {
		g.row(e.Deadline, e.Status, e.Since, e.AccountID, e.PayeeID, e.OpenedAt)
	}
	g.writeTo(p)
}

func (p *printer) rejected(list []Rejected) {
	g := newGrid("  ", "AT", "SOURCE", "ID", "CODE", "PARKED AS", "REASON")
	for _, r := range list {
		g.row(stamp(r.At), r.Source, r.ID, r.Code, r.ParkedID, r.Reason)
	}
	g.writeTo(p)
}

func (p *printer) parkedList(list []Parked) {
	if len(list) == 0 {
		p.line("Nothing is parked.")
		return
	}
	g := newGrid("", "PARKED AS", "STATE", "SINCE", "SOURCE", "ID", "CODE", "TRIES", "REASON").rightAlign(6).state(1)
	for _, x := range list {
		g.row(x.ParkedID, x.State, stamp(x.At), x.Source, x.ID, x.Code, fmt.Sprint(x.Tries), x.Reason)
	}
	g.writeTo(p)
}

// pairs is a grid of names and values; what is empty is left out.
func (p *printer) pairs(pairs ...string) {
	g := newGrid("  ")
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			g.row(pairs[i], pairs[i+1])
		}
	}
	g.writeTo(p)
}

func (p *printer) verification(v *Verification) {
	walked := strings.Join([]string{
		some(v.Facts, "fact"), some(v.Payees, "payee"), some(v.Entries, "entry"), some(v.Outputs, "output"), some(v.Accounts, "account"),
	}, ", ")
	if v.OK {
		p.linef("The ledger is %s: %s, each checked.", p.paint("sound", good), walked)
		return
	}
	p.linef("The ledger is %s: %s in %s.", p.paint("NOT sound", bad), some(len(v.Problems), "problem"), walked)
	for _, problem := range v.Problems {
		p.line("  " + plainText(problem))
	}
}

func (p *printer) plans(list []PlanChecked) {
	for _, x := range list {
		p.linef("%s, in force from %s", plainText(x.Plan), x.EffectiveFrom)
		p.linef("  sha256 %s", x.Hash)
		for _, l := range x.Lints {
			p.line("  " + plainText(fmt.Sprintf("%s: %s, want %s (%s): %s", l.Lint, l.Figure, l.Threshold, l.Path, l.Text)))
		}
	}
}

func count[T int | int64 | uint64](n T) string { return grouped(fmt.Sprint(n)) }

// some is a number of things.
func some[T int | int64 | uint64](n T, thing string) string {
	switch stem, isY := strings.CutSuffix(thing, "y"); {
	case n == 1:
		return "1 " + thing
	case isY:
		return count(n) + " " + stem + "ies"
	}
	return count(n) + " " + thing + "s"
}
