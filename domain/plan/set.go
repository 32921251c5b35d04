package plan

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// Set is all versions of all plans of a tenant, by name, then effective date,
// then version. It is never empty and never changes.
type Set []*Plan

// NewSet sorts plans into a Set and reports what the plans contradict each
// other about: one version twice, and tenant settings that differ between
// plans in force on one day.
func NewSet(plans ...*Plan) (Set, []Problem) {
	s := slices.Clone(plans)
	slices.SortStableFunc(s, func(a, b *Plan) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.EffectiveFrom, b.EffectiveFrom), cmp.Compare(a.Version, b.Version))
	})
	return s, Set(s).check()
}

// InForce is the version of the named plan in force on d, or nil.
func (s Set) InForce(name event.PlanID, d civil.Date) *Plan {
	var found *Plan
	for _, p := range s {
		if p.Name == name && p.EffectiveFrom <= d {
			found = p
		}
	}
	return found
}

// First is the first plan by name in force on d, or nil.
func (s Set) First(d civil.Date) *Plan {
	for i, p := range s {
		if p.EffectiveFrom <= d && (i+1 == len(s) || s[i+1].Name != p.Name || s[i+1].EffectiveFrom > d) {
			return p
		}
	}
	return nil
}

// For is the version a payee of a role and segment is paid by on d: that of
// the plan the enrolment names, else the plan in force that covers them; of
// several, one that names the segment before one that does not, then by name.
// nil: no plan, so credits but no money.
func (s Set) For(named event.PlanID, role event.Role, segment string, d civil.Date) *Plan {
	if named != "" {
		return s.InForce(named, d)
	}
	var found *Plan
	for i, p := range s {
		if p.EffectiveFrom > d || i+1 < len(s) && s[i+1].Name == p.Name && s[i+1].EffectiveFrom <= d {
			continue
		}
		if !p.AppliesTo.Covers(role, segment) {
			continue
		}
		if found == nil || len(found.AppliesTo.Segments) == 0 && len(p.AppliesTo.Segments) > 0 {
			found = p
		}
	}
	return found
}

// Settings is the plan whose tenant settings hold on d: any plan in force, or
// before the first plan the first.
func (s Set) Settings(d civil.Date) *Plan {
	if p := s.First(d); p != nil {
		return p
	}
	return slices.MinFunc(s, func(a, b *Plan) int { return cmp.Compare(a.EffectiveFrom, b.EffectiveFrom) })
}

func itoa(n int) string { return strconv.Itoa(n) }
