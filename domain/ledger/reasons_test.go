package ledger_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/trueup/trueup/domain/ledger"
)

// The list has every constant of the type.
func TestReasonsAreWhole(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "step.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, is := n.(*ast.ValueSpec)
		if !is {
			return true
		}
		if typ, is := v.Type.(*ast.Ident); !is || typ.Name != "Reason" {
			return true
		}
		name, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil || !slices.Contains(ledger.Reasons(), ledger.Reason(name)) {
			t.Errorf("Reasons() has no %s, %v", name, err)
		}
		count++
		return true
	})
	if count != len(ledger.Reasons()) {
		t.Errorf("there are %d reasons, Reasons() has %d", count, len(ledger.Reasons()))
	}
}
