package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/civil"
)

// flagged raises the flags that are not raised yet and clears those of the same
// periods that no longer hold.
func (e *Engine) flagged(raised map[FlagKey]Flag, now []advice.Flag, covers func(FlagKey) bool) {
	keyOf := func(f advice.Flag) FlagKey { return FlagKey{f.Name, f.Payee, f.Account, f.Period} }
	for _, f := range now {
		key := keyOf(f)
		old, known := raised[key]
		flag := Flag{key, f.Figure, f.Threshold, e.at}
		if known {
			if flag.At = old.At; old == flag {
				continue
			}
		} else {
			e.out.Outcomes = append(e.out.Outcomes, FlagRaised{flag, e.cleared(key)})
		}
		raised[key] = flag
		e.out.Raised = append(e.out.Raised, flag)
	}
	var gone []FlagKey
	for key := range raised {
		if covers(key) && !slices.ContainsFunc(now, func(f advice.Flag) bool { return keyOf(f) == key }) {
			gone = append(gone, key)
		}
	}
	slices.SortFunc(gone, FlagKey.Compare)
	for _, key := range gone {
		e.out.Cleared = append(e.out.Cleared, key)
		cleared := raised[key]
		cleared.At = e.at
		e.out.Outcomes = append(e.out.Outcomes, FlagCleared{cleared, e.cleared(key)})
		e.clears(key)
		delete(raised, key)
	}
}

// cleared is how often a flag was cleared at the instant the clock stands at: a
// flag may come and go more than once while a clock stands.
func (e *Engine) cleared(key FlagKey) int {
	if i, found := slices.BinarySearchFunc(e.state.Cleared, key, ClearedFlag.compare); found {
		return e.state.Cleared[i].Times
	}
	return 0
}

func (e *Engine) clears(key FlagKey) {
	list := e.state.Cleared
	if !e.ownCleared { // lists of the state from before the call are never changed in place
		list, e.ownCleared = slices.Clone(list), true
	}
	i, found := slices.BinarySearchFunc(list, key, ClearedFlag.compare)
	if !found {
		list = slices.Insert(list, i, ClearedFlag{FlagKey: key})
	}
	list[i].Times++
	e.state.Cleared = list
}

func (c ClearedFlag) compare(key FlagKey) int { return c.Compare(key) }

// settleAccountFlags brings an account's flags to what holds now.
func (e *Engine) settleAccountFlags(r *accountRecord) {
	in, changed := r.state.FlagFigures(e.Today())
	if !changed || len(in.Expansions)+len(in.Changes)+len(r.flags) == 0 {
		return
	}
	figures := advice.AccountFigures{
		Account: r.id, Calendar: e.calendar, Since: in.Since, Crediting: in.Crediting, Renewals: in.Renewals, Churns: in.Churns,
	}
	for _, x := range in.Expansions {
		figures.Expansions = append(figures.Expansions, advice.Deal(x))
	}
	for _, c := range in.Changes {
		figures.Changes = append(figures.Changes, advice.Change(c))
	}
	flags := advice.OfAccount(figures)
	if r.flags == nil && len(flags) > 0 {
		r.flags = map[FlagKey]Flag{}
	}
	e.flagged(r.flags, flags, func(k FlagKey) bool { return k.Period >= in.Since })
}

// settlePayeeFlags brings a payee's flags of the quarter that ended last and of
// the one that runs to what holds now.
func (e *Engine) settlePayeeFlags(p *payee) error {
	changed := false
	for i := range p.looks {
		q := e.state.NextEnd - 1 + civil.Quarter(i) //nolint:gosec // 0 or 1
		in, ok, err := e.payeeFigures(p, q)
		if err != nil {
			return err
		}
		look := &p.looks[i]
		if look.done && look.ok == ok && look.in.Same(&in) {
			continue
		}
		*look, changed = flagLook{done: true, ok: ok, in: in}, true
		if ok {
			look.flags = advice.OfPayee(&look.in)
		}
	}
	if !changed {
		return nil
	}
	now := slices.Concat(p.looks[0].flags, p.looks[1].flags)
	e.flagged(p.flags, now, func(k FlagKey) bool { return k.Period >= e.state.NextEnd-1 })
	return nil
}
