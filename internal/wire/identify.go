package wire

import (
	"bytes"

	"github.com/trueup/trueup/domain/event"
)

// Identify finds, as well as it can, who sent a message that did not decode
// and under which id. It is false where it does not know both. What it gives
// is short, valid UTF-8 and free of control characters.
func Identify(raw Raw) (event.Identity, bool) {
	f := newForm()
	defer f.free()
	var env envelope
	h, _ := f.headers(raw.Header)
	if h.has("id") || h.has("source") {
		env.fromHeaders(f, h)
	} else {
		// What was read before an error still counts.
		_ = f.doc.read(bytes.ToValidUTF8(raw.Body[:min(len(raw.Body), DefaultMaxBody)], []byte("\uFFFD")))
		for i, v := range f.doc.nodes {
			if to := env.attribute(string(v.key)); i > 0 && v.depth == 1 && v.kind == isString && to != nil && *to == nil {
				*to = v.text
			}
		}
	}
	if unfit(env.id, maxAttribute) != "" || unfit(env.source, maxAttribute) != "" {
		return event.Identity{}, false
	}
	return event.Identity{Source: string(env.source), ID: string(env.id)}, true
}
