package planfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes files in a new directory and makes it the current one.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(filepath.Clean(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func version(src string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(src) }

func TestLoad(t *testing.T) {
	one := head + component
	write(t, map[string]string{
		"one.yaml": one,
		"two.yaml": version(one, "version: 1", "version: 2", "2027", "2028"),
	})
	set, err := Load("two.yaml", "one.yaml")
	if err != nil || len(set) != 2 || set[0].ID() != "p@1" || set[1].ID() != "p@2" {
		t.Fatalf("Load(two, one) = %v, %v, want p@1 then p@2", set, err)
	}
}

// One file may have several versions, a document each.
func TestLoadSeveralDocuments(t *testing.T) {
	one := head + component
	two := version(one, "version: 1", "version: 2", "2027", "2028")
	write(t, map[string]string{
		"both.yaml": "---\n" + one + "---\n" + two + "---\n# nothing more\n",
		"bad.yaml":  one + "---\n" + version(two, "2028", "2026") + "---\n" + version(one, "version: 1", "version: x", "100%", "90%") + "---\nplan: 'q\n",
	})
	set, err := Load("both.yaml")
	if err != nil || len(set) != 2 || set[0].ID() != "p@1" || set[1].ID() != "p@2" {
		t.Fatalf("Load(both) = %v, %v, want p@1 then p@2", set, err)
	}
	_, err = Load("bad.yaml")
	want := `bad.yaml:14: version: "x" is not a whole number
bad.yaml:16: components: weights sum to 90%, not 100%
bad.yaml:19: is not YAML: found unexpected end of stream
bad.yaml:9: effective_from: p@1 does not take effect after p@2`
	if err == nil || err.Error() != want {
		t.Errorf("Load(bad):\n got:\n%v\nwant:\n%s", err, want)
	}
}

func TestLoadReportsEverything(t *testing.T) {
	one := head + component
	write(t, map[string]string{
		"a.yaml":     one,
		"again.yaml": "# a comment\n" + one,
		"back.yaml":  version(one, "version: 1", "version: 2", "2027", "2026"),
		"other.yaml": version(one, "plan: p", "plan: q") + "evidence: {churn: crm}\n",
		"bad.yaml":   version(one, "version: 1", "version: x") + "proration: no\n",
		"huge.yaml":  strings.Repeat("#", maxSize+1),
	})
	_, err := Load("a.yaml", "again.yaml", "back.yaml", "other.yaml", "bad.yaml", "huge.yaml", ".", "none.yaml")
	if err == nil {
		t.Fatal("Load of wrong files gave no error")
	}
	want := `bad.yaml:2: version: "x" is not a whole number
bad.yaml:6: proration: "no" is not one of days, none
huge.yaml: has more than 1048576 bytes, the most a plan file may have
.: is a directory, not a plan file
none.yaml: cannot be read: no such file or directory
back.yaml:3: effective_from: p@1 does not take effect after p@2; see also a.yaml, again.yaml
again.yaml:3: version: p@1 is given twice; see also a.yaml
other.yaml:1: p@1 and q@1 are in force on one day and differ in evidence, which is the tenant's; see also a.yaml, again.yaml`
	if err.Error() != want {
		t.Errorf("Load:\n got:\n%s\nwant:\n%s", err, want)
	}
}

func TestLoadNothing(t *testing.T) {
	if set, err := Load(); err == nil {
		t.Errorf("Load() = %v, want an error", set)
	}
}
