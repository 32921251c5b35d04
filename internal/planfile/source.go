package planfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxSize is the most bytes a plan file may have. The preset has 3,000.
const maxSize = 1 << 20

// parse reads the documents of src that are not empty. What YAML has beyond
// words, lists and mappings (anchors, aliases, tags) is refused: a plan says
// every number where it stands.
func (d *decoder) parse(src []byte) []*yaml.Node {
	if len(src) > maxSize {
		d.addf(0, "", "has more than %d bytes, the most a plan file may have", maxSize)
		return nil
	}
	var roots []*yaml.Node
	for dec := yaml.NewDecoder(bytes.NewReader(src)); ; {
		doc, err := next(dec)
		switch {
		case errors.Is(err, io.EOF) && len(roots) == 0:
			d.addf(0, "", "is empty: a plan has at least plan, version, effective_from and components")
			return nil
		case errors.Is(err, io.EOF):
			return roots
		case err != nil:
			d.syntax(err)
			return roots
		case !empty(doc):
			d.plain(doc.Content[0])
			roots = append(roots, doc.Content[0])
		}
	}
}

// next is the next document. The parser panics on some malformed input; that
// is a syntax error like any other.
func next(dec *yaml.Decoder) (doc *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	doc = &yaml.Node{}
	return doc, dec.Decode(doc)
}

func empty(doc *yaml.Node) bool {
	return len(doc.Content) == 0 || null(doc.Content[0])
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// syntax reports what the YAML parser said, with its line as ours.
func (d *decoder) syntax(err error) {
	text, line := err.Error(), 0
	if m := yamlError.FindStringSubmatch(strings.ReplaceAll(text, "\n", " ")); m != nil {
		text = m[2]
		line, _ = strconv.Atoi(m[1])
	}
	d.addf(line, "", "is not YAML: %s", text)
}

// plain reports everything in the tree that is not a plain value.
func (d *decoder) plain(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		d.addf(n.Line, "", "*%s: aliases are not read here; write the value out", n.Value)
		return
	case n.Anchor != "":
		d.addf(n.Line, "", "&%s: anchors are not read here; write the value where it is used", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		d.addf(n.Line, "", "%s: tags are not read here", n.Tag)
	}
	for _, child := range n.Content {
		d.plain(child)
	}
}
