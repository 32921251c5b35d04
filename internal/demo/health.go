package demo

import (
	"strconv"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Health is in thousandths of what is best; atRisk is where risk begins.
const atRisk = 650

// trouble is a time in which an account's health goes down to a depth.
type trouble struct {
	from, until civil.Date
	depth       int
}

// mood is how an account's health goes from score to score.
type mood struct {
	level, usual int
	low          bool
}

// watch tells the account's health: it drifts around a usual level, goes down
// in times of trouble, and up again when somebody did something about it, or
// nobody did.
func (l *life) watch() {
	span := l.w.Until.Sub(l.w.From)
	for range l.times(400 * span / 365) {
		from := l.w.From.Add(l.between(0, span))
		l.troubles = append(l.troubles, trouble{from: from, until: from.Add(120), depth: l.between(450, 620)})
	}
	m := mood{usual: min(max(810+l.bell()*60/1000, 710), 960)}
	m.level = m.usual
	every := 28
	if l.seg.weekly {
		every = 7
	}
	first := max(l.w.From.Add(-every), l.began.Add(7))
	for d := first.Add(l.no % min(every, 5)); d <= l.w.Until; d = d.Add(every) {
		if !l.livesOn(d) {
			m.low = false
			continue
		}
		l.score(&m, d)
	}
}

// score moves the mood to a day, and tells it.
func (l *life) score(m *mood, d civil.Date) {
	to := m.usual
	tr := l.troubleOn(d)
	if tr != nil {
		to = tr.depth
	}
	pull := 450
	if !l.seg.weekly {
		pull = 850
	}
	m.level = min(max(m.level+(to-m.level)*pull/1000+l.bell()*25/1000, 20), 1000)
	at := l.at(d, 3, 6)
	l.measure(m.level, at, l.odd && d >= l.w.From)
	if low := m.level < atRisk; low && !m.low {
		m.low = true
		l.respond(m, tr, at)
	} else {
		m.low = low
	}
}

func (l *life) troubleOn(d civil.Date) *trouble {
	for i := range l.troubles {
		if t := &l.troubles[i]; t.from <= d && d < t.until {
			return t
		}
	}
	return nil
}

// measure tells a score, some on a scale of ten. Now and then it is corrected.
// An odd one is told again under its own id with another score.
func (l *life) measure(level int, at time.Time, odd bool) {
	if odd {
		l.odd = false
		l.tellAfter(scored, at, 5*minute, l.scoreOf(level, at))
		l.arrive(scored, at, l.seq, 3*day, l.scoreOf(level-10, at))
		return
	}
	l.tell(scored, at, l.scoreOf(level, at))
	if l.chance(3) {
		l.tell(scored, at.Add(time.Duration(l.between(4, 60))*hour), l.scoreOf(max(level+l.between(-40, 40), 20), at))
	}
}

func (l *life) scoreOf(level int, at time.Time) func(event.Header) event.Event {
	tenths := int64(min(level, 1000) / 10)
	score, most := money.Ratio{Num: tenths, Den: 1}, money.Ratio{Num: 100, Den: 1}
	if l.no%8 == 3 {
		score, most = money.Ratio{Num: tenths, Den: 10}.Lowest(), money.Ratio{Num: 10, Den: 1}
	}
	return func(h event.Header) event.Event {
		return event.HealthScored{Header: h, Account: l.id, Score: score, ScaleMax: most, MeasuredAt: at}
	}
}

// respond tells what people do about a low score: something in time or too
// late, nothing, or nothing because it was up again days later.
func (l *life) respond(m *mood, tr *trouble, at time.Time) {
	calm := civil.In(at, l.w.zone)
	switch l.weigh(70, 13, 9, 8) {
	case 0:
		wait := time.Duration(l.between(4*60, 160*60)) * minute
		if l.chance(20) {
			wait = 7 * day // the deadline itself is in time
		}
		l.intervene(at.Add(wait))
		calm = calm.Add(l.between(8, 30))
	case 1:
		l.intervene(at.Add(time.Duration(l.between(172, 21*24)) * hour))
		calm = calm.Add(l.between(25, 50))
	case 2:
		calm = calm.Add(l.between(20, 60))
	default:
		again := at.Add(time.Duration(l.between(20, 130)) * hour)
		m.level, m.low = l.between(680, 760), false
		if l.livesOn(civil.In(again, l.w.zone)) {
			l.measure(m.level, again, false)
		}
	}
	if tr != nil && tr.until != civil.Never {
		tr.until = calm
	}
}

func (l *life) intervene(at time.Time) {
	on := civil.In(at, l.w.zone)
	by, kind := string(l.ownerOn(on).id), pick(l.dice, []string{"call", "meeting", "plan", "escalation"})
	l.tell(intervened, at, func(h event.Header) event.Event {
		return event.InterventionLogged{
			Header: h, Account: l.id, Intervention: "int-" + l.number + "-" + strconv.FormatInt(at.Unix()/60, 36),
			LoggedAt: at, By: by, Kind: kind,
		}
	})
}
