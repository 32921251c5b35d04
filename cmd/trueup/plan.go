package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
)

func newPlanCommand(e env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Plan files: check them, show them whole, compare what they pay",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPlanCheckCommand(), newPlanShowCommand(), newPlanDiffCommand(e), newPlanAdviseCommand(), newPlanSchemaCommand())
	return cmd
}

func newPlanCheckCommand() *cobra.Command {
	var as reading
	var asOf string
	cmd := &cobra.Command{
		Use:   "check FILE|PRESET...",
		Short: "Says everything that is wrong with plan files, each with its line",
		Long: `Reads plan files as a worker would, all together, and says everything that is
wrong with them. Of a sound plan it shows the id and hash, and what is allowed
but seldom meant, with the figure and what it should be:

  no_variable            they own revenue, and none of their pay depends on it
  grr_weight_low         less than 30% on GRR; not in a plan named plg…
  no_bands               ownership banded or overlay with fewer than two bands
  no_risk_sla            a risk may go unanswered for more than seven days
  leaders_decide_splits  disputes are decided by neither revenue operations nor finance
  plan_review_due        in force for 12 months on the date of --as-of`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: plansOrPresets(0),
		RunE: func(cmd *cobra.Command, files []string) error {
			var on *civil.Date
			if asOf != "" {
				d, err := civil.ParseDate(asOf)
				if err != nil {
					return usagef("--as-of: %w", err)
				}
				on = &d
			}
			set, err := planfile.LoadNamed(files...)
			if err != nil {
				return toldMistakes(cmd, err)
			}
			return as.show(cmd, checkPlans(set, on))
		},
	}
	cmd.Flags().StringVar(&asOf, "as-of", "", "also say which plans are due for a review on this date")
	addFormatFlag(cmd, &as.format)
	return cmd
}

// checkPlans says what each plan is known by and what is worth a look in it,
// on a date where there is one.
func checkPlans(set plan.Set, on *civil.Date) []report.PlanChecked {
	var out []report.PlanChecked
	for _, p := range set {
		lints := advice.Lints(p)
		if on != nil {
			if due, found := advice.ReviewDue(set, p, *on); found {
				lints = append(lints, due)
			}
		}
		c := report.PlanChecked{Plan: p.ID(), Hash: hex.EncodeToString(p.Hash[:]), EffectiveFrom: p.EffectiveFrom.String()}
		for _, l := range lints {
			c.Lints = append(c.Lints, report.PlanLint{Lint: l.Name, Path: l.Path, Figure: l.Figure, Threshold: l.Threshold, Text: l.Text})
		}
		out = append(out, c)
	}
	return out
}

// toldMistakes tells each mistake on a line of its own, and returns how many
// there are.
func toldMistakes(cmd *cobra.Command, err error) error {
	mistakes, ok := errors.AsType[planfile.Errors](err)
	if !ok {
		return err
	}
	for _, m := range mistakes {
		if _, err := fmt.Fprintln(cmd.ErrOrStderr(), m); err != nil {
			return err
		}
	}
	if len(mistakes) == 1 {
		return errors.New("1 mistake")
	}
	return fmt.Errorf("%d mistakes", len(mistakes))
}

func newPlanShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show [FILE|PRESET]",
		Short: "A plan in its canonical form, every field written out",
		Long: `Shows a plan file, or a plan that comes with the program, in its canonical form:
every field written out, in one order. With no argument it shows the default
plan. The presets are
  ` + strings.Join(planfile.Presets(), "\n  "),
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: plansOrPresets(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := plansOf(args...)
			if err != nil {
				return toldMistakes(cmd, err)
			}
			for i, p := range set {
				text := planfile.Canonical(p)
				if i > 0 {
					text = append([]byte("---\n"), text...)
				}
				if _, err := cmd.OutOrStdout().Write(text); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newPlanSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "The JSON Schema of a plan file, for editors",
		Long: `Prints the JSON Schema (2020-12) of a plan file. An editor that knows it completes
fields and marks mistakes; what a schema cannot say, plan check does. In the
first line of a plan: # yaml-language-server: $schema=plan.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(planfile.Schema())
			return err
		},
	}
}

// plansOf is the plans of files and presets by name together; with none, the
// default plan.
func plansOf(args ...string) (plan.Set, error) {
	if len(args) == 0 {
		return planfile.Default(), nil
	}
	set, err := planfile.LoadNamed(args...)
	if err == nil {
		return set, nil
	}
	for _, name := range args {
		if _, missing := os.Stat(name); errors.Is(missing, os.ErrNotExist) && !slices.Contains(planfile.Presets(), name) {
			return nil, fmt.Errorf("%q is neither a file nor a preset; the presets are %s", name, strings.Join(planfile.Presets(), ", "))
		}
	}
	return nil, err
}
