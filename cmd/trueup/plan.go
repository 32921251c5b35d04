package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

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
	cmd.AddCommand(newPlanCheckCommand(), newPlanShowCommand(), newPlanDiffCommand(e))
	return cmd
}

func newPlanCheckCommand() *cobra.Command {
	var as reading
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Says everything that is wrong with plan files, each with its line",
		Long: `Reads plan files as a worker would, all together, and says everything that is
wrong with them. Of a sound plan it shows the id and hash.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			set, err := planfile.Load(files...)
			if err != nil {
				return toldMistakes(cmd, err)
			}
			return as.show(cmd, checkPlans(set))
		},
	}
	addFormatFlag(cmd, &as.format)
	return cmd
}

// checkPlans says what each plan is known by.
func checkPlans(set plan.Set) []report.PlanChecked {
	var out []report.PlanChecked
	for _, p := range set {
		out = append(out, report.PlanChecked{Plan: p.ID(), Hash: hex.EncodeToString(p.Hash[:]), EffectiveFrom: p.EffectiveFrom.String()})
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
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: planfile.Presets(),
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
