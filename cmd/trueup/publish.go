package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
)

// faultsTold bounds how many bad lines are listed.
const faultsTold = 20

func newPublishCommand(e env) *cobra.Command {
	var to address
	var tenantName string
	cmd := &cobra.Command{
		Use:   "publish FILE",
		Short: "Check NDJSON of CloudEvents and publish it",
		Long: `Checks every line against the event schemas and publishes them in order, all or
none: with one bad line nothing is published and every bad line is named. FILE
may be - for standard input.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := openEvents(e, args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			messages, err := readMessages(in, tenantName, cmd.ErrOrStderr())
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return publish(cmd, to, messages)
		},
	}
	to.flags(cmd, e)
	cmd.Flags().StringVar(&tenantName, "tenant", "default", "the tenant the events are of")
	return cmd
}

// readMessages reads and checks every line. Bad lines are named on stderr.
func readMessages(r io.Reader, tenantName string, stderr io.Writer) ([]broker.Msg, error) {
	var out []broker.Msg
	bad := 0
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), scenario.MaxLine)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		in, err := wire.DecodeLine(line, tenantName)
		if err != nil {
			if bad++; bad <= faultsTold {
				fmt.Fprintf(stderr, "line %d: %v\n", n, err)
			}
			continue
		}
		out = append(out, broker.EventMsg(wire.Subject(tenantName, in.Event.Head().Type), bytes.Clone(line)))
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("a line is longer than %d bytes", scenario.MaxLine)
	}
	if lines.Err() != nil {
		return nil, lines.Err()
	}
	if bad > 0 {
		return nil, fmt.Errorf("%d of %d lines are not valid events; nothing was published", bad, bad+len(out))
	}
	return out, nil
}

func publish(cmd *cobra.Command, to address, messages []broker.Msg) error {
	conn, err := to.connect(cmd.Context())
	if err != nil {
		return err
	}
	defer conn.Close()
	p := newProgress(cmd.ErrOrStderr())
	seq := func(yield func(broker.Msg, error) bool) {
		for _, m := range messages {
			if !yield(m, nil) {
				return
			}
		}
	}
	n, err := conn.PublishAll(cmd.Context(), seq, func(n int) { p.say("published %d of %d events", n, len(messages)) })
	p.done()
	if err != nil {
		return fmt.Errorf("after %d of %d events: %w", n, len(messages), err)
	}
	events := "events"
	if n == 1 {
		events = "event"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "published %d %s\n", n, events)
	return nil
}
