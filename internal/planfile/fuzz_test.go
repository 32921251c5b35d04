package planfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzDecode: no input panics, every refusal is an Errors, and what decodes
// re-encodes to an equal plan, in a form that the schema takes.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "presets/three-pool-mid-market.yaml") {
		src, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte(head + component))
	f.Add([]byte(head + "  - {id: s, kind: spif}\ncrediting: {mode: spif, bands: []}\n"))
	f.Add([]byte(head + component + "crediting: {bands: [{above: 0}, {below: 1}, {above: 1}]}\n"))
	schema := compiled(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := Decode("fuzz.yaml", src)
		if err != nil {
			var es Errors
			if !errors.As(err, &es) || len(es) == 0 || p != nil {
				t.Fatalf("Decode = %v, %T %v", p, err, err)
			}
			return
		}
		text := Canonical(p)
		again, err := Decode("canonical.yaml", text)
		if err != nil {
			t.Fatalf("Decode(Canonical(p)): %v\n%s", err, text)
		}
		if !same(p, again) || string(Canonical(again)) != string(text) {
			t.Fatalf("Decode(Canonical(p)) = %+v, want %+v\n%s", again, p, text)
		}
		if err := validate(t, schema, text); err != nil {
			t.Fatalf("the schema refuses what decodes: %v\n%s", err, text)
		}
	})
}
