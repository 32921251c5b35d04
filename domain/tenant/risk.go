package tenant

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/account"
)

// settleEpisodes publishes how the account's risk episodes have turned since
// it last did, and takes back what no longer holds.
func (e *Engine) settleEpisodes(r *accountRecord) {
	due := r.state.Episodes()
	if r.state.Rederived() {
		for i := range r.episodes {
			rec := &r.episodes[i]
			if !r.state.HasEpisode(rec.clock(), rec.Dispute, rec.Opened) && !rec.retracted() {
				e.turn(rec, account.Transition{Turn: Retracted, At: e.at})
			}
		}
	}
	for _, ep := range due {
		turns, _ := r.state.Transitions(ep, e.at)
		if len(turns) == 0 {
			continue
		}
		rec := r.episode(ep)
		if rec.Payee != ep.Payee {
			rec.Payee = ep.Payee
			if len(rec.Published) > 0 {
				e.out.Episodes = append(e.out.Episodes, *rec)
			}
		}
		if rec.holds(account.Breached) && !has(turns, account.Breached) {
			e.turn(rec, account.Transition{Turn: Retracted, At: e.at})
			continue
		}
		for i, t := range turns {
			if rec.isNews(t, i == len(turns)-1) {
				e.turn(rec, t)
			}
		}
	}
}

func (e *Engine) turn(rec *Episode, t account.Transition) {
	t.At = t.At.UTC() // as it is read back
	rec.Published = append(slices.Clip(rec.Published), t)
	e.out.Episodes = append(e.out.Episodes, *rec)
	e.out.Outcomes = append(e.out.Outcomes, RiskTurned{*rec, t})
	e.markDirty(rec.Payee) // what is at risk of their book
}

// episode is the record of an episode, made where there is none.
func (r *accountRecord) episode(ep *account.Episode) *Episode {
	i, found := slices.BinarySearchFunc(r.episodes, ep, func(rec Episode, ep *account.Episode) int {
		return cmp.Or(rec.Opened.Compare(ep.Start), cmp.Compare(rec.Dispute, ep.Dispute))
	})
	if !found {
		rec := Episode{Account: r.id, Payee: ep.Payee, Opened: ep.Start.UTC(), Deadline: ep.Deadline.UTC(), Dispute: ep.Dispute, Opportunity: ep.Opportunity}
		if ep.SLA == account.RiskSLA {
			rec.Score, rec.ScaleMax = ep.Score.Score, ep.Score.ScaleMax
		}
		r.episodes = slices.Insert(r.episodes, i, rec)
	}
	return &r.episodes[i]
}

// clock is which clock the episode is a run of.
func (ep *Episode) clock() string {
	if ep.Dispute != "" {
		return account.DisputeSLA
	}
	return account.RiskSLA
}

func (ep *Episode) retracted() bool {
	n := len(ep.Published)
	return n > 0 && ep.Published[n-1].Turn == Retracted
}

// standing is what was published and not taken back since.
func (ep *Episode) standing() []account.Transition {
	for i := len(ep.Published) - 1; i >= 0; i-- {
		if ep.Published[i].Turn == Retracted {
			return ep.Published[i+1:]
		}
	}
	return ep.Published
}

func (ep *Episode) holds(turn account.Turn) bool { return has(ep.standing(), turn) }

// isNews reports whether a turn is to be published: one on the way where it
// was not before, the last where it is not what was published last. A warning
// is heard only while it can still help, and after a retraction only a breach
// is news again.
func (ep *Episode) isNews(t account.Transition, last bool) bool {
	standing := ep.standing()
	switch {
	case t.Turn == account.Warned && !last:
		return false
	case len(standing) < len(ep.Published) && !has(standing, account.Breached) && t.Turn != account.Breached:
		return false
	case !last:
		return !has(standing, t.Turn)
	case len(standing) == 0:
		return true
	}
	p := standing[len(standing)-1]
	return p.Turn != t.Turn || t.Turn == account.Resolved && !p.At.Equal(t.At)
}

func has(turns []account.Transition, turn account.Turn) bool {
	return slices.ContainsFunc(turns, func(t account.Transition) bool { return t.Turn == turn })
}
