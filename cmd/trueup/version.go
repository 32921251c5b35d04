package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/store"
)

// What make release links in; empty in any other build.
var release, commit string

// version is the release this binary is, or the version of the module it was
// built from.
func version() string {
	built := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		built = info.Main.Version
	}
	return cmp.Or(release, built)
}

// build is what a program was built from and reads.
type build struct {
	Version      string `json:"version"`
	Commit       string `json:"commit"` // empty if it is not known
	Go           string `json:"go"`
	LedgerLayout int    `json:"ledger_layout"`
	PlanSchema   string `json:"plan_schema"` // the first half of its SHA-256
}

func thisBuild() build {
	schema := sha256.Sum256(planfile.Schema())
	return build{version(), commit, runtime.Version(), store.Layout, hex.EncodeToString(schema[:16])}
}

func newVersionCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "What this program was built from, the ledger it writes, the plans it reads",
		Long: `Names the release, the commit and the Go it was built from, the layout of the
ledger files it writes (it opens every one before), and the schema of the plans
it reads: the first half of the SHA-256 of what trueup plan schema prints.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := thisBuild()
			if format == "json" {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return enc.Encode(b)
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "trueup %s\ncommit         %s\ngo             %s\nledger layout  %d\nplan schema    %s\n",
				b.Version, cmp.Or(b.Commit, "not known"), b.Go, b.LedgerLayout, b.PlanSchema)
			return err
		},
	}
	addFormatFlagOf(cmd, &format, []string{"table", "json"})
	return cmd
}
