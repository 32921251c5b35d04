package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/access"
)

func newTokenCommand(e env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Says who may ask a worker, and decide",
		Long: `Keeps the file of tokens that a worker is given with --tokens. The file has
only hashes: a token is shown once, when it is made. A running worker reads the
file again when it changes: who is revoked is refused from the next request on.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokenAddCommand(e), newTokenListCommand(e), newTokenRevokeCommand(e))
	return cmd
}

// tokensFlag gives cmd the file of tokens, which must be given.
func tokensFlag(cmd *cobra.Command, e env, file *string) {
	cmd.Flags().StringVar(file, "tokens", e.getenv("TRUEUP_TOKENS"), "`FILE` of the tokens; also TRUEUP_TOKENS")
	_ = cmd.MarkFlagFilename("tokens")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *file == "" {
			return usagef("--tokens is missing: the file of the tokens")
		}
		return nil
	}
}

func newTokenAddCommand(e env) *cobra.Command {
	var file, role, payee, byRole, expires string
	cmd := &cobra.Command{
		Use:   "add NAME --role ROLE [--payee ID]",
		Short: "Makes a token for somebody and shows it, once",
		Long: `Makes a token for somebody and shows it, once.

A payee sees their own, a manager also that of those who report to them, ops how
the worker does but not what people are paid, an admin everything; an admin
decides. Decisions carry NAME as who took them, and --by-role as their role in
the company, by which the plan says who may decide a dispute or an exception.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			now := e.now().UTC().Truncate(time.Second)
			t := access.Token{Name: args[0], Role: access.Role(role), PayeeID: payee, ByRole: byRole, Created: now}
			if expires != "" {
				var err error
				if t.Expires, err = parseExpiry(expires); err != nil {
					return err
				}
			}
			token, kept := access.New(t)
			if err := kept.Check(); err != nil {
				return usageError{err}
			}
			if err := access.Add(file, kept); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), token)
			return nil
		},
	}
	tokensFlag(cmd, e, &file)
	f := cmd.Flags()
	f.StringVar(&role, "role", "", "payee, manager, admin or ops")
	f.StringVar(&payee, "payee", "", "`ID` of the payee or manager")
	f.StringVar(&byRole, "by-role", "", "their `ROLE` in the company, for decisions (default: the role)")
	f.StringVar(&expires, "expires", "", "`DATE` or instant from which it is refused (default: never)")
	completeFrom(cmd, "role", []string{string(access.Payee), string(access.Manager), string(access.Admin), string(access.Ops)})
	return cmd
}

// parseExpiry reads the instant from which a token is refused: of a date, its
// start in UTC.
func parseExpiry(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	d, err := civil.ParseDate(s)
	if err != nil {
		return time.Time{}, usagef("--expires %q is neither a date (2027-07-10) nor an instant (2027-07-10T12:00:00Z)", s)
	}
	return d.Start(time.UTC), nil
}

func newTokenListCommand(e env) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Lists who has a token",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			tokens, err := access.Read(file)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tROLE\tPAYEE\tBY ROLE\tCREATED\tEXPIRES")
			for _, t := range tokens {
				expires := "never"
				if !t.Expires.IsZero() {
					expires = t.Expires.Format(time.RFC3339)
				}
				if t.Expired(e.now()) {
					expires += " (expired)"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, t.Role, t.PayeeID, t.ByRole, t.Created.Format(time.RFC3339), expires)
			}
			return w.Flush()
		},
	}
	tokensFlag(cmd, e, &file)
	return cmd
}

func newTokenRevokeCommand(e env) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:               "revoke NAME",
		Short:             "Takes somebody's token away",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(_ *cobra.Command, args []string) error { return access.Revoke(file, args[0]) },
	}
	tokensFlag(cmd, e, &file)
	return cmd
}
