package decision

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/report"
)

// Conflict is a decision that cannot be taken as things are.
type Conflict struct{ Text string }

func (e Conflict) Error() string { return e.Text }

// Unpublished is the answer where a decision may not have left: asked for again
// with the same key, it is the same one.
type Unpublished struct{ Err error }

func (e Unpublished) Error() string { return "not published: " + e.Err.Error() }

// Unwrap gives what was in the way.
func (e Unpublished) Unwrap() error { return e.Err }

// Accepted says that a decision is on its way to the ledger, and as what: its
// outcome is what the worker makes of that event.
type Accepted struct {
	Source  string `json:"source"`
	ID      string `json:"id"`
	Subject string `json:"subject"`
	Events  int    `json:"events,omitempty"` // where there are several, whose ids begin with this one's
}

// Source is where the decisions taken at a desk come from, as events.
const Source = "trueup/web"

// Desk takes decisions. It may be used by many goroutines at once: it takes one
// at a time.
type Desk struct {
	tenant  string
	reader  report.Reader // limited to whoever asks
	publish func(context.Context, []Message) error
	now     func() time.Time

	// Entitled says why somebody's role in the company may not decide something;
	// nil: that is seen when the event comes to the ledger.
	Entitled func(event.Event) error

	mu    sync.Mutex
	taken map[string]*taken // by the event's id
	order []string          // as they were first asked for
}

// taken is a decision that was asked for. It is published again as it was the
// first time, since another instant in it would be another decision.
type taken struct {
	what     [sha256.Size]byte // body and maker
	messages []Message
	out      bool // published
}

// mostTaken is how many decisions a desk remembers. Asked for again after that,
// one is told from the first by its instant, and the ledger keeps the first.
const mostTaken = 10_000

// NewDesk takes the decisions of a tenant.
func NewDesk(tenant string, r report.Reader, publish func(context.Context, []Message) error, now func() time.Time) *Desk {
	return &Desk{tenant: tenant, reader: r, publish: publish, now: now, taken: map[string]*taken{}}
}

// Do takes the decision of whoever asks in ctx, about the target that the
// action's path names. The key is theirs: asked again with the same one, the
// decision is not taken again.
func (d *Desk) Do(ctx context.Context, a Action, target, key string, body []byte) (*Accepted, error) {
	who, ok := access.Of(ctx)
	if !ok || !who.Is(a.Roles...) {
		return nil, access.Forbidden{Text: fmt.Sprintf("%s is for %s", a.Name, roles(a.Roles))}
	}
	if why := unfit(key); why != "" {
		return nil, report.Mistake{Text: "Idempotency-Key " + why + ": give each decision a key of its own, so that asking twice acts once"}
	}
	id := event.Identity{Source: Source, ID: strings.Join([]string{a.Name, target, key}, "/")}
	what := sha256.Sum256(fmt.Appendf(nil, "%q %q %s", who.Name, who.ByRole, body))
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.taken[id.ID]
	switch {
	case t != nil && t.what != what:
		return nil, Conflict{fmt.Sprintf("Idempotency-Key %q was given to another decision", key)}
	case t == nil:
		all, err := d.messages(ctx, a, Decided{Identity: id, Time: d.now(), By: who.By(), Target: target, Key: key, Body: body})
		if err != nil {
			return nil, err
		}
		t = &taken{what: what, messages: all}
		d.remember(id.ID, t)
	}
	if !t.out {
		if err := d.publish(ctx, t.messages); err != nil {
			return nil, Unpublished{err}
		}
		t.out = true
	}
	out := &Accepted{Source: id.Source, ID: id.ID, Subject: t.messages[0].Subject}
	if a.events != nil {
		out.Events = len(t.messages)
	}
	return out, nil
}

// messages are the events of a decision, each read as the wire reads any and
// fitting to what there is.
func (d *Desk) messages(ctx context.Context, a Action, of Decided) ([]Message, error) {
	if a.events == nil {
		m, err := a.Message(d.tenant, of)
		if err != nil {
			return nil, err
		}
		return []Message{m}, d.fits(ctx, m.event)
	}
	all, err := a.events(ctx, d.reader, of)
	if err != nil {
		return nil, err
	}
	out := make([]Message, 0, len(all))
	for _, x := range all {
		// Who decided is in the id where the event's data has no place for it.
		id := event.Identity{Source: of.Source, ID: strings.Join([]string{of.ID, of.By.By, x.name}, "/")}
		m, err := a.Message(d.tenant, Decided{Identity: id, Time: of.Time, By: of.By, Target: of.Target, Key: of.Key, Body: x.data})
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func (d *Desk) remember(id string, t *taken) {
	if len(d.order) >= mostTaken {
		delete(d.taken, d.order[0])
		d.order = d.order[1:]
	}
	d.taken[id] = t
	d.order = append(d.order, id)
}

// maxKey is how long a key may be: it is part of the event's id.
const maxKey = 64

// unfit says what is wrong with a key.
func unfit(key string) string {
	odd := func(r rune) bool { return r <= ' ' || r > '~' || r == '/' }
	switch {
	case key == "":
		return "is missing"
	case len(key) > maxKey:
		return fmt.Sprintf("is longer than %d bytes", maxKey)
	case strings.ContainsFunc(key, odd):
		return fmt.Sprintf("%q has a character other than letters, digits and marks", key)
	}
	return ""
}

func roles(all []access.Role) string {
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = string(r)
	}
	return strings.Join(names, " and ")
}
