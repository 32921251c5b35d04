// Package planfile reads and writes plan files: YAML to plan.Plan and back. It
// is strict, and reports everything that is wrong with a file at once, each
// with its line. docs/plan.md describes the file.
package planfile

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	_ "time/tzdata" // a plan means the same on a machine without time zones

	"github.com/trueup/trueup/domain/plan"
)

// Decode reads one plan version; file is its name in messages. The error is an
// Errors with everything that is wrong.
func Decode(file string, src []byte) (*plan.Plan, error) {
	p, d := decode(file, src)
	if len(d.errs) > 0 {
		return nil, d.errs
	}
	return p, nil
}

// Parse reads a plan document that was published.
func Parse(yaml string) (*plan.Plan, error) { return Decode("plan_yaml", []byte(yaml)) }

func decode(file string, src []byte) (*plan.Plan, *decoder) {
	d := newDecoder(file)
	root := d.parse(src)
	if root == nil {
		return nil, d
	}
	p := d.plan(root)
	if !d.bad[""] {
		d.contradictions(p)
	}
	if d.errs = d.errs.byLine(); len(d.errs) > 0 {
		return nil, d
	}
	p.Hash = sha256.Sum256(Canonical(p))
	return p, d
}

// Load reads plan files into a Set. The error is an Errors with everything
// that is wrong with any of them, and with the sound ones together.
func Load(files ...string) (plan.Set, error) {
	var errs Errors
	var plans []*plan.Plan
	var sources []*decoder
	for _, file := range files {
		src, err := read(file)
		if err != nil {
			errs = append(errs, Error{File: file, Text: err.Error()})
			continue
		}
		p, d := decode(file, src)
		errs = append(errs, d.errs...)
		if p != nil {
			plans, sources = append(plans, p), append(sources, d)
		}
	}
	if len(files) == 0 {
		errs = Errors{{File: "plan", Text: "no plan file is given"}}
	}
	set, problems := plan.NewSet(plans...)
	for _, problem := range problems {
		if e := locate(problem, plans, sources); !slices.Contains(errs, e) {
			errs = append(errs, e)
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return set, nil
}

// read is the content of a file that can be a plan, cut where it is too large.
func read(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("is a directory, not a plan file")
	}
	src, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	return src, reason(err)
}

// reason is err without the operation and the path, which the message has.
func reason(err error) error {
	if err == nil {
		return nil
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot be read: %w", err)
}

// locate says a problem between plans about the last file that it names, and
// names the others.
func locate(problem plan.Problem, plans []*plan.Plan, sources []*decoder) Error {
	var named []*decoder
	for i, p := range plans {
		if names(problem.Text, p.ID()) {
			named = append(named, sources[i])
		}
	}
	if len(named) == 0 {
		return Error{File: "plans", Path: problem.Path, Text: problem.Text}
	}
	last := named[len(named)-1]
	e := Error{File: last.file, Line: last.line(problem.Path), Path: problem.Path, Text: problem.Text}
	for i, d := range named[:len(named)-1] {
		e.Text += map[bool]string{true: "; see also ", false: ", "}[i == 0] + d.file
	}
	return e
}

// names reports whether text has id as a word: a@1 is not in a@12.
func names(text, id string) bool {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		if word == id {
			return true
		}
	}
	return false
}
