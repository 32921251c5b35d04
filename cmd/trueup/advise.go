package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
)

func newPlanAdviseCommand() *cobra.Command {
	var as reading
	var arr amountFlag
	cmd := &cobra.Command{
		Use:   "advise --arr AMOUNT",
		Short: "Who usually owns revenue at a size of company, and the presets for it",
		Long: `Names the ownership that goes with a year's recurring revenue, says why, and lists
the presets that fit. An edge belongs to the stage above it: exactly 5000000 is
split. It is advice and never a switch: a plan's ownership says who owns what.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("arr") {
				return usagef("--arr is needed")
			}
			a, err := advise(money.Money(arr))
			if err != nil {
				return err
			}
			return as.show(cmd, a)
		},
	}
	cmd.Flags().Var(&arr, "arr", "recurring revenue a year, in US dollars, such as 12000000")
	addFormatFlag(cmd, &as.format)
	return cmd
}

func advise(arr money.Money) (*report.Advice, error) {
	s := advice.StageOf(arr)
	a := &report.Advice{
		ARR: arr.Decimal(), Currency: string(arr.Currency), Ownership: s.Ownership, From: s.From.Decimal(),
		Renewals: s.Renewals, Expansion: s.Expansion, PaidOn: s.PaidOn, Why: s.Why, Presets: []report.AdvisedPreset{},
	}
	if s.Below != nil {
		a.Below = s.Below.Decimal()
	}
	set, err := planfile.LoadNamed(planfile.Presets()...)
	if err != nil {
		return nil, err
	}
	for _, atAnySize := range []bool{false, true} { // those made for the stage first
		for _, p := range set {
			fits, anySize := s.Fits(p.Ownership)
			if !fits || anySize != atAnySize {
				continue
			}
			why := "made for this stage"
			if anySize {
				why = "fits at any size"
			}
			a.Presets = append(a.Presets, report.AdvisedPreset{Preset: string(p.Name), Ownership: p.Ownership, Why: why})
		}
	}
	return a, nil
}

// amountFlag is an amount in US dollars, nothing or more. It implements
// pflag.Value.
type amountFlag money.Money

// String implements pflag.Value.
func (a *amountFlag) String() string {
	if a.Currency == "" {
		return ""
	}
	return money.Money(*a).Decimal()
}

// Type implements pflag.Value.
func (a *amountFlag) Type() string { return "AMOUNT" }

// Set implements pflag.Value.
func (a *amountFlag) Set(s string) error {
	m, err := money.Parse(s, "USD")
	if err != nil {
		return err
	}
	if m.Minor < 0 {
		return fmt.Errorf("amount %q is below zero", s)
	}
	*a = amountFlag(m)
	return nil
}
