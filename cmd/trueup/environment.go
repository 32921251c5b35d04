package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// fromEnvironment takes flags that were not given from the environment:
// --nats-listen from TRUEUP_NATS_LISTEN.
func fromEnvironment(cmd *cobra.Command, e env) error {
	var bad error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "TRUEUP_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := e.getenv(name)
		if f.Changed || value == "" || bad != nil {
			return
		}
		if err := f.Value.Set(value); err != nil {
			bad = usagef("%s=%q: %w", name, value, err)
		}
	})
	return bad
}
