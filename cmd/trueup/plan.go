package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
)

func newPlanCommand(_ env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Plan files: check them, show them whole",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPlanCheckCommand(), newPlanShowCommand())
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
		Long: "Shows a plan file, or a plan that comes with the program, in its canonical form:\n" +
			"every field written out, in one order. With no argument it shows the default\nplan. The presets are " + strings.Join(planfile.Presets(), ", ") + ".",
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: planfile.Presets(),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := planOf(args)
			if err != nil {
				return toldMistakes(cmd, err)
			}
			_, err = cmd.OutOrStdout().Write(planfile.Canonical(p))
			return err
		},
	}
}

// planOf is the default plan, a preset or a file's.
func planOf(args []string) (*plan.Plan, error) {
	if len(args) == 0 {
		return planfile.Default()[0], nil
	}
	if src, ok := planfile.Preset(args[0]); ok {
		return planfile.Decode(args[0]+".yaml", src)
	}
	set, err := planfile.Load(args[0])
	if err != nil {
		if _, missing := os.Stat(args[0]); errors.Is(missing, os.ErrNotExist) {
			return nil, fmt.Errorf("%q is neither a file nor a preset; the presets are %s", args[0], strings.Join(planfile.Presets(), ", "))
		}
		return nil, err
	}
	return set[0], nil
}
