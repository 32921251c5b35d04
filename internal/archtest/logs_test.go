package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// levels are the methods that a log line begins with; with those of With a
// logger gets fields of its own.
var levels = []string{"Trace", "Debug", "Info", "Warn", "Error", "WithLevel", "With"}

// named are the methods that give a line a field.
var named = []string{
	"Str", "Strs", "Stringer", "Int", "Ints", "Int8", "Int16", "Int32", "Int64", "Uint", "Uint8", "Uint16", "Uint32", "Uint64", "Float32", "Float64",
	"Bool", "Bools", "Bytes", "Hex", "Dur", "Time", "TimeDiff", "Any", "Interface", "AnErr", "Errs", "RawJSON", "Dict", "Object", "Array", "Fields",
	"Func", "EmbedObject", "IPAddr", "Ctx", "Type",
}

// A log line's fields have names of internal/field, and its message is a
// constant: so lines can be searched for, and no data gets in by the name of a
// field or the message.
func TestLogFields(t *testing.T) {
	lines, fields := 0, 0
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			file := filepath.Join(p.Dir, name)
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool {
				return i.Path.Value == `"github.com/rs/zerolog"` || strings.HasSuffix(i.Path.Value, `/internal/field"`)
			}) && !strings.Contains(p.ImportPath, "/internal/web") && !strings.Contains(p.ImportPath, "/internal/pages") {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !logged(sel.X) {
					return true
				}
				at := set.Position(sel.Sel.Pos())
				switch method := sel.Sel.Name; {
				case method == "Msg":
					lines++
					if text, ok := call.Args[0].(*ast.BasicLit); !ok || text.Kind != token.STRING {
						t.Errorf("%s: the message of a log line is not a constant", at)
					}
				case method == "Msgf" || method == "MsgFunc":
					if !strings.HasSuffix(at.Filename, "broker/embed.go") { // what nats-server says itself
						t.Errorf("%s: the message of a log line is not a constant", at)
					}
				case !slices.Contains(named, method):
				case len(call.Args) != 2 || !constant(call.Args[0]):
					t.Errorf("%s: %s: a field of a log line has a name of internal/field", at, method)
				default:
					fields++
				}
				return true
			})
		}
	}
	if lines < 40 || fields < 30 {
		t.Errorf("%d log lines with %d fields were looked at, want all", lines, fields)
	}
}

// logged reports whether an expression is a log line that was begun, or goes
// on with one: a variable e that has a method of one is.
func logged(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "e"
	case *ast.CallExpr:
		sel, ok := x.Fun.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		return slices.Contains(levels, sel.Sel.Name) && len(x.Args) <= 1 && logger(sel.X) || logged(sel.X)
	}
	return false
}

// logger reports whether an expression is a logger by its name.
func logger(x ast.Expr) bool {
	name := ""
	switch x := x.(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	case *ast.CallExpr: // of a logger, made of one: zerolog.New(w).Level(l)
		sel, ok := x.Fun.(*ast.SelectorExpr)
		return ok && (logger(sel.X) || sel.Sel.Name == "New")
	}
	return strings.EqualFold(name, "log") || strings.EqualFold(name, "logger") || name == "zerolog"
}

// constant reports whether an expression is a name of internal/field.
func constant(x ast.Expr) bool {
	sel, ok := x.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	return ok && pkg.Name == "field"
}

var fieldName = regexp.MustCompile(`^[a-z][a-z_]*[a-z]$`)

// The names are in one spelling, one for each, and none is zerolog's own.
func TestFieldNames(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "field", "field.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"level": true, "time": true, "message": true, "error": true}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok {
			return true
		}
		name, err := strconv.Unquote(lit.Value)
		if err != nil || !fieldName.MatchString(name) || seen[name] {
			t.Errorf("field %s: want a name of its own in small letters", lit.Value)
		}
		seen[name] = true
		return true
	})
	if len(seen) < 20 {
		t.Errorf("%d names, want all", len(seen))
	}
}
