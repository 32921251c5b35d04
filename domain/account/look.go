package account

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// trailing is how many days engaged contacts and qualified leads are looked
// for, the last one included.
const trailing = 90

// look is a payee's quarter, as far as it has come, seen from one account.
type look struct {
	Holding
	first, last civil.Date
	until       civil.Date // the quarter's own last day
	asOf        time.Time
	m           *Measures
}

// Measures of the account for one payee in a role or several together, for a quarter as it stands at
// an instant. healthy is the score, out of 100, that a healthy account has.
// What a payee sourced counts whoever owns the account; risk episodes are of
// whoever was the CSM when they opened. Everything else is the owner's.
func (s *State) Measures(h Holders, q civil.Quarter, asOf time.Time, healthy money.Ratio) Measures {
	var m Measures
	l := s.Holding(h).look(q, asOf, &m)
	if l.last < l.first {
		return m
	}
	l.pipeline()
	l.paid(healthy)
	if !l.ownedSometime() {
		return m
	}
	l.surveys()
	l.onboardings()
	l.forecasts()
	if l.owns(l.last) {
		l.segments()
		l.adoption()
	}
	m.Quarter = l.Retained(l.first, l.last, nil)
	return m
}

// Paid is the part of State.Measures that pay looks at, for a fraction of the
// work.
func (s Holding) Paid(q civil.Quarter, asOf time.Time, healthy money.Ratio) Paid {
	var m Measures
	if l := s.look(q, asOf, &m); l.last >= l.first {
		l.paid(healthy)
	}
	return m.Paid()
}

func (l *look) paid(healthy money.Ratio) {
	l.episodes()
	if !l.ownedSometime() {
		return
	}
	l.weeks()
	l.reviews()
	if l.owns(l.last) {
		l.standing()
		l.healthy(healthy)
		l.contacts()
	}
}

func (s Holding) look(q civil.Quarter, asOf time.Time, m *Measures) look {
	l := look{Holding: s, asOf: asOf, m: m, first: s.set.Calendar.First(q), until: s.set.Calendar.Last(q)}
	if !l.until.End(s.set.Zone).After(asOf) {
		l.asOf = asOf.Add(1) // a deadline in its last instant is over too: the clock changes nothing any more
	}
	l.last = min(l.until, civil.In(asOf, s.set.Zone))
	return l
}

// owns reports whether the payee owned the account on a day.
func (l *look) owns(d civil.Date) bool { return l.ownedAll(d, d) }

// ownedSometime reports whether the payee owned the account on any day of the
// quarter, as far as it has come.
func (l *look) ownedSometime() bool {
	return slices.ContainsFunc(l.owned, func(iv interval) bool { return iv.from <= l.last && iv.until > l.first })
}

// ownedAll reports whether the payee owned the account on all days [from, last].
func (l *look) ownedAll(from, last civil.Date) bool {
	return slices.ContainsFunc(l.owned, func(iv interval) bool { return iv.from <= from && last < iv.until })
}

func (l *look) day(at time.Time) civil.Date { return civil.In(at, l.set.Zone) }

// during reports whether a day is in the quarter, as far as it has come.
func (l *look) during(d civil.Date) bool { return l.first <= d && d <= l.last }

// weeks counts the 7-day weeks from the quarter's first day; a part-week at the
// end is left out.
//
// Source: rules §8 "Objectives", health updates; readings R30.
// Units: account-weeks.
// Rounding: none.
func (l *look) weeks() {
	var scored [14]bool // 92 days at most
	list := &l.health.list
	for i := l.health.from(l.first.Start(l.set.Zone)); i < list.Len(); i++ {
		d := l.day(list.At(i).at())
		if d > l.last {
			break
		}
		scored[d.Sub(l.first)/7] = true
	}
	for w := l.first; w+6 <= l.last; w += 7 {
		if !l.ownedAll(w, w+6) {
			continue
		}
		l.m.WeeksOwned++
		if scored[w.Sub(l.first)/7] {
			l.m.WeeksScored++
		}
	}
}

