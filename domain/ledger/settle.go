package ledger

import (
	"fmt"
	"slices"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Posted is what the ledger holds of one step.
type Posted struct {
	Key
	Minor       int64
	Currency    money.Currency
	Entries     int
	AppliesTo   civil.Quarter
	PlanName    event.PlanID
	PlanVersion int
	PlanHash    [8]byte
}

// Tally is what the ledger holds of a group of steps, such as one deal's.
type Tally []Posted

// Add counts an entry in.
func (t *Tally) Add(e *Entry) error {
	for i := range *t {
		p := &(*t)[i]
		if p.Step() == e.Step() {
			p.Reason = e.Reason
			sum, err := money.Add(p.Minor, e.Minor)
			p.Minor = sum
			p.Entries++
			p.PlanName, p.PlanVersion, p.PlanHash = e.PlanName, e.PlanVersion, e.PlanHash
			return err
		}
	}
	*t = append(*t, Posted{e.Key, e.Minor, e.Currency, 1, e.AppliesTo, e.PlanName, e.PlanVersion, e.PlanHash})
	return nil
}

// of is what is posted of a step; zero where nothing is.
func (t Tally) of(k Key) Posted {
	for _, p := range t {
		if p.Step() == k.Step() {
			return p
		}
	}
	return Posted{}
}

// Settle lists the entries that bring posted to due: what is no longer due is
// taken back, what is due differently is posted as the difference. Steps of one
// key must have been merged. Entries come out unnumbered, without id or period,
// in the order of their keys, those that take back first; in the room given.
func Settle(room []Entry, due []Step, posted Tally) ([]Entry, error) {
	out := room[:0]
	for _, p := range posted {
		if p.Minor != 0 && !slices.ContainsFunc(due, func(s Step) bool { return s.Step() == p.Step() }) {
			out = append(out, Entry{
				Key: p.Key, Minor: -p.Minor, Currency: p.Currency, Ordinal: p.Entries, AppliesTo: p.AppliesTo,
				PlanName: p.PlanName, PlanVersion: p.PlanVersion, PlanHash: p.PlanHash,
				Explanation: Explanation{
					Text: fmt.Sprintf("%s: the %s of %s for %s, dated %s, is taken back; the facts known now no longer support it",
						money.Money{Minor: -p.Minor, Currency: p.Currency}, p.Kind, money.Money{Minor: p.Minor, Currency: p.Currency}, p.Reason, p.Effective),
					Rule:    "design, Settle: due − posted",
					Figures: []Figure{Minor(Minus, "posted before", "", p.Minor, p.Currency)},
				},
			})
		}
	}
	backs := len(out)
	for i := range due {
		s := &due[i]
		p := posted.of(s.Key)
		diff, err := money.Add(s.Minor, -p.Minor)
		if err != nil {
			return nil, err
		}
		if diff != 0 {
			out = append(out, s.entry(diff, p))
		}
	}
	byKey := func(a, b Entry) int { return a.Compare(b.Key) }
	slices.SortFunc(out[:backs], byKey)
	slices.SortFunc(out[backs:], byKey)
	return out, nil
}

// Unexplained lists the steps that Settle would post, where one of them says
// nothing of how it comes about; else none.
func Unexplained(due []Step, posted Tally) (list []Step) {
	explained := true
	for i := range due {
		if s := &due[i]; posted.of(s.Key).Minor != s.Minor {
			list = append(list, *s)
			explained = explained && s.Explain != nil
		}
	}
	if explained {
		return nil
	}
	return list
}

// Settled is an error of kind Corrupt where what is posted is not what is due.
func Settled(due []Step, posted Tally) error {
	entries, err := Settle(nil, due, posted)
	if err == nil && len(entries) > 0 {
		e := &entries[0]
		err = domain.Errorf(domain.Corrupt, "%s %s of %s on %s: %d minor units less are posted than due", e.Kind, e.Reason, e.Payee, e.Effective, e.Minor)
	}
	return err
}

func (s *Step) entry(diff int64, p Posted) Entry {
	e := Entry{
		Key: s.Key, Minor: diff, Currency: s.Currency, AppliesTo: s.AppliesTo, Ordinal: p.Entries, Recoverable: s.Recoverable,
		CausedBy: slices.Clone(s.Causes), Explanation: s.Explain(),
	}
	e.setPlan(s.Plan)
	if p.Entries > 0 {
		e.Text += fmt.Sprintf(". Posted before: %s; the difference is %s.",
			money.Money{Minor: p.Minor, Currency: s.Currency}, money.Money{Minor: diff, Currency: s.Currency})
		e.Figures = append(slices.Clone(e.Figures), Minor(Minus, "posted before", "", p.Minor, s.Currency))
	}
	return e
}

func (e *Entry) setPlan(p *plan.Plan) {
	if p != nil {
		e.PlanName, e.PlanVersion, e.PlanHash = p.Name, p.Version, [8]byte(p.Hash[:8])
	}
}

// Merge sums steps of one key into one, with the explanations and the causes of
// all.
func Merge(steps []Step) ([]Step, error) {
	if len(steps) < 2 {
		return steps, nil
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.Compare(b.Key) })
	out := steps[:1]
	for _, s := range steps[1:] {
		last := &out[len(out)-1]
		if last.Step() != s.Step() {
			out = append(out, s)
			continue
		}
		sum, err := money.Add(last.Minor, s.Minor)
		if err != nil {
			return nil, err
		}
		last.Minor, last.Explain = sum, both(last.Explain, s)
		for _, c := range s.Causes {
			if !slices.Contains(last.Causes, c) {
				last.Causes = append(slices.Clone(last.Causes), c)
			}
		}
	}
	return out, nil
}

// both explains a step and one more of its key: that one's amount is a figure.
// Nothing is explained where one of them is not.
func both(first func() Explanation, more Step) func() Explanation {
	if first == nil || more.Explain == nil {
		return nil
	}
	return func() Explanation {
		x := first()
		x.Text += "; " + more.Explain().Text
		x.Figures = append(slices.Clone(x.Figures), Minor(Plus, "another of that day and reason", "", more.Minor, more.Currency))
		return x
	}
}
