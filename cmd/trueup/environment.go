package main

import (
	"fmt"
	"net"
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

// checkLoopback takes only addresses that nobody outside can reach: answering
// anybody else needs TLS and tokens, which this release does not have.
func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port", addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not a loopback address; this release answers on loopback only", addr)
	}
	return nil
}
