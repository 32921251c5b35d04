package account

import (
	"cmp"
	"slices"
)

// Measures is what one account adds to what is measured of a payee's quarter
// beside retention over longer windows; measures of accounts add up. ARR is in
// minor units. The last day is the quarter's, or today's while it runs.
type Measures struct {
	Glance

	WeeksOwned, WeeksScored  int // whole account-weeks of the quarter, and those with a score
	ReviewScope, ReviewsDone int // accounts owned from the first day to the last, and those reviewed
	Accounts                 int // owned on the last day
	Contacts                 int // of those, distinct contacts engaged in the 90 days up to it
	EpisodesDue, EpisodesMet int // risk episodes whose deadline is in the quarter, neutral ones left out

	HealthyARR int64 // of the ARR owned on the last day, where the last score reaches what was asked for
	Mix        []Segment

	Promoters, Detractors, NPSAnswers int
	CSATMillionths                    int64 // sum of the scores
	CSATAnswers                       int
	AdoptedARR, MeasuredARR           int64   // ARR × the latest rate, and the ARR it was measured of
	OnboardingDays                    []int   // one for each that was completed, in no order
	ResponseSeconds                   []int64 // from an episode of the quarter to the first intervention, in no order

	Quarter Retention // of the quarter alone, up to the last day

	TermEnds, Forecasts, ForecastsRight int // terms that end by the last day; with a call in time; right

	Pipeline []Stage // of the expansions the payee sourced in the quarter, by stage
}

// Segment is the part of a book in one segment, by health on the last day.
type Segment struct {
	Name                        string
	Healthy, AtRisk, Unscored   int
	HealthyARR, AtRiskARR, Rest int64
}

// Stage is the part of a pipeline at one stage.
type Stage struct {
	Name  string // letters only and lower-cased
	Leads int
	ARR   int64
}

// Paid is the part of measures that pay looks at.
type Paid struct {
	WeeksOwned, WeeksScored  int
	ReviewScope, ReviewsDone int
	Accounts, Contacts       int
	EpisodesDue, EpisodesMet int
	ARR, HealthyARR          int64
}

// Paid gives that part.
func (m *Measures) Paid() Paid {
	return Paid{m.WeeksOwned, m.WeeksScored, m.ReviewScope, m.ReviewsDone, m.Accounts, m.Contacts, m.EpisodesDue, m.EpisodesMet, m.ARR, m.HealthyARR}
}

// Replace takes one account's part of the sum for another.
func (p *Paid) Replace(was, now Paid) error {
	p.WeeksOwned += now.WeeksOwned - was.WeeksOwned
	p.WeeksScored += now.WeeksScored - was.WeeksScored
	p.ReviewScope += now.ReviewScope - was.ReviewScope
	p.ReviewsDone += now.ReviewsDone - was.ReviewsDone
	p.Accounts += now.Accounts - was.Accounts
	p.Contacts += now.Contacts - was.Contacts
	p.EpisodesDue += now.EpisodesDue - was.EpisodesDue
	p.EpisodesMet += now.EpisodesMet - was.EpisodesMet
	var sums sums
	sums.add(&p.ARR, now.ARR-was.ARR)
	sums.add(&p.HealthyARR, now.HealthyARR-was.HealthyARR)
	return sums.err
}

// Add takes another account's measures, or another payee's.
func (m *Measures) Add(o Measures) error {
	for _, c := range [][2]*int{
		{&m.WeeksOwned, &o.WeeksOwned},
		{&m.WeeksScored, &o.WeeksScored},
		{&m.ReviewScope, &o.ReviewScope},
		{&m.ReviewsDone, &o.ReviewsDone},
		{&m.Accounts, &o.Accounts},
		{&m.Contacts, &o.Contacts},
		{&m.EpisodesDue, &o.EpisodesDue},
		{&m.EpisodesMet, &o.EpisodesMet},
		{&m.Promoters, &o.Promoters},
		{&m.Detractors, &o.Detractors},
		{&m.NPSAnswers, &o.NPSAnswers},
		{&m.CSATAnswers, &o.CSATAnswers},
		{&m.TermEnds, &o.TermEnds},
		{&m.Forecasts, &o.Forecasts},
		{&m.ForecastsRight, &o.ForecastsRight},
	} {
		*c[0] += *c[1]
	}
	m.OnboardingDays = append(m.OnboardingDays, o.OnboardingDays...)
	m.ResponseSeconds = append(m.ResponseSeconds, o.ResponseSeconds...)
	var sums sums
	sums.add(&m.HealthyARR, o.HealthyARR)
	sums.add(&m.CSATMillionths, o.CSATMillionths)
	sums.add(&m.AdoptedARR, o.AdoptedARR)
	sums.add(&m.MeasuredARR, o.MeasuredARR)
	for _, seg := range o.Mix {
		m.segment(seg.Name).add(seg, &sums)
	}
	for _, st := range o.Pipeline {
		m.stage(st.Name).add(st, &sums)
	}
	return cmp.Or(sums.err, m.Glance.Add(o.Glance), m.Quarter.Add(o.Quarter))
}

func (s *Segment) add(o Segment, sums *sums) {
	s.Healthy += o.Healthy
	s.AtRisk += o.AtRisk
	s.Unscored += o.Unscored
	sums.add(&s.HealthyARR, o.HealthyARR)
	sums.add(&s.AtRiskARR, o.AtRiskARR)
	sums.add(&s.Rest, o.Rest)
}

func (s *Stage) add(o Stage, sums *sums) {
	s.Leads += o.Leads
	sums.add(&s.ARR, o.ARR)
}

// segment is the part of the mix of that name; the mix is sorted by name.
func (m *Measures) segment(name string) *Segment {
	i, found := slices.BinarySearchFunc(m.Mix, name, func(s Segment, name string) int { return cmp.Compare(s.Name, name) })
	if !found {
		m.Mix = slices.Insert(m.Mix, i, Segment{Name: name})
	}
	return &m.Mix[i]
}

// stage is the part of the pipeline of that name; it is sorted by name.
func (m *Measures) stage(name string) *Stage {
	i, found := slices.BinarySearchFunc(m.Pipeline, name, func(s Stage, name string) int { return cmp.Compare(s.Name, name) })
	if !found {
		m.Pipeline = slices.Insert(m.Pipeline, i, Stage{Name: name})
	}
	return &m.Pipeline[i]
}
