package account

// pipeline counts the expansions the payee sourced in the quarter, by the stage
// their lead has come to, and what became of those qualified lately. An amount
// in another currency than the tenant's adds no ARR.
//
// Source: rules §12 "handoff_broken" and "silent_signals", §12a "expansion
// pipeline sourced".
// Units: opportunities; minor units of ARR.
// Rounding: none.
func (l *look) pipeline() {
	currency := l.set.Plans.Settings(l.last).Currency
	var sums sums
	for _, o := range l.attention.claimed[l.attention.claimedUntil(l.first):] { // the others counted in earlier quarters
		c, ok := o.claimed(l.last, l.set.Zone)
		if !ok || !l.holders.has(c.payee) {
			continue
		}
		if q := o.qualified(l.set.Zone); l.last-trailing < q && q <= l.last {
			l.m.Qualified++
			if o.won() {
				l.m.QualifiedWon++
			}
		}
		if !l.during(c.on) {
			continue
		}
		l.m.Leads++
		part := Stage{Leads: 1}
		if arr := o.arr(); arr.Currency == currency {
			part.ARR = arr.Minor
		}
		l.m.stage(c.stage).add(part, &sums) // one account has too few to overflow
	}
}
