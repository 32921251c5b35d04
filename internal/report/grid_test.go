package report

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestGrouped(t *testing.T) {
	for amount, want := range map[string]string{
		"0.00": "0.00", "-5.00": "-5.00", "999": "999", "1000": "1,000", "-1200.50": "-1,200.50", "-120000.50": "-120,000.50", "1234567.123": "1,234,567.123", "": "",
	} {
		if got := grouped(amount); got != want {
			t.Errorf("grouped(%q) = %q, want %q", amount, got, want)
		}
	}
}

func TestPercent(t *testing.T) {
	for ratio, want := range map[string]string{
		"0.982000": "98.2%", "1.000000": "100%", "0.000000": "0%", "0.005000": "0.5%", "0.000001": "0.0001%", "-0.050000": "-5%",
		"12.345678": "1,234.5678%", "3": "3",
	} {
		if got := percent(ratio); got != want {
			t.Errorf("percent(%q) = %q, want %q", ratio, got, want)
		}
	}
}

func TestPlainText(t *testing.T) {
	if got, want := plainText("a\x1b[31m\u202eb\tü→ c\xff"), "a�[31m�b�ü→ c�"; got != want {
		t.Errorf("plainText = %q, want %q", got, want)
	}
}

func TestShallow(t *testing.T) {
	deep := make([]byte, 1000)
	for i := range deep {
		deep[i] = '['
	}
	if shallow(deep) || !shallow([]byte(`{"a":[1,{"b":2}]}`)) {
		t.Error("shallow does not tell deep from shallow")
	}
}

// Columns begin at the same cell of a terminal, whatever is in those before, and
// colour adds nothing but colour.
func TestGridIsAligned(t *testing.T) {
	rows := [][]string{
		{"csm-1", "met", "1.00"}, {"李小龍", "breached", "-20.00"}, {"e\u0301e", "open", "300.00"}, {"ｆｕｌｌ", "resolved", "4.00"}, {"한글 🙂", "closed", "-5.00"}, {"→…—", "", "6.00"},
	}
	write := func(colour bool) string {
		g := newGrid("  ", "NAME", "STATE", "AMOUNT").state(1).rightAlign(2)
		for _, r := range rows {
			g.row(slices.Clone(r)...)
		}
		var b strings.Builder
		g.writeTo(&printer{w: &b, colour: colour})
		return b.String()
	}
	got := write(false)
	const want = `  NAME      STATE     AMOUNT
  csm-1     met         1.00
  李小龍    breached  -20.00
  e\u0301e        open      300.00
  ｆｕｌｌ  resolved    4.00
  한글 🙂   closed     -5.00
  →…—                   6.00
`
	if got != strings.ReplaceAll(want, `\u0301`, "\u0301") {
		t.Errorf("the table is\n%s\nwant\n%s", got, want)
	}
	coloured := write(true)
	if bare := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(coloured, ""); bare != got || !strings.Contains(coloured, "\x1b[31mbreached\x1b[0m") {
		t.Errorf("in colour it is\n%q\nwant the same in colour", coloured)
	}
}
