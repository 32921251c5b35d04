package account

import (
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/few"
	"github.com/trueup/trueup/domain/money"
)

// fold is an account's ARR while its moves are gone through: a part for each
// living subscription that is known by itself, and the rest.
type fold struct {
	count int
	parts few.Map[event.SubscriptionID, int64]
	rest  int64
	added few.Map[event.OpportunityID, struct{}] // expansions of this life
	dead  bool
}

// move takes one move and gives the ARR after it, which is never below
// nothing: what would take it there is taken only as far. While the account is
// dead only what starts its next life moves anything.
func (f *fold) move(m *move) (int64, error) {
	f.count++
	if !f.dead || m.rank == started || m.rank == reactivated {
		if err := f.take(m); err != nil {
			return 0, err
		}
	}
	total, err := f.sum()
	if total < 0 {
		f.rest -= total
	}
	return max(total, 0), err
}

func (f *fold) take(m *move) (err error) {
	switch m.rank {
	case started:
		f.dead = false
		if !f.parts.Has(m.sub) || !m.foreign { // what cannot be converted moves nothing
			f.parts.Put(m.sub, m.minor)
		}
	case changed, renewed:
		switch {
		case m.foreign:
		case m.sub != "" && f.othersLive(m.sub):
			f.parts.Put(m.sub, m.minor)
		default:
			return f.setWhole(m.sub, m.minor)
		}
	case churned:
		*f = fold{count: f.count, dead: true}
	case lapsed:
		f.parts.Delete(m.sub)
	case reactivated:
		f.dead = false
		if !m.foreign {
			return f.setWhole("", m.minor)
		}
	case expanded:
		f.added.Put(m.opp, struct{}{})
		f.rest, err = money.Add(f.rest, m.minor)
	case contracted:
		f.rest, err = money.Add(f.rest, m.minor)
	case uncancelled:
		if f.added.Has(m.opp) { // else a churn has taken it already
			f.rest, err = money.Add(f.rest, m.minor)
		}
	}
	return err
}

func (f *fold) othersLive(sub event.SubscriptionID) bool {
	return f.parts.Len() > 1 || f.parts.Len() == 1 && !f.parts.Has(sub)
}

// setWhole sets the account as a whole and absorbs the increments before it. A
// living subscription that is alone has all of it; of several, each keeps what
// it is known to be and the rest takes the difference.
func (f *fold) setWhole(sub event.SubscriptionID, minor int64) error {
	switch {
	case sub != "":
		f.parts.Clear()
		f.parts.Put(sub, minor)
		f.rest = 0
		return nil
	case f.parts.Len() == 1:
		f.parts.Put(f.parts.Keys()[0], minor)
		f.rest = 0
		return nil
	}
	f.rest = 0
	known, err := f.sum()
	if err != nil {
		return err
	}
	f.rest, err = money.Add(minor, -known)
	return err
}

func (f *fold) sum() (int64, error) {
	total := f.rest
	for _, p := range f.parts.All() {
		var err error
		if total, err = money.Add(total, p); err != nil {
			return 0, err
		}
	}
	return total, nil
}
