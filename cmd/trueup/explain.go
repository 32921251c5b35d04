package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

func newExplainCommand(e env) *cobra.Command {
	var from reading
	var deal, account string
	cmd := &cobra.Command{
		Use:   "explain [ENTRY]",
		Short: "Why an entry is what it is, or why a deal earned what it did, or nothing",
		Long: `Explains one entry of a ledger: the rule, every number and what it does, the plan
and the facts behind it. ENTRY is its id as statements show it, or the first 8 or
more digits of it where no other entry starts so.

With --deal it tells the story of an opportunity: who was credited and who was
not and why, what holds the money and what would release it, and what may still
be taken back.`,
		Example: `  trueup explain db7337c4a4df
  trueup explain --deal opp-1`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: from.complete(entries),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("deal") {
				return explainDeal(cmd, &from, args, deal, account)
			}
			switch {
			case cmd.Flags().Changed("account"):
				return usagef("--account says whose --deal: give both")
			case len(args) == 0:
				return usagef("an ENTRY or --deal OPPORTUNITY is needed")
			}
			id, err := entryDigits(args[0])
			if err != nil {
				return err
			}
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) { return findEntry(ctx, r, id) })
		},
	}
	from.flags(cmd, e)
	cmd.Flags().StringVar(&deal, "deal", "", "tell the story of this `OPPORTUNITY`")
	cmd.Flags().StringVar(&account, "account", "", "of --deal: only as it is on this `ACCOUNT`")
	return cmd
}

func explainDeal(cmd *cobra.Command, from *reading, args []string, deal, account string) error {
	switch {
	case len(args) > 0:
		return usagef("give an ENTRY or --deal, not both")
	case deal == "":
		return usagef("--deal names no opportunity")
	case account == "" && cmd.Flags().Changed("account"):
		return usagef("--account names no account")
	}
	return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) {
		return r.Deal(ctx, event.OpportunityID(deal), event.AccountID(account))
	})
}

const (
	entryIDDigits = 32
	fewestDigits  = 8
)

func entryDigits(arg string) (string, error) {
	id := strings.ToLower(arg)
	if strings.Trim(id, "0123456789abcdef") != "" || len(id) < fewestDigits || len(id) > entryIDDigits {
		return "", usagef("entry %q is not %d to %d hexadecimal digits", arg, fewestDigits, entryIDDigits)
	}
	return id, nil
}

// findEntry is the entry of an id, or the only one that starts with the digits
// given.
func findEntry(ctx context.Context, r report.Reader, id string) (*report.Entry, error) {
	if len(id) < entryIDDigits {
		whole, err := wholeID(ctx, r, id)
		if err != nil {
			return nil, err
		}
		id = whole
	}
	return r.Entry(ctx, id)
}

func wholeID(ctx context.Context, r report.Reader, start string) (string, error) {
	doc, err := r.Statement(ctx, report.Filter{})
	if err != nil {
		return "", err
	}
	var found []string
	for _, p := range doc.Payees {
		for _, q := range p.Periods {
			for _, l := range q.Lines {
				if strings.HasPrefix(l.EntryID, start) {
					found = append(found, l.EntryID)
				}
			}
		}
	}
	switch len(found) {
	case 0:
		return "", report.NotFound{What: "entry", ID: start}
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%d entries start with %s, among them %s and %s: give more digits", len(found), start, found[0], found[1])
}
