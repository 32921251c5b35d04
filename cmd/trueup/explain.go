package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
)

func newExplainCommand(e env) *cobra.Command {
	var from reading
	cmd := &cobra.Command{
		Use:   "explain ENTRY",
		Short: "Why an entry is what it is: the rule, the numbers, the plan, the facts behind it",
		Long: `Explains one entry of a ledger. ENTRY is its id as statements show it, or the
first 8 or more digits of it where no other entry starts so.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := entryDigits(args[0])
			if err != nil {
				return err
			}
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) { return findEntry(ctx, r, id) })
		},
	}
	from.flags(cmd, e)
	return cmd
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
