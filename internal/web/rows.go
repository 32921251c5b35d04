package web

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// mostRows bounds a page of a list; without a limit it is answered whole.
const mostRows = 10_000

// listParams are those of a list in which one goes on after the last row that
// one has: rows that come or go meanwhile make no other come twice, or not at all.
func listParams(id string) []Param {
	return []Param{
		count("limit", "how many rows at most; all where it is 0 or not said", mostRows),
		text("after", "only rows after the one with this "+id+", which is the last one of the page before"),
	}
}

// rows are the first of a list, as many as were asked for.
func rows[T any](q question, list []T) []T {
	if limit, _ := strconv.Atoi(q.values["limit"]); limit > 0 && len(list) > limit { // which was checked
		return list[:limit]
	}
	return list
}

func unknownAfter(what, id string) error {
	return badRequestf("parameter %q: there is no %s %q", "after", what, id)
}

// episodes are a page of the clocks, the soonest first. One goes on after a clock
// also where it has turned and is not among those asked for any more.
func episodes(ctx context.Context, q question) (any, error) {
	f := report.Filter{Payee: event.PayeeID(q.values["payee"])}
	after := q.values["after"]
	if after == "" {
		f.Status = q.values["status"]
	}
	list, err := q.reader.SLA(ctx, f)
	if err != nil {
		return nil, err
	}
	list = report.Soonest(list, f)
	if after != "" {
		at := slices.IndexFunc(list, func(e report.Episode) bool { return e.EpisodeID == after })
		if at < 0 {
			return nil, unknownAfter("episode", after)
		}
		f.Status = q.values["status"]
		list = report.Soonest(list[at+1:], f)
	}
	return rows(q, list), nil
}

// parked are a page of the inputs set aside, in the order that they were.
func parked(ctx context.Context, q question) (any, error) {
	list, err := q.reader.Parked(ctx, q.values["state"])
	if after := q.values["after"]; err == nil && after != "" {
		last, bad := q.reader.ParkedByID(ctx, after)
		if _, missing := errors.AsType[report.NotFound](bad); missing {
			return nil, unknownAfter("parked input", after)
		} else if bad != nil {
			return nil, bad
		}
		list = slices.DeleteFunc(list, func(p report.Parked) bool {
			return cmp.Or(p.At.Compare(last.At), cmp.Compare(p.ParkedID, last.ParkedID)) <= 0
		})
	}
	return rows(q, list), err
}
