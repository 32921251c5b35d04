package planfile

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/civil"
)

func TestPresets(t *testing.T) {
	names := []string{
		"cs-manager", "full-ownership", "non-commercial", "plg", "pod", "revenue-carrying", "spif-only", "split-renewals",
		"three-pool-enterprise", "three-pool-mid-market", "three-pool-smb", "three-pool-strategic", "two-pool", "vp-cs",
	}
	if got := Presets(); !slices.Equal(got, names) {
		t.Errorf("Presets() = %v", got)
	}
	for _, name := range names {
		src, ok := Preset(name)
		p, err := Decode(name, src)
		if !ok || err != nil || string(p.Name) != name {
			t.Fatalf("Decode(Preset(%q)) = %v, %v", name, p, err)
		}
		if lints := advice.Lints(p); len(lints) > 0 {
			t.Errorf("preset %s is worth a look: %+v", name, lints)
		}
		if !bytes.HasPrefix(src, []byte("# ")) {
			t.Errorf("preset %s does not say whom it is for", name)
		}
	}
	if _, ok := Preset("../presets/" + defaultPreset); ok {
		t.Error("Preset takes a path")
	}
	d := Default()
	if len(d) != 1 || d[0].ID() != "three-pool-mid-market@1" || d[0].EffectiveFrom != civil.On(2027, 1, 1) || d[0].LedgerStarts != nil {
		t.Errorf("Default() = %+v", d)
	}
}

// A company may pay by all presets at once: they agree on what is the
// tenant's, and no two are for the same role and segment.
func TestPresetsTogether(t *testing.T) {
	set, err := LoadNamed(Presets()...)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range set {
		for _, q := range set[i+1:] {
			for _, role := range p.AppliesTo.Roles {
				if !slices.Contains(q.AppliesTo.Roles, role) {
					continue
				}
				if slices.Equal(p.AppliesTo.Segments, q.AppliesTo.Segments) {
					t.Errorf("%s and %s are both for %s in %v", p.ID(), q.ID(), role, p.AppliesTo.Segments)
				}
			}
		}
	}
}

// Every preset has a worked case, which plays the preset as it ships.
func TestPresetsAreWorked(t *testing.T) {
	for _, name := range Presets() {
		src, _ := Preset(name)
		file := filepath.Join("..", "..", "domain", "testdata", "scenario", "preset-"+name+".txtar")
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "plan.yaml" })
		if i < 0 || !bytes.Equal(a.Files[i].Data, src) {
			t.Errorf("the plan of %s is not the preset", file)
		}
	}
}
