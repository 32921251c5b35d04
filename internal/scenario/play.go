package scenario

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/wire"
)

// Arrival is an event and the instant it arrived, or why it could not be read.
type Arrival struct {
	tenant.Input
	Rejected *report.Rejected
}

// MaxLine bounds one line of a file of events.
const MaxLine = 2 << 20

// Read reads NDJSON of CloudEvents. A line that is not a valid event becomes a
// rejected arrival, as it would be parked by a worker. Blank lines are skipped.
func Read(r io.Reader, tenantName string) ([]Arrival, error) {
	var out []Arrival
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), MaxLine)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		out = append(out, arrive(bytes.Clone(line), tenantName, n))
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("a line is longer than %d bytes", MaxLine)
		}
		return nil, err
	}
	return out, nil
}

func arrive(line []byte, tenantName string, n int) Arrival {
	in, err := wire.DecodeLine(line, tenantName)
	if err != nil {
		id, _ := wire.Identify(wire.Raw{Body: line})
		return Arrival{Rejected: &report.Rejected{
			ID: id.ID, Source: id.Source, Code: string(wire.ReasonOf(err)), Reason: fmt.Sprintf("line %d: %v", n, err),
		}}
	}
	at := in.Recorded
	if at.IsZero() {
		at = in.Event.Head().Time
	}
	return Arrival{Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: at}}
}

// Sort puts arrivals in the order they are played in: what could not be read
// first, the rest by arrival instant, then source, then id. Only two events
// with one identity keep the order they had.
func Sort(arrivals []Arrival) {
	slices.SortStableFunc(arrivals, func(a, b Arrival) int {
		switch {
		case a.Rejected != nil && b.Rejected != nil:
			return 0
		case a.Rejected != nil:
			return -1
		case b.Rejected != nil:
			return 1
		}
		x, y := a.Event.Head(), b.Event.Head()
		return cmp.Or(a.Arrived.Compare(b.Arrived), cmp.Compare(x.Source, y.Source), cmp.Compare(x.ID, y.ID))
	})
}

// Played is a tenant after its events.
type Played struct {
	*Memory
	Engine   *tenant.Engine
	Setting  report.Setting
	rejected []report.Rejected
	// watch, of tests, sees every change before it is kept, and the timer that
	// made it, if it was one.
	watch func(fired *tenant.Timer, c *tenant.Changes) error
}

// Rejections implements report.Source.
func (p *Played) Rejections(yield func(report.Rejected) error) error {
	for _, r := range p.rejected {
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// Sums implements report.Whole.
func (p *Played) Sums(yield func(*ledger.Sum) error) error {
	ids, err := p.Payees()
	if err != nil {
		return err
	}
	home := p.Setting.Plans[0]
	for _, id := range ids {
		sum := &ledger.Sum{}
		if sum.Account, err = p.Ledger(id); err != nil {
			return err
		}
		sum.Payee = id
		err := p.EntriesOf(id, func(e *ledger.Entry) error { return sum.Add(e, home.Periods.Calendar, home.Zone) })
		if err != nil {
			return err
		}
		if err := yield(sum); err != nil {
			return err
		}
	}
	return nil
}

// Play applies arrivals in the order given, fires every timer up to asOf and
// settles everything there. Arrivals after asOf do not exist.
func Play(tenantName string, plans plan.Set, arrivals []Arrival, asOf time.Time) (*Played, error) {
	p, err := Start(tenantName, plans, 0)
	if err != nil {
		return nil, err
	}
	for _, a := range arrivals {
		if a.Rejected == nil && a.Arrived.After(asOf) {
			continue
		}
		if err := p.Arrive(a); err != nil {
			return nil, err
		}
	}
	if err := p.Finish(asOf); err != nil {
		return nil, err
	}
	return p, nil
}

// Start is a tenant nothing has arrived at; cached is as in tenant.New.
func Start(tenantName string, plans plan.Set, cached int) (*Played, error) {
	e, err := tenant.New(tenantName, plans, planfile.Parse, tenant.State{}, cached)
	if err != nil {
		return nil, err
	}
	return &Played{Memory: NewMemory(), Engine: e, Setting: report.Setting{Tenant: tenantName, Plans: plans, Parse: planfile.Parse}}, nil
}

// Arrive fires every timer due by an arrival and applies it.
func (p *Played) Arrive(a Arrival) error {
	if a.Rejected != nil {
		p.rejected = append(p.rejected, *a.Rejected)
		return nil
	}
	return p.arrive(a.Input)
}

// Finish fires every timer up to asOf and settles everything there.
func (p *Played) Finish(asOf time.Time) error {
	if err := p.fire(asOf); err != nil {
		return err
	}
	c, err := p.Engine.Settle(p.Memory, asOf)
	if err != nil {
		return err
	}
	p.Setting.State = p.Engine.State()
	return p.keep(nil, c)
}

func (p *Played) arrive(in tenant.Input) error {
	if err := p.fire(p.Engine.Arrival(in.Arrived)); err != nil {
		return err
	}
	c, err := p.Engine.Apply(p.Memory, in)
	switch {
	case err == nil:
		return p.keep(nil, c)
	case domain.KindOf(err) == domain.Duplicate:
		p.Engine.Advance(in.Arrived)
	case domain.KindOf(err) == domain.Invalid:
		p.Engine.Advance(in.Arrived)
		h := in.Event.Head()
		p.rejected = append(p.rejected, report.Rejected{ID: h.ID, Source: h.Source, Code: tenant.CodeOf(err), Reason: err.Error(), At: p.Engine.State().AsOf})
	default:
		return err
	}
	return nil
}

// fire lets every timer due by an instant fire, in order.
func (p *Played) fire(until time.Time) error {
	for {
		t, due, err := p.FirstTimer(until)
		if err != nil || !due {
			return err
		}
		c, err := p.Engine.Fire(p.Memory, t)
		if err != nil {
			return err
		}
		fired := t // the others are not watched
		if err := p.keep(&fired, c); err != nil {
			return err
		}
	}
}

// keep commits what an input or a timer changed.
func (p *Played) keep(fired *tenant.Timer, c *tenant.Changes) error {
	if p.watch != nil {
		if err := p.watch(fired, c); err != nil {
			return err
		}
	}
	p.Commit(c)
	return nil
}

// Document is the statement document of the whole tenant.
func (p *Played) Document() (*report.Document, error) {
	return report.Build(p.Setting, p, report.Filter{})
}
