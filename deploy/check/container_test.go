package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// The image as buildkit reads it: pinned, nobody's, nothing in it but what the
// first stage made.
func TestContainerfile(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "container", "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ast, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(ast.Warnings) > 0 {
		t.Errorf("warnings: %+v", ast.Warnings)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, text string, at []parser.Range) { t.Errorf("%s: %s at %v", rule, text, at) }})
	stages, _, err := instructions.Parse(ast.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 2 || stages[1].BaseName != "scratch" || !strings.Contains(stages[0].BaseName, ":${GO}-") {
		t.Fatalf("stages %+v, want a pinned Go, then scratch", stages)
	}
	user, stop := "", ""
	for _, c := range stages[1].Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.StopSignalCommand:
			stop = c.Signal
		case *instructions.RunCommand, *instructions.AddCommand:
			t.Errorf("%s in the last stage", c.Name())
		case *instructions.CopyCommand:
			if c.From != "build" {
				t.Errorf("COPY from %q, want build", c.From)
			}
		}
	}
	if user != "65532:65532" || stop != "SIGTERM" {
		t.Errorf("user %q and signal %q, want 65532:65532 and SIGTERM", user, stop)
	}
}
