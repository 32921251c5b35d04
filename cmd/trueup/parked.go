package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

func newParkedCommand(e env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "parked",
		Short: "Inputs that could not be applied: look at them, retry them, discard them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newParkedListCommand(e), newParkedShowCommand(e), newDecisionCommand(e, retry), newDecisionCommand(e, discard))
	return cmd
}

// everyState is what --state takes beside the states.
const everyState = "all"

func newParkedListCommand(e env) *cobra.Command {
	var from reading
	var state string
	states := append(report.ParkedStates(), everyState)
	cmd := &cobra.Command{
		Use:               "list",
		Short:             "What is parked and why",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(states, state) {
				return usagef("--state: %q is not one of %s", state, strings.Join(states, ", "))
			}
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) {
				return r.Parked(ctx, strings.TrimPrefix(state, everyState))
			})
		},
	}
	from.flags(cmd, e)
	cmd.Flags().StringVar(&state, "state", store.StateParked, "those in this `STATE`: "+strings.Join(states, ", "))
	completeFrom(cmd, "state", states)
	return cmd
}

func newParkedShowCommand(e env) *cobra.Command {
	var from reading
	cmd := &cobra.Command{
		Use:               "show ID",
		Short:             "One parked input, with its bytes",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: from.complete(parkedIDs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) { return parkedByID(ctx, r, args[0]) })
		},
	}
	from.flags(cmd, e)
	return cmd
}

func parkedByID(ctx context.Context, r report.Reader, id string) (*report.Parked, error) {
	if id == "" {
		return nil, usagef("the id is empty")
	}
	return r.ParkedByID(ctx, id)
}
