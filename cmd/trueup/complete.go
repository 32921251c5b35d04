package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
)

// completionPatience is how long a person waits for a completion.
const completionPatience = 2 * time.Second

// mostOffered bounds how many completions are shown.
const mostOffered = 200

// offer finds completions of what was typed so far.
type offer func(ctx context.Context, r report.Reader, typed string) ([]cobra.Completion, error)

// complete completes a command's one argument; where nobody answers in time,
// with nothing.
func (r *reading) complete(find offer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return r.offered(cmd, find, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag completes a flag's value, as complete does.
func (r *reading) completeFlag(cmd *cobra.Command, flag string, find offer) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return r.offered(cmd, find, typed), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag is there
	}
}

// offered asks in the background: reading a large file cannot be broken off, and
// the process ends soon.
func (r *reading) offered(cmd *cobra.Command, find offer, typed string) []cobra.Completion {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	found := make(chan []cobra.Completion, 1)
	go func() {
		reader, closer, err := r.open(cmd)
		if err != nil {
			found <- nil
			return
		}
		list, err := find(ctx, reader, typed)
		if err = errors.Join(err, closer.Close()); err != nil {
			list = nil
		}
		found <- list
	}()
	select {
	case list := <-found:
		return startingWith(list, typed)
	case <-ctx.Done():
		return nil
	}
}

func startingWith(list []cobra.Completion, typed string) []cobra.Completion {
	var out []cobra.Completion
	for _, c := range list {
		if strings.HasPrefix(c, typed) && len(out) < mostOffered {
			out = append(out, c)
		}
	}
	return out
}

// payees offers payees, with their role and team.
func payees(ctx context.Context, r report.Reader, typed string) (out []cobra.Completion, err error) {
	list, err := r.Payees(ctx, report.PayeesQuery{Search: typed, Limit: mostOffered})
	if err != nil {
		return nil, err
	}
	for _, p := range list.Rows {
		out = append(out, cobra.CompletionWithDesc(p.PayeeID, strings.TrimSpace(p.Role+" "+p.Team)))
	}
	return out, nil
}

// periods offers quarters, with how far they have come.
func periods(ctx context.Context, r report.Reader, _ string) (out []cobra.Completion, err error) {
	list, err := r.Periods(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range list.Periods {
		out = append(out, cobra.CompletionWithDesc(p.Period, p.Status))
	}
	return out, nil
}

// entries offers entries by the first digits of their ids, with what they are.
func entries(ctx context.Context, r report.Reader, typed string) (out []cobra.Completion, err error) {
	full := errors.New("enough")
	err = r.Journal(ctx, report.Filter{}, func(p *report.Posted) error {
		if strings.HasPrefix(p.EntryID, strings.ToLower(typed)) {
			out = append(out, cobra.CompletionWithDesc(p.EntryID[:min(len(p.EntryID), shownDigits)], p.PayeeID+" "+p.Reason+" "+p.Amount))
		}
		if len(out) == mostOffered {
			return full
		}
		return nil
	})
	if errors.Is(err, full) {
		err = nil
	}
	return out, err
}

// shownDigits is how much of an entry's id tables show; explain takes it.
const shownDigits = 12

// planVersions offers the plan versions in force, as NAME@VERSION.
func planVersions(ctx context.Context, r report.Reader, _ string) (out []cobra.Completion, err error) {
	st, err := r.Status(ctx)
	if err != nil {
		return nil, err
	}
	return append(out, st.PlanVersions...), nil
}

// plansOrPresets completes up to most plan files and presets, no end where most
// is 0: with presets, and where none begins so, with plan files. Of several that
// commas separate it completes the last.
func plansOrPresets(most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if most > 0 && len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		var list []cobra.Completion
		for _, name := range planfile.Presets() {
			list = append(list, before+name)
		}
		if list = startingWith(list, typed); len(list) == 0 {
			return []cobra.Completion{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// parkedIDs offers inputs that are parked, with why.
func parkedIDs(ctx context.Context, r report.Reader, _ string) (out []cobra.Completion, err error) {
	list, err := r.Parked(ctx, "parked")
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		out = append(out, cobra.CompletionWithDesc(p.ParkedID, p.Code))
	}
	return out, nil
}
