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

	"go.yaml.in/yaml/v3"

	"github.com/trueup/trueup/domain/plan"
)

// Decode reads one plan version; file is its name in messages. The error is an
// Errors with everything that is wrong.
func Decode(file string, src []byte) (*plan.Plan, error) {
	d := newDecoder(file)
	roots := d.parse(src)
	if len(roots) > 1 {
		d.addf(max(roots[1].Line, 1), "", "a second YAML document starts here: one document is one plan version")
	}
	var p *plan.Plan
	if len(roots) > 0 {
		p = d.document(roots[0])
	}
	if errs := d.errs.byLine(); len(errs) > 0 {
		return nil, errs
	}
	return p, nil
}

// Parse reads a plan document that was published.
func Parse(document string) (*plan.Plan, error) { return Decode("plan_yaml", []byte(document)) }

// document reads one plan version, which is whole where d has no errors.
func (d *decoder) document(root *yaml.Node) *plan.Plan {
	p := d.plan(root)
	if !d.bad[""] {
		d.contradictions(p)
	}
	if len(d.errs) == 0 {
		p.Hash = sha256.Sum256(Canonical(p))
	}
	return p
}

// DecodeAll reads every plan version of a file, a YAML document each, into a
// Set; file is its name in messages. The error is an Errors with everything
// that is wrong with any of them, and with the sound ones together.
func DecodeAll(file string, src []byte) (plan.Set, error) {
	var l loader
	l.add(file, src)
	return l.set()
}

// Load is DecodeAll of several files together.
func Load(files ...string) (plan.Set, error) { return load(files, read) }

// LoadNamed is Load of files and presets by name.
func LoadNamed(names ...string) (plan.Set, error) {
	return load(names, func(name string) ([]byte, error) {
		if src, ok := Preset(name); ok {
			return src, nil
		}
		return read(name)
	})
}

func load(files []string, read func(string) ([]byte, error)) (plan.Set, error) {
	var l loader
	for _, file := range files {
		src, err := read(file)
		if err != nil {
			l.errs = append(l.errs, Error{File: file, Text: err.Error()})
			continue
		}
		l.add(file, src)
	}
	if len(files) == 0 {
		l.errs = Errors{{File: "plan", Text: "no plan file is given"}}
	}
	return l.set()
}

// loader collects sound plans, where each stands, and everything that is wrong.
type loader struct {
	errs    Errors
	plans   []*plan.Plan
	sources []*decoder
}

// add reads the documents of a file. Each has a decoder of its own: paths are
// a document's.
func (l *loader) add(file string, src []byte) {
	whole := newDecoder(file)
	errs := Errors{}
	for _, root := range whole.parse(src) {
		d := newDecoder(file)
		if p := d.document(root); len(d.errs) == 0 {
			l.plans, l.sources = append(l.plans, p), append(l.sources, d)
		}
		errs = append(errs, d.errs...)
	}
	l.errs = append(l.errs, append(whole.errs, errs...).byLine()...)
}

func (l *loader) set() (plan.Set, error) {
	set, problems := plan.NewSet(l.plans...)
	for _, problem := range problems {
		if e := locate(problem, l.plans, l.sources); !slices.Contains(l.errs, e) {
			l.errs = append(l.errs, e)
		}
	}
	if len(l.errs) > 0 {
		return nil, l.errs
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
	var others []string
	for _, d := range named[:len(named)-1] {
		if d.file != last.file && !slices.Contains(others, d.file) {
			others = append(others, d.file)
		}
	}
	if len(others) > 0 {
		e.Text += "; see also " + strings.Join(others, ", ")
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
