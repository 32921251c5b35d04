package naive

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/event"
)

// score is a health score out of 100.
type score struct {
	at    time.Time
	of100 *big.Rat
}

// scores are an account's standing scores in the order they were measured:
// key account + measured_at + source (§1a). Of two sources at one instant the
// later statement comes last.
func (w *world) scores(account event.AccountID) []score {
	if known, ok := w.scored[account]; ok {
		return known
	}
	type key struct {
		at     int64
		source string
	}
	told := standing(of[event.HealthScored](w.by[account]), func(e event.HealthScored) key {
		return key{e.MeasuredAt.UnixNano(), e.Source}
	})
	slices.SortStableFunc(told, func(a, b event.HealthScored) int { return a.MeasuredAt.Compare(b.MeasuredAt) })
	var out []score
	for _, e := range told {
		out = append(out, score{e.MeasuredAt, product(ratio(e.Score), hundred, new(big.Rat).Inv(ratio(e.ScaleMax)))})
	}
	w.scored[account] = out
	return out
}

// hundred normalises scores.
var hundred = big.NewRat(100, 1)

// episodes are all runs of the clocks that have opened.
func (w *world) episodes() []Episode {
	out := slices.Concat(w.riskEpisodes(), w.disputeEpisodes())
	slices.SortStableFunc(out, func(a, b Episode) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(b.SLA, a.SLA), cmp.Compare(a.Dispute, b.Dispute))
	})
	return out
}

// riskEpisodes are those of the risk clock (§10): opened at the first low
// score, or the first after one that was not low; not while the account is
// churned.
func (w *world) riskEpisodes() []Episode {
	if w.risks != nil {
		return w.risks
	}
	out := []Episode{}
	for _, account := range w.accounts() {
		life, low := w.life(account), false
		for _, s := range w.scores(account) {
			was := low
			low = w.low(s)
			if !low || was || s.at.After(w.asOf) || !life.on(w.date(s.at)).alive {
				continue
			}
			out = append(out, w.episode(account, s.at))
		}
	}
	w.risks = out
	return out
}

func (w *world) low(s score) bool { return s.of100.Cmp(ratio(w.tenant.SLA.Risk.Below)) < 0 }

// episode follows one from its opening to how it stands now (§10, R31). Proof
// at the deadline itself is in time; a recovery or a churn must come before it.
func (w *world) episode(account event.AccountID, opened time.Time) Episode {
	e := Episode{
		SLA: "risk_intervention", Account: account, Payee: w.owner(account, event.CSM, w.date(opened)),
		OpenedAt: opened, Deadline: w.deadline(opened, w.tenant.SLA.Risk.Hours, w.tenant.SLA.Risk.Clock),
		Status: "open", At: opened,
	}
	proof := w.firstIntervention(account, opened)
	over := w.neutralEnd(account, e)
	late := w.firstIntervention(account, e.Deadline.Add(1))
	switch {
	case !proof.IsZero() && !proof.After(e.Deadline) && (over.IsZero() || !proof.After(over)):
		e.Status, e.At = "met", proof
	case !over.IsZero():
		e.Status, e.At = "closed", over
	case !late.IsZero():
		e.Status, e.At = "resolved", late
	case e.Deadline.Before(w.asOf): // at that very instant proof could still come
		e.Status, e.At = "breached", e.Deadline
	}
	return e
}

// firstIntervention is the first logged at or after from, or the zero time.
func (w *world) firstIntervention(account event.AccountID, from time.Time) time.Time {
	var first time.Time
	told := standing(of[event.InterventionLogged](w.by[account]), func(e event.InterventionLogged) string { return e.Intervention })
	for _, e := range told {
		known := !e.LoggedAt.Before(from) && !e.LoggedAt.After(w.asOf)
		if known && (first.IsZero() || e.LoggedAt.Before(first)) {
			first = e.LoggedAt
		}
	}
	return first
}

// neutralEnd is when an episode ended without effect: at the first score that
// is not low, or the account's churn, strictly before the deadline. A churn of
// the day it opened on came before, as the account lived that day. Zero: not.
func (w *world) neutralEnd(account event.AccountID, e Episode) time.Time {
	var end time.Time
	consider := func(t time.Time) {
		if !t.Before(e.OpenedAt) && t.Before(e.Deadline) && !t.After(w.asOf) && (end.IsZero() || t.Before(end)) {
			end = t
		}
	}
	after := false
	for _, s := range w.scores(account) {
		if after && !w.low(s) {
			consider(s.at)
		}
		after = after || s.at.Equal(e.OpenedAt) && w.low(s)
	}
	for _, c := range w.life(account).churns {
		if c > w.date(e.OpenedAt) {
			consider(c.Start(w.tenant.Zone).UTC())
		}
	}
	return end
}

// disputeEpisodes are the runs of the deal desk's clock (§10): from the opening
// to the decision that stands. They belong to the account's CSM when they
// opened.
func (w *world) disputeEpisodes() []Episode {
	decided := map[string]time.Time{}
	for _, e := range of[event.DisputeDecided](w.told) {
		decided[e.Dispute] = e.DecidedAt
	}
	var out []Episode
	for _, o := range w.openings() {
		if o.OpenedAt.After(w.asOf) {
			continue
		}
		e := Episode{
			SLA: "dispute", Account: o.Account, Payee: w.owner(o.Account, event.CSM, w.date(o.OpenedAt)), Dispute: o.Dispute,
			OpenedAt: o.OpenedAt, Deadline: w.deadline(o.OpenedAt, w.tenant.SLA.Dispute.Hours, w.tenant.SLA.Dispute.Clock),
			Status: "open", At: o.OpenedAt,
		}
		at, ok := decided[o.Dispute]
		switch known := ok && !at.After(w.asOf); {
		case known && !at.After(e.Deadline):
			e.Status, e.At = "met", at
		case known:
			e.Status, e.At = "resolved", at
		case e.Deadline.Before(w.asOf):
			e.Status, e.At = "breached", e.Deadline
		}
		out = append(out, e)
	}
	return out
}
