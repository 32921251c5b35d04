package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/internal/report"
)

func newVerifyCommand(e env) *cobra.Command {
	var from reading
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Walks the whole ledger and derives it again from its facts; changes nothing",
		Long: `Walks the whole ledger: its pages, every fact, every payee's chain of entries,
every output; and derives every account from its facts again. It changes nothing,
and exits with 3 where anything is wrong.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var found *report.Verification
			err := from.answer(cmd, func(ctx context.Context, r report.Reader) (_ any, err error) {
				found, err = r.Verify(ctx, every(progressEvery, func(what string, n int) { from.progress.say("%d %s", n, what) }))
				return found, err
			})
			if err == nil && !found.OK {
				err = domain.Errorf(domain.Corrupt, "%d problems found", len(found.Problems))
			}
			return err
		},
	}
	from.flags(cmd, e)
	return cmd
}

// progressEvery is how many steps pass between two words about them.
const progressEvery = 1000

// every lets one in n steps through, and the first of each kind.
func every(n int, tell func(what string, done int)) func(what string, done int) {
	of, next := "", 0
	return func(what string, done int) {
		if what != of || done >= next {
			of, next = what, done+n
			tell(what, done)
		}
	}
}
