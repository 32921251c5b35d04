package main

import (
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/planfile"
)

// loadPlans reads plan files, or gives the default plan where there are none.
func loadPlans(files []string) (plan.Set, error) {
	if len(files) == 0 {
		return planfile.Default(), nil
	}
	return planfile.Load(files...)
}

// parseAsOf reads an instant, or a date, which is its last nanosecond in zone.
func parseAsOf(s string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	d, err := civil.ParseDate(s)
	if err != nil {
		return time.Time{}, usagef("--as-of %q is neither a date (2027-07-10) nor an instant (2027-07-10T12:00:00Z)", s)
	}
	return d.End(zone), nil
}
