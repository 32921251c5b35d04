package main

import (
	"context"
	"strings"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

// credits are all credits as they are.
func (x *exporting) credits(ctx context.Context) error {
	var list []report.Credit
	next := ""
	err := x.store.View(func(v *store.View) error {
		_, after, err := x.upTo(v)
		if err != nil {
			return err
		}
		next = after
		list, err = report.Credits(x.setting(v), source{v}, x.query.Filter)
		return err
	})
	if err != nil {
		return err
	}
	if err := x.to.Next(next); err != nil {
		return err
	}
	for i := range list {
		if err := errOf(ctx, x.to.Each(&report.Exported{Credit: &list[i]})); err != nil {
			return err
		}
	}
	return nil
}

func errOf(ctx context.Context, err error) error {
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// sla is every episode and dispute by account and opening; after a cursor those
// that turned since, as they stand now.
func (x *exporting) sla(ctx context.Context) error {
	turned := map[string]bool{}
	if x.since != nil {
		last, err := x.store.LastOutput()
		if err != nil {
			return err
		}
		if err := x.outputs(ctx, last, func(_ *store.View, o tenant.Output) error { return turnedIn(turned, o) }); err != nil {
			return err
		}
		x.since.Output = last
	}
	var list []report.EpisodeHistory
	next := ""
	err := x.store.View(func(v *store.View) error {
		last, after, err := x.upTo(v)
		next = after
		if err == nil && x.since != nil {
			_, err = v.EachOutput(x.since.Output, last, int(last-x.since.Output)+1, func(o tenant.Output) error { return turnedIn(turned, o) }) //nolint:gosec // a few
		}
		if err != nil {
			return err
		}
		return v.AllEpisodes(func(e tenant.Episode) error {
			if x.takes(e.Payee) && (x.since == nil || turned[e.ID()]) {
				list = append(list, report.EpisodeHistoryOf(e))
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	if err := x.to.Next(next); err != nil {
		return err
	}
	for i := range list {
		if err := errOf(ctx, x.to.Each(&report.Exported{Episode: &list[i]})); err != nil {
			return err
		}
	}
	return nil
}

// turnedIn remembers the episode that an output says turned: its id is
// EPISODE/TURN/INSTANT, and maybe how often that was said.
func turnedIn(turned map[string]bool, o tenant.Output) error {
	if !strings.HasPrefix(o.Subject, "sla.") {
		return nil
	}
	turn := o.Subject[strings.LastIndexByte(o.Subject, '.')+1:]
	end := strings.LastIndex(o.ID, "/"+turn+"/")
	if end < 0 {
		return domain.Errorf(domain.Corrupt, "output %d says that %q turned", o.N, o.ID)
	}
	turned[o.ID[:end]] = true
	return nil
}
