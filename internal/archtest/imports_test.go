// Package archtest holds the tree against rules 1 and 17 of the style: who may
// import whom, and who may ask what time it is.
package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/trueup/trueup"

// listed is a package of the module as go list tells of it.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string // of code that is not a test's
	Deps       []string // those, and theirs
}

// packages lists the module's packages.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,GoFiles,Imports,Deps", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 20 {
		t.Fatalf("go list gives %d packages, want the whole module", len(all))
	}
	return all
}

// in reports whether a package is one or below it.
func in(path, pkg string) bool { return path == pkg || strings.HasPrefix(path, pkg+"/") }

// standard reports whether a package is of the standard library.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestImports(t *testing.T) {
	below := func(paths ...string) func(string) bool {
		return func(dep string) bool {
			return slices.ContainsFunc(paths, func(p string) bool { return in(dep, p) })
		}
	}
	seen := map[string]bool{}
	for _, p := range packages(t) {
		for _, rule := range []struct {
			of    string
			never func(dep string) bool // of what it imports, and that imports
			why   string
		}{
			{"domain", func(dep string) bool { return !standard(dep) && !in(dep, module+"/domain") }, "domain imports only the standard library"},
			{"domain", below("os", "net", "log", "log/slog", "sync", "encoding/json", "math/rand", "context"), "domain is pure"},
			{"store", below(module+"/consumers", module+"/internal", module+"/cmd", "github.com/ThreeDotsLabs", "github.com/nats-io"), "store knows only domain"},
			{"consumers", below(module+"/store", module+"/cmd", "go.etcd.io/bbolt"), "consumers declare the interface they need"},
			{"internal", below(module+"/store", module+"/consumers", module+"/cmd"), "only cmd knows every package"},
		} {
			if !in(p.ImportPath, module+"/"+rule.of) {
				continue
			}
			seen[rule.of] = true
			deps := p.Deps
			if rule.why == "domain is pure" {
				deps = p.Imports // fmt needs os
			}
			for _, dep := range deps {
				if rule.never(dep) {
					t.Errorf("%s imports %s: %s", p.ImportPath, dep, rule.why)
				}
			}
		}
	}
	if len(seen) != 4 {
		t.Errorf("rules hold for %v, want all four", seen)
	}
}

// Only main reads the clock; everybody else is given one.
func TestOnlyMainReadsTheClock(t *testing.T) {
	looked := 0
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			file := filepath.Join(p.Dir, name)
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			looked++
			for _, pos := range clocks(f) {
				if at := set.Position(pos); !strings.HasSuffix(filepath.ToSlash(at.Filename), "cmd/trueup/main.go") {
					t.Errorf("%s: take a clock", at)
				}
			}
		}
	}
	if looked < 100 {
		t.Errorf("%d files were looked at, want all", looked)
	}
}

// clocks finds where a file reads the time of day.
func clocks(f *ast.File) []token.Pos {
	as := ""
	for _, i := range f.Imports {
		if i.Path.Value == `"time"` {
			as = "time"
			if i.Name != nil {
				as = i.Name.Name
			}
		}
	}
	var found []token.Pos
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || as == "" {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if ok && x.Name == as && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "AfterFunc"}, sel.Sel.Name) {
			found = append(found, sel.Pos())
		}
		return true
	})
	return found
}
