package store

import (
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/tenant"
)

// Operating is how a ledger does, for those who keep it running: it names
// nobody. Amounts are sums over everybody, in minor units of the tenant's
// currency.
type Operating struct {
	AsOf       time.Time // latest arrival; zero before the first
	Facts      uint64
	Entries    int64
	LastOutput uint64
	Confirmed  uint64 // outputs the broker is known to have

	TimersDue  int       // by the instant asked about, counted up to mostDue
	FirstTimer time.Time // when the first is due; zero: none is set

	Parked map[string]int         // that wait for somebody, by their code
	SLA    map[string]SLAStanding // by the name of the clock

	Held, Payable, Paid int64

	File File
}

// SLAStanding counts episodes by how they stand.
type SLAStanding struct {
	Open     int
	Breached int // and not resolved since
}

// mostDue bounds how many timers are counted.
const mostDue = 100_000

// Operating reads how the ledger does by an instant. It reads what changed of
// the episodes and of what is parked since it was asked before.
func (s *Summary) Operating(by time.Time) (o Operating, err error) {
	o.Parked, o.SLA = map[string]int{}, map[string]SLAStanding{}
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.store.View(func(v *View) error {
		o.AsOf, o.Confirmed = v.state.AsOf, s.store.Confirmed()
		if o.Facts, err = lastFact(v.tx); err != nil {
			return err
		}
		last, err := lastOut(in(v.tx, bOut))
		if err != nil {
			return err
		}
		o.LastOutput = last.N
		sums, err := readTotals(v.tx)
		if err != nil {
			return err
		}
		o.Entries, o.Held, o.Payable, o.Paid = sums.Entries, sums.Held, sums.Payable, sums.Paid
		if err := v.timersDue(by, &o); err != nil {
			return err
		}
		return s.standing(v, &o)
	})
	if err == nil {
		o.File, err = s.store.File()
	}
	return o, err
}

// timersDue counts timers that are due.
func (v *View) timersDue(by time.Time, o *Operating) error {
	c := in(v.tx, bTimers).cursor()
	for ok := c.first(); ok; ok = c.next() {
		t, err := decodeTimer(c.k)
		if err != nil {
			return err
		}
		if o.FirstTimer.IsZero() {
			o.FirstTimer = t.Due
		}
		if t.Due.After(by) || o.TimersDue == mostDue {
			return nil
		}
		o.TimersDue++
	}
	return c.err
}

// standing counts episodes and what is parked. The caller has the lock.
func (s *Summary) standing(v *View, o *Operating) error {
	episodes, err := s.episodes.caughtUp(in(v.tx, bEpisodes), func(k, b []byte, _ *tenant.Episode) (tenant.Episode, error) { return decodeEpisode(k, b) })
	if err != nil {
		return err
	}
	parked, err := s.parked.caughtUp(in(v.tx, bParked), func(k, b []byte, _ *string) (string, error) {
		p, err := decodeParked(k, b)
		if p.State != StateParked {
			return "", err
		}
		return p.Code, err
	})
	if err != nil {
		return err
	}
	s.episodes, s.parked = episodes, parked
	for _, e := range episodes.list {
		n := o.SLA[e.of.SLA()]
		switch e.of.Status() {
		case "open":
			n.Open++
		case string(account.Breached):
			n.Breached++
		}
		o.SLA[e.of.SLA()] = n
	}
	for _, p := range parked.list {
		if p.of != "" {
			o.Parked[p.of]++
		}
	}
	return nil
}
