package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trueup/trueup/internal/planfile"
)

// Every plan that the page shows is one that trueup plan check takes.
func TestPlansOfThePage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "plan.md"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(page), "```yaml\n")
	if len(parts) < 5 {
		t.Fatalf("the page shows %d plans", len(parts)-1)
	}
	for _, part := range parts[1:] {
		text, _, _ := strings.Cut(part, "```")
		if _, err := planfile.DecodeAll("plan.md", []byte(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}
