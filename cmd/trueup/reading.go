package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

const defaultServer = "http://127.0.0.1:8080"

// reading is what every reading command is told: whom to ask, and how to show
// the answer.
type reading struct {
	server, db, format string
	token              string // of whoever asks a worker; empty: it needs none
	getenv             func(string) string
	progress           *progress // of the question under way
	answered           func()    // ends it
}

// flags gives cmd the flags of a reading command.
func (r *reading) flags(cmd *cobra.Command, e env) {
	r.sourceFlags(cmd, e)
	addFormatFlag(cmd, &r.format)
}

// sourceFlags are those that say whom to ask.
func (r *reading) sourceFlags(cmd *cobra.Command, e env) {
	r.serverFlag(cmd, e)
	cmd.Flags().StringVar(&r.db, "db", "", "ask a stopped worker's ledger `FILE` instead")
}

func (r *reading) serverFlag(cmd *cobra.Command, e env) {
	server := defaultServer
	if s := e.getenv("TRUEUP_SERVER"); s != "" {
		server = s
	}
	cmd.Flags().StringVar(&r.server, "server", server, "`URL` of the running worker to ask; also TRUEUP_SERVER; a token it needs is taken from TRUEUP_TOKEN")
	r.token, r.getenv = e.getenv("TRUEUP_TOKEN"), e.getenv
}

// addFormatFlag gives cmd the flag for how to show its answer. A format that
// does not exist is refused before anything is done.
func addFormatFlag(cmd *cobra.Command, format *string) {
	addFormatFlagOf(cmd, format, report.Formats())
}

// addFormatFlagOf is addFormatFlag for other formats, the default first.
func addFormatFlagOf(cmd *cobra.Command, format *string, formats []string) {
	*format = formats[0]
	cmd.Flags().Var(formatValue{format, formats}, "format", "how to show the answer: "+strings.Join(formats, ", "))
	completeFrom(cmd, "format", formats)
}

// formatValue implements pflag.Value.
type formatValue struct {
	format  *string
	formats []string
}

// String implements pflag.Value. It is asked of the zero value too.
func (v formatValue) String() string {
	if v.format == nil {
		return ""
	}
	return *v.format
}

// Type implements pflag.Value.
func (v formatValue) Type() string { return "FORMAT" }

// Set implements pflag.Value.
func (v formatValue) Set(s string) error {
	if !slices.Contains(v.formats, s) {
		return fmt.Errorf("format %q is not one of %s", s, strings.Join(v.formats, ", "))
	}
	*v.format = s
	return nil
}

// completeFrom lets the shell complete a flag from a closed list.
func completeFrom(cmd *cobra.Command, flag string, values []string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is not there, or was registered twice
	}
}

// open is a reader of the worker or the file that the flags name.
func (r *reading) open(cmd *cobra.Command) (report.Reader, io.Closer, error) {
	if r.db != "" {
		if cmd.Flags().Changed("server") {
			return nil, nil, usagef("--server asks a running worker and --db a stopped one's file: give one of them")
		}
		return openReader(r.db)
	}
	if cmd.Flags().Changed("db") {
		return nil, nil, usagef("--db names no file")
	}
	if err := web.CheckURL(r.server); err != nil {
		return nil, nil, usagef("--server: %w", err)
	}
	return web.NewClient(r.server, web.Bearer(r.token)), io.NopCloser(nil), nil
}

// answer asks, and shows what it is answered.
func (r *reading) answer(cmd *cobra.Command, ask func(context.Context, report.Reader) (any, error)) error {
	return r.with(cmd, func(ctx context.Context, reader report.Reader) error {
		v, err := ask(ctx, reader)
		r.answered()
		if err != nil {
			return err
		}
		return r.show(cmd, v)
	})
}

// with opens a reader for as long as something is done with it.
func (r *reading) with(cmd *cobra.Command, do func(context.Context, report.Reader) error) (err error) {
	reader, closer, err := r.open(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	r.progress = newProgress(cmd.ErrOrStderr())
	stop := sync.OnceFunc(r.progress.waiting("waiting for the answer"))
	defer stop()
	r.answered = stop
	return do(cmd.Context(), reader)
}

func (r *reading) show(cmd *cobra.Command, v any) error {
	if err := r.render(cmd, cmd.OutOrStdout(), v); err != nil {
		return fmt.Errorf("show the answer: %w", err)
	}
	return nil
}

// render writes an answer in the format asked for, a table in colour where it is
// for a terminal that shows it.
func (r *reading) render(cmd *cobra.Command, w io.Writer, v any) error {
	if coloured(cmd, r.getenv, cmd.OutOrStdout()) {
		return report.RenderColoured(w, r.format, v)
	}
	return report.Render(w, r.format, v)
}
