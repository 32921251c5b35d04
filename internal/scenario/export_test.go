package scenario

import "github.com/trueup/trueup/domain/tenant"

// Watch has f see every change before it is kept, and the timer that made it:
// nil where it was none.
func (p *Played) Watch(f func(fired *tenant.Timer, c *tenant.Changes) error) { p.watch = f }
