package docs

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages are all pages of the repository, by their paths from its root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "bin" || d.Name() == "data" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(file) != ".md":
			return nil
		}
		text, err := os.ReadFile(file)
		rel, _ := filepath.Rel("..", file)
		all[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil || len(all) < 10 {
		t.Fatalf("%d pages, %v", len(all), err)
	}
	return all
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
	span    = regexp.MustCompile("`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	named   = regexp.MustCompile(`<a id="([^"]+)">`)
)

// prose is a page without its code.
func prose(page string) string { return span.ReplaceAllString(fence.ReplaceAllString(page, ""), "") }

// anchors are the places in a page that a link can lead to.
func anchors(page string) map[string]bool {
	all := map[string]bool{}
	text := fence.ReplaceAllString(page, "")
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		all[slug(h[1])] = true
	}
	for _, a := range named.FindAllStringSubmatch(text, -1) {
		all[a[1]] = true
	}
	return all
}

// slug is what a heading is called in links, as GitHub makes it.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 0x7f:
			return r
		}
		return -1
	}, strings.ToLower(heading))
}

// Every relative link of every page leads to a file, and to a place in it.
func TestLinks(t *testing.T) {
	all := pages(t)
	places := map[string]map[string]bool{}
	for name, page := range all {
		places[name] = anchors(page)
	}
	count := 0
	for name, page := range all {
		for _, l := range link.FindAllStringSubmatch(prose(page), -1) {
			to, err := url.Parse(l[1])
			if err != nil || to.IsAbs() {
				continue
			}
			count++
			target := name
			if to.Path != "" {
				target = path.Join(path.Dir(name), to.Path)
			}
			if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(target))); err != nil {
				t.Errorf("%s links to %s, which there is not", name, l[1])
			}
			if to.Fragment != "" && path.Ext(target) == ".md" && !places[target][to.Fragment] {
				t.Errorf("%s links to %s, which has no such heading", name, l[1])
			}
		}
	}
	if count < 100 {
		t.Errorf("%d links were looked at", count)
	}
}

// README.md lists every file of this folder, and every folder in it.
func TestNothingIsOrphaned(t *testing.T) {
	index, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{"README.md": true}
	for _, l := range link.FindAllStringSubmatch(prose(string(index)), -1) {
		first, _, _ := strings.Cut(l[1], "/")
		listed[first] = true
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" && !listed[e.Name()] {
			t.Errorf("docs/README.md does not list %s", e.Name())
		}
	}
}

// Every path that CONTRIBUTING.md names is there.
func TestPathsOfContributing(t *testing.T) {
	page, err := os.ReadFile("../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	top := regexp.MustCompile(`^(domain|store|consumers|internal|cmd|docs|bench)(/[A-Za-z0-9_./-]+)?$`)
	for _, s := range span.FindAllString(string(page), -1) {
		name := strings.Trim(s, "`")
		if !top.MatchString(name) {
			continue
		}
		count++
		if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(name))); err != nil {
			t.Errorf("CONTRIBUTING.md names %s, which there is not", name)
		}
	}
	if count < 40 {
		t.Errorf("%d paths were looked at", count)
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range regexp.MustCompile("`make ([a-z0-9]+)`").FindAllStringSubmatch(string(page), -1) {
		if !strings.Contains(string(makefile), "\n"+target[1]+":") {
			t.Errorf("CONTRIBUTING.md names make %s, which there is not", target[1])
		}
	}
}
