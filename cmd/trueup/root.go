package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/store"
)

// The exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2 // used wrongly
	exitStopped = 3 // stopped to protect the ledger
)

// usageError is a mistake in how the program was called.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run is the whole program: it gives the process's exit code.
func run(ctx context.Context, e env) int {
	root := newRoot(e)
	root.SetArgs(e.args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(e.stderr, "%s: %s\n", cmd.CommandPath(), oneLine(err.Error()))
	return exitCode(err)
}

func exitCode(err error) int {
	var usage usageError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, store.ErrStopped), errors.Is(err, broker.ErrFenced), domain.KindOf(err) == domain.Corrupt:
		return exitStopped
	}
	return exitFailed
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

func newRoot(e env) *cobra.Command {
	root := &cobra.Command{
		Use:   "trueup",
		Short: "Pays customer-success managers from live CRM and billing events, and proves every cent",
		Long: `trueup hears CRM and billing events on NATS JetStream, keeps a ledger per
payee in one file, and publishes payout adjustments and SLA breaches.

With no configuration "trueup run" starts an embedded broker on loopback, keeps
its data under ./data and pays by the default plan.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	colourFlag(root)
	root.AddCommand(commands(e)...)
	wrapArgs(root)
	return root
}

// wrapArgs makes every complaint about arguments a usage error.
func wrapArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
}
