package demo

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
)

// Paid yields the company's events with payroll's answers among them: some
// days after a quarter locks, payroll confirms each payment the worker asks
// for; now and then a bank sends one back. To know what is asked for, the
// events are played through the rules on the way.
func (c Company) Paid() iter.Seq2[Arrival, error] {
	return func(yield func(Arrival, error) bool) {
		played, err := scenario.Start("demo", c.Plans(), 0)
		if err != nil {
			yield(Arrival{}, err)
			return
		}
		p := payroll{played: played}
		for a := range c.Events() {
			for len(p.due) > 0 && !p.due[0].Recorded.After(a.Recorded) {
				answer := p.due[0]
				p.due = p.due[1:]
				if err := p.play(answer); !yield(answer, err) || err != nil {
					return
				}
			}
			if err := p.play(a); !yield(a, err) || err != nil {
				return
			}
		}
	}
}

// payroll is the office that pays.
type payroll struct {
	played *scenario.Played
	locked civil.Quarter // the quarter whose lock was waited for
	due    []Arrival     // answers to come, by instant
}

// play applies an event and notes what a lock on its way asks payroll for.
func (p *payroll) play(a Arrival) error {
	line, err := Line(a)
	if err != nil {
		return err
	}
	in, err := wire.DecodeLine(line, "")
	if err != nil {
		return err
	}
	err = p.played.Arrive(scenario.Arrival{Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: a.Recorded}})
	next := p.played.Engine.State().NextLock
	for q := p.locked; q != 0 && q < next; q++ {
		statements, err := p.played.Statements(q)
		if err != nil {
			return err
		}
		for _, st := range statements {
			if st.Requested.Minor > 0 {
				p.due = append(p.due, answer(st, len(p.due)))
			}
		}
	}
	p.locked = next
	slices.SortStableFunc(p.due, func(a, b Arrival) int {
		return cmp.Or(a.Recorded.Compare(b.Recorded), cmp.Compare(a.Event.Head().ID, b.Event.Head().ID))
	})
	return err
}

// answer is what payroll says of a request, a few days later.
func answer(st tenant.Statement, no int) Arrival {
	at := st.At.AddDate(0, 0, 3).Add(10*time.Hour + time.Duration(no)*time.Minute).UTC().Truncate(time.Second)
	h := event.Header{Identity: event.Identity{Source: "payroll", ID: "pay-" + st.Reference}, Type: "billing.payout.confirmed.v1", Time: at}
	if no%31 == 30 {
		h.Type = "billing.payout.rejected.v1"
		return Arrival{event.PayoutRejected{
			Header: h, Period: st.Period, Payee: st.Payee, Amount: st.Requested, Reference: st.Reference, At: at, Reason: "account closed",
		}, at}
	}
	return Arrival{event.PayoutConfirmed{
		Header: h, Period: st.Period, Payee: st.Payee, Amount: st.Requested, Reference: st.Reference, At: at,
	}, at}
}
