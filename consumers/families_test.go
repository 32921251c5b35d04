package consumers

import (
	"strings"
	"testing"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/wire"
)

// matches reports whether a pattern of NATS takes a subject.
func matches(pattern, subject string) bool {
	p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, token := range p {
		switch {
		case token == ">":
			return len(s) > i
		case i >= len(s), token != "*" && token != s[i]:
			return false
		}
	}
	return len(p) == len(s)
}

// Every type of the contract goes to one family, by one pattern, and is in what
// a worker reads.
func TestFamiliesTakeEveryType(t *testing.T) {
	const tenantName = "acme"
	used := map[string]int{}
	for _, typ := range wire.Types() {
		subject := wire.Subject(tenantName, typ)
		var by []string
		for _, f := range Families {
			for _, pattern := range f.subjects(tenantName) {
				if matches(pattern, subject) {
					by = append(by, f.Name+" "+pattern)
					used[pattern]++
				}
			}
		}
		if len(by) != 1 {
			t.Errorf("%s on %s is taken by %q, want one", typ, subject, by)
		}
		if n := FamilyOf(subject); n == len(Families) || !strings.HasPrefix(by[0], Families[n].Name+" ") {
			t.Errorf("FamilyOf(%s) = %d, want that of %q", subject, n, by[0])
		}
		read := 0
		for _, pattern := range broker.InSubjects(tenantName) {
			if matches(pattern, subject) {
				read++
			}
		}
		if read == 0 {
			t.Errorf("%s is not among what is read: %q", subject, broker.InSubjects(tenantName))
		}
	}
	for _, f := range Families {
		for _, pattern := range f.subjects(tenantName) {
			if used[pattern] == 0 {
				t.Errorf("no type travels on %s of %s", pattern, f.Name)
			}
		}
	}
}

// A family's subjects are of its tenant alone.
func TestFamiliesAreOfATenant(t *testing.T) {
	for _, f := range Families {
		for _, pattern := range f.subjects("acme") {
			if strings.Contains(pattern, "{t}") || !strings.Contains(pattern, ".acme") {
				t.Errorf("%s reads %s", f.Name, pattern)
			}
		}
	}
}

// What no family takes is of none.
func TestFamilyOfNone(t *testing.T) {
	for _, subject := range []string{"", "crm", "crm.acme", "crm.acme.elsewhere.x", "billing.acme.renewal.x", "payout.acme.invoice.x"} {
		if n := FamilyOf(subject); n != len(Families) {
			t.Errorf("FamilyOf(%q) = %s, want none", subject, Families[n].Name)
		}
	}
}

func BenchmarkFamilyOf(b *testing.B) {
	for b.Loop() {
		FamilyOf("crm.default.opportunity.stage_changed")
	}
}
