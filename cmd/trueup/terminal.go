package main

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// terminalOf is the terminal that something is written to, nil where it is none.
func terminalOf(w io.Writer) *os.File {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) { //nolint:gosec // descriptors are small
		return f
	}
	return nil
}

// dumb is a terminal that only writes one line after another.
const dumb = "dumb"

// When tables are coloured.
const (
	colourAuto   = "auto"
	colourAlways = "always"
	colourNever  = "never"
)

func colours() []string { return []string{colourAuto, colourAlways, colourNever} }

// colourFlag gives every command the flag for when tables are coloured.
func colourFlag(root *cobra.Command) {
	f := root.PersistentFlags()
	f.Var(oneOf("WHEN", colours()), "color", "colour tables: "+strings.Join(colours(), ", ")+"; auto is on a terminal, without NO_COLOR and TERM=dumb")
	if err := root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions(colours(), cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is there
	}
}

// coloured reports whether what is written to w is to be coloured.
func coloured(cmd *cobra.Command, getenv func(string) string, w io.Writer) bool {
	when := colourAuto
	if f := cmd.Flags().Lookup("color"); f != nil {
		when = f.Value.String()
	}
	switch when {
	case colourAlways:
		return true
	case colourNever:
		return false
	}
	return terminalOf(w) != nil && getenv("NO_COLOR") == "" && getenv("TERM") != dumb && getenv("TERM") != ""
}

// choice is a flag's value from a closed list. It implements pflag.Value.
type choice struct {
	value, kind string
	of          []string
}

// oneOf is a choice, the default first.
func oneOf(kind string, of []string) *choice { return &choice{of[0], kind, of} }

// String implements pflag.Value. It is asked of the zero value too.
func (c *choice) String() string { return c.value }

// Type implements pflag.Value.
func (c *choice) Type() string { return c.kind }

// Set implements pflag.Value.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return errors.New("is not one of " + strings.Join(c.of, ", "))
	}
	c.value = s
	return nil
}
