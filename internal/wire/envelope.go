package wire

import (
	"bytes"
	"strings"
	"time"

	"github.com/trueup/trueup/domain/event"
)

// envelope is what a message says around its data; an attribute that is absent
// is nil.
type envelope struct {
	specversion, id, source, kind, time []byte
	contentType, tenant, recorded       []byte
	data                                int32
}

// open finds the attributes and the data of a message in either mode.
//
// The content type decides where it names structured mode; otherwise a
// ce-specversion header means binary mode, a JSON object with specversion
// structured mode, and any other ce- header a broken binary mode.
func (e *envelope) open(f *form, raw Raw) error {
	h, err := f.headers(raw.Header)
	if err != nil {
		return err
	}
	e.data = none
	media := mediaType(h.contentType)
	structured := media == "application/cloudevents+json"
	if !structured && strings.HasPrefix(media, "application/cloudevents") {
		return faultf(NotACloudEvent, "content type %s is not supported; send one event as application/cloudevents+json", show(media))
	}
	if !structured && h.has("specversion") {
		return e.binary(f, h, raw.Body)
	}
	if blank(raw.Body) {
		return faultf(Empty, "the body is empty")
	}
	if err := f.doc.read(raw.Body); err != nil {
		return err
	}
	isEvent := f.doc.nodes[0].kind == isObject && (structured || f.doc.child(0, "specversion") != none)
	if !isEvent && len(h.attributes) > 0 {
		return faultf(NotACloudEvent, "the header ce-specversion is missing")
	}
	if !isEvent {
		return faultf(NotACloudEvent, "the body is not a CloudEvent: it must be an object with specversion, or have ce- headers")
	}
	return e.fromBody(&f.doc)
}

// binary takes the attributes from the headers and the data from the body.
func (e *envelope) binary(f *form, h headers, body []byte) error {
	e.fromHeaders(f, h)
	switch {
	case h.contentType == "":
	case e.contentType == nil:
		e.contentType = []byte(h.contentType)
	case mediaType(string(e.contentType)) != mediaType(h.contentType):
		return faultf(BadHeader, "header ce-datacontenttype is %s, but Content-Type is %s", show(e.contentType), show(h.contentType))
	}
	if blank(body) {
		if string(e.kind) != string(Tick) {
			return faultf(Empty, "the body is empty")
		}
		return nil
	}
	f.doc.root = "data"
	e.data = 0
	return f.doc.read(body)
}

// fromHeaders takes the attributes from the headers.
func (e *envelope) fromHeaders(f *form, h headers) {
	for _, a := range h.attributes {
		if to := e.attribute(a.name); to != nil {
			start := len(f.values)
			f.values = append(f.values, a.value...)
			*to = f.values[start:len(f.values):len(f.values)]
		}
	}
}

// fromBody takes the attributes from a structured event.
func (e *envelope) fromBody(d *document) error {
	for i := int32(1); i < d.nodes[0].next; i = d.nodes[i].next {
		v, key := d.nodes[i], d.nodes[i].key
		if string(key) == "data" {
			e.data = i
			continue
		}
		if string(key) == "data_base64" {
			return faultf(BadValue, "data_base64 is not supported; send the data as JSON in data")
		}
		if !attributeName(key) {
			return faultf(UnknownField, "%s is not an attribute of a CloudEvent: names are lower-case letters and digits", plain(string(key)))
		}
		to := e.attribute(string(key))
		switch {
		case v.kind == isNull:
		case v.kind == isString:
			if to != nil {
				*to = v.text
			}
		case to != nil || v.kind == isArray || v.kind == isObject || string(key) == "subject" || string(key) == "dataschema":
			return faultf(BadValue, "%s must be a string, not %v", key, v.kind)
		}
	}
	return nil
}

func blank(body []byte) bool { return len(bytes.TrimLeft(body, " \t\r\n")) == 0 }

// attribute is where an attribute is kept, and nil for those that are not.
func (e *envelope) attribute(key string) *[]byte {
	switch key {
	case "specversion":
		return &e.specversion
	case "id":
		return &e.id
	case "source":
		return &e.source
	case "type":
		return &e.kind
	case "time":
		return &e.time
	case "datacontenttype":
		return &e.contentType
	case "tenant":
		return &e.tenant
	case "recordedtime":
		return &e.recorded
	}
	return nil
}

// attributeName reports whether CloudEvents allows the name.
func attributeName[S ~string | ~[]byte](key S) bool {
	for i := range len(key) {
		if c := key[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(key) > 0
}

// check looks at everything but the times, and gives the type's entry.
func (e *envelope) check(tenant, subject string) (*entry, error) {
	if string(e.specversion) != "1.0" {
		if e.specversion == nil {
			return nil, faultf(NotACloudEvent, "specversion is missing")
		}
		return nil, faultf(NotACloudEvent, "specversion %s is not supported, only 1.0 is", show(e.specversion))
	}
	for _, a := range [...]struct {
		name  string
		value []byte
	}{{"id", e.id}, {"source", e.source}, {"type", e.kind}, {"time", e.time}} {
		if a.value == nil {
			return nil, faultf(MissingField, "%s is missing", a.name)
		}
		if why := unfit(a.value, maxAttribute); why != "" {
			return nil, faultf(BadValue, "%s %s", a.name, why)
		}
	}
	if subject != "" {
		_, rest, _ := strings.Cut(subject, ".")
		addressed, _, _ := strings.Cut(rest, ".")
		if tenant == "" {
			tenant = addressed
		}
		if addressed != tenant {
			return nil, faultf(WrongTenant, "subject %s is of tenant %s, this is %s", show(subject), show(addressed), show(tenant))
		}
	}
	if e.tenant != nil && tenant != "" && string(e.tenant) != tenant {
		return nil, faultf(WrongTenant, "tenant is %s, this is %s", show(e.tenant), show(tenant))
	}
	if e.contentType != nil && mediaType(string(e.contentType)) != "application/json" {
		return nil, faultf(BadValue, "datacontenttype %s is not supported, only application/json is", show(e.contentType))
	}
	kind := byType[string(e.kind)]
	if kind == nil {
		return nil, faultf(UnknownType, "type %s is not known", show(e.kind))
	}
	if subject != "" && !kind.travelsOn(subject, tenant) {
		return nil, faultf(WrongSubject, "type %s travels on %s, not on %s", kind.name, show(Subject(tenant, kind.name)), show(subject))
	}
	return kind, nil
}

// header is the event's header and its recordedtime.
func (e *envelope) header(f *form, kind *entry) (h event.Header, recorded time.Time, err error) {
	at, why := parseInstant(e.time)
	if why != "" {
		return h, recorded, faultf(BadDate, "time %s", why)
	}
	if e.recorded != nil {
		if recorded, why = parseInstant(e.recorded); why != "" {
			return h, recorded, faultf(BadDate, "recordedtime %s", why)
		}
	}
	h = event.Header{Identity: event.Identity{Source: f.source(e.source), ID: string(e.id)}, Type: kind.name, Time: at}
	return h, recorded, nil
}

// checkHeader is check for an event that is to be written.
func checkHeader(h event.Header) error {
	if why := unfit(h.ID, maxAttribute); why != "" {
		return faultf(BadValue, "id %s", why)
	}
	if why := unfit(h.Source, maxAttribute); why != "" {
		return faultf(BadValue, "source %s", why)
	}
	if why := implausible(h.Time); why != "" {
		return faultf(BadDate, "time %s", why)
	}
	return nil
}
