package report

import "testing"

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
