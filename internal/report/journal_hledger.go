package report

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/trueup/trueup/domain/ledger"
)

const hledgerHead = `; The journal of a trueup ledger: payee by payee in the order posted, each entry
; dated when it took effect. Amounts are signed as the payee sees them: what is
; given is positive, and expense is the company's side.
; In names, bytes other than letters, digits and -_.~@/+ are written %XX.
decimal-mark .
`

// hledgerForm writes what NewJournalWriter promises of it. Each commodity and
// account is declared before it is first used, so that hledger's strict checks
// hold; accounts are a payee's own and forgotten at the next payee.
type hledgerForm struct {
	w        *bufio.Writer
	declared map[string]bool
	payee    string
	currency string
	line     []byte // reused
}

func (f *hledgerForm) head() error {
	_, err := f.w.WriteString(hledgerHead)
	return err
}

func (f *hledgerForm) end(n int) error {
	_, err := fmt.Fprintf(f.w, "\n; The journal is whole: %s.\n", some(n, "entry"))
	return err
}

func (f *hledgerForm) entry(_ int, p *Posted) error {
	if p.PayeeID != f.payee {
		clear(f.declared)
		f.payee = p.PayeeID
	}
	to, from := bucketAccount(p, p.To), bucketAccount(p, p.From)
	b := append(f.line[:0], '\n')
	if p.Currency != f.currency {
		f.currency = p.Currency
		b = append(b, "commodity "+commodity(p)+"\n"...)
	}
	for _, account := range []string{to, from} {
		if !f.declared[account] {
			f.declared[account] = true
			b = append(b, "account "+account+"\n"...)
		}
	}
	b = append(b, p.EffectiveOn+" "+plainName(p.Kind)+" "+plainName(p.Reason)+"  ; "...)
	b = appendTags(b, p)
	b = append(b, "\n    "+to+"  "+p.Currency+" "+p.Amount+"\n    "+from+"  "+p.Currency+" "+negated(p.Amount)+"\n"...)
	f.line = b
	_, err := f.w.Write(b)
	return err
}

// bucketAccount is the account of one side of an entry.
func bucketAccount(p *Posted, bucket string) string {
	payee := plainName(p.PayeeID)
	switch {
	case bucket != ledger.Expense.String():
		return "payee:" + payee + ":" + bucket
	case p.Component == "":
		return "expense:" + payee
	}
	return "expense:" + payee + ":" + plainName(p.Component)
}

// appendTags appends an entry's tags, those without a value left out.
func appendTags(b []byte, p *Posted) []byte {
	gap := ""
	for _, tag := range [...]struct{ name, value string }{
		{"entry_id", p.EntryID},
		{"payee", p.PayeeID},
		{"period", p.Period},
		{"applies_to", p.AppliesTo},
		{"account_id", p.AccountID},
		{"opportunity_id", p.OpportunityID},
		{"plan", p.Plan},
	} {
		if tag.value != "" {
			b = append(b, gap+tag.name+":"+plainName(tag.value)...)
			gap = ", "
		}
	}
	return b
}

// commodity is an amount of the entry's currency that shows its decimals; the
// point is there even without any.
func commodity(p *Posted) string {
	_, decimals, _ := strings.Cut(p.Amount, ".")
	return p.Currency + " 1000." + strings.Repeat("0", len(decimals))
}

// negated is a decimal with the other sign.
func negated(amount string) string {
	if positive, ok := strings.CutPrefix(amount, "-"); ok {
		return positive
	}
	return "-" + amount
}

// plainName is a name whose bytes other than letters, digits and -_.~@/+ are
// percent-encoded.
func plainName(s string) string {
	const hexDigits = "0123456789ABCDEF"
	plain := func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~@/+", c) >= 0
	}
	i := 0
	for i < len(s) && plain(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	out := []byte(s[:i])
	for ; i < len(s); i++ {
		if c := s[i]; plain(c) {
			out = append(out, c)
		} else {
			out = append(out, '%', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	return string(out)
}