// reviews counts the account where the payee had it for the whole quarter.
//
// Source: rules §6 "Review completion"; readings R20.
// Units: accounts.
// Rounding: none.
func (l *look) reviews() {
	if !l.ownedAll(l.first, l.last) {
		return
	}
	l.m.ReviewScope = 1
	for _, r := range l.attention.reviews.All() {
		if l.during(r.(event.ReviewHeld).On) {
			l.m.ReviewsDone = 1
		}
	}
}

// contacts counts distinct contacts engaged on the 90 days up to the last.
//
// Source: rules §8 "Objectives", multi-threading.
// Units: contacts.
// Rounding: none.
func (l *look) contacts() {
	var engaged []string
	for c := range l.attention.contacts.backward() {
		d := l.day(c.EngagedAt)
		if d <= l.last-trailing {
			break
		}
		if d <= l.last && !slices.Contains(engaged, c.Contact) {
			engaged = append(engaged, c.Contact)
		}
	}
	l.m.Contacts = len(engaged)
}

// episodes counts those due in the quarter and how soon somebody intervened.
//
// Source: rules §8 "Objectives", risk response, and §12a; readings R31.
// Units: episodes; whole seconds from the opening to the intervention.
// Rounding: seconds down.
func (l *look) episodes() {
	l.deriveEpisodes()
	for _, e := range l.risk.list {
		// e is a copy: asking here settles nothing.
		if d := l.day(e.Deadline); !l.holders.has(e.Payee) || d < l.first || d > l.until {
			continue
		}
		done, _ := l.Transitions(&e, l.asOf)
		for _, t := range done {
			switch t.Turn {
			case Met:
				l.m.EpisodesMet++
				l.m.EpisodesDue++
			case Breached:
				l.m.EpisodesDue++
			case Opened, Warned, Closed, Resolved:
			}
			if t.Turn == Met || t.Turn == Resolved {
				l.m.ResponseSeconds = append(l.m.ResponseSeconds, int64(t.At.Sub(e.Start)/time.Second))
			}
		}
	}
}

// standing is the account as the payee owns it on the last day. It is at risk
// where its last score is below the one at which a risk episode opens.
//
// Source: rules §12 and §12a.
// Units: accounts; minor units of ARR.
// Rounding: none.
func (l *look) standing() {
	if l.arr.aliveOn(l.last) {
		l.m.Living = 1
	}
	if l.m.ARR = l.arr.At(l.last); l.m.ARR == 0 {
		return
	}
	if score := l.lastScore(); score != nil && !score.reaches(l.set.Plans.Settings(l.last).SLA.Risk.Below) {
		l.m.AtRiskARR = l.m.ARR
	}
}

func (l *look) lastScore() *score { return l.health.last(l.last.End(l.set.Zone)) }

// healthy adds to how the account stands its health: a healthy account's last
// score reaches what was asked for.
//
// Source: rules §8 "Health bonus".
// Units: accounts; minor units of ARR.
// Rounding: none.
func (l *look) healthy(least money.Ratio) {
	l.m.Accounts = 1
	if score := l.lastScore(); score != nil && score.reaches(least) {
		l.m.HealthyARR = l.m.ARR
	}
}

// segments puts the account as it stands into its segment.
//
// Source: rules §12a.
// Units: accounts; minor units of ARR.
// Rounding: none.
func (l *look) segments() {
	if l.m.ARR == 0 {
		return
	}
	seg := l.m.segment(l.segment())
	switch {
	case l.lastScore() == nil:
		seg.Unscored, seg.Rest = 1, l.m.ARR
	case l.m.AtRiskARR != 0:
		seg.AtRisk, seg.AtRiskARR = 1, l.m.ARR
	default:
		seg.Healthy, seg.HealthyARR = 1, l.m.ARR
	}
}

// segment is the account's on the last day: the latest that an assignment in
// any role told.
func (l *look) segment() string {
	return l.owners.latest(l.last, func(a event.AccountAssigned) string { return a.Segment })
}
