// Command licences reads the licences of all that is built into trueup: Go's own
// library, modules, and files of others that its pages bring. It ends with 1 if
// one is missing or not among those we may ship, and prints them, as an archive
// has to carry them.
//
//	go run ./deploy/licences [-list] > LICENSES.txt
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

const program = "./cmd/trueup"

// allowed are the licences that we may ship, by words that no other has. The
// first that fits is it.
var allowed = []struct{ name, words string }{
	{"Apache-2.0", "Apache License Version 2.0"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"BSD-3-Clause", "Neither the name of"},
	{"BSD-3-Clause", "names of its contributors may not be used"},
	{"BSD-2-Clause", "Redistributions in binary form must reproduce the above copyright notice"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that"},
	{"0BSD", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted."},
	{"CC0-1.0", "CC0 1.0 Universal"},
}

// terms are the names of files that speak of them; a NOTICE goes with a licence.
var terms = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)([.-].*)?$`)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "licences: %v\n", err)
		os.Exit(1)
	}
}

// part is something of somebody else's.
type part struct {
	name  string
	files []string
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("licences", flag.ContinueOnError)
	flags.SetOutput(stderr)
	list := flags.Bool("list", false, "print the names alone")
	if err := flags.Parse(args); err != nil {
		return err
	}
	parts, err := everything()
	if err != nil {
		return err
	}
	var wrong []error
	for _, p := range parts {
		name, err := p.write(stdout, *list)
		if err != nil {
			wrong = append(wrong, err)
		} else if *list {
			fmt.Fprintf(stdout, "%-14s %s\n", name, p.name)
		}
	}
	return errors.Join(wrong...)
}

// everything is what the program has in it, on each system that it is built for.
func everything() ([]part, error) {
	parts := []part{{name: "Go " + runtime.Version()}}
	root, err := output("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	parts[0].files = []string{filepath.Join(strings.TrimSpace(string(root)), "LICENSE")}
	seen := map[string]bool{}
	for _, arch := range []string{"amd64", "arm64"} {
		b, err := output("env", "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "go", "list", "-deps", "-json=Module", program)
		if err != nil {
			return nil, err
		}
		for d := json.NewDecoder(bytes.NewReader(b)); ; {
			var p struct {
				Module *struct {
					Path, Version, Dir string
					Main               bool
				}
			}
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			m := p.Module
			if m == nil || m.Main || seen[m.Path] {
				continue
			}
			seen[m.Path] = true
			files, err := termsIn(m.Dir)
			if err != nil {
				return nil, err
			}
			parts = append(parts, part{m.Path + " " + m.Version, files})
		}
	}
	slices.SortFunc(parts[1:], func(a, b part) int { return strings.Compare(a.name, b.name) })
	pages, err := vendored(filepath.Join("internal", "pages", "static"))
	return append(parts, pages...), err
}

// vendored are the scripts of others in a folder: each, NAME.min.js, has its
// licence beside it.
func vendored(dir string) ([]part, error) {
	scripts, err := filepath.Glob(filepath.Join(dir, "*.min.js"))
	if err != nil || len(scripts) == 0 {
		return nil, fmt.Errorf("no scripts in %s: %w", dir, err)
	}
	var out []part
	for _, s := range scripts {
		out = append(out, part{filepath.ToSlash(s), []string{strings.TrimSuffix(s, ".min.js") + ".LICENSE.txt"}})
	}
	return out, nil
}

func termsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if e.Type().IsRegular() && terms.MatchString(e.Name()) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}

// write prints the terms of a part unless only its name is wanted, and says
// which licence they are.
func (p part) write(w io.Writer, quiet bool) (string, error) {
	kind := ""
	for _, file := range p.files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return "", err
		}
		if kind == "" {
			kind = licence(text)
		}
		if !quiet {
			fmt.Fprintf(w, "==== %s: %s\n\n%s\n\n", p.name, filepath.Base(file), bytes.TrimSpace(text))
		}
	}
	if kind == "" {
		return "", fmt.Errorf("%s: no licence that we may ship among %q", p.name, p.files)
	}
	return kind, nil
}

// licence is the name of a licence that we may ship; empty if it is none.
func licence(text []byte) string {
	plain := strings.Join(strings.Fields(strings.NewReplacer("*", " ", "#", " ").Replace(string(text))), " ")
	for _, a := range allowed {
		if strings.Contains(plain, a.words) {
			return a.name
		}
	}
	return ""
}

func output(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...) //nolint:noctx // ends with this program
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", cmd, err)
	}
	return b, nil
}
