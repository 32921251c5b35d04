package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/trueup/trueup/internal/report"
)

// watching is a question that is asked again and again.
type watching struct {
	reading
	on    bool
	every time.Duration
}

const (
	watchEvery = 2 * time.Second
	watchLeast = 100 * time.Millisecond
)

// flags gives cmd those of a reading command that may watch.
func (w *watching) flags(cmd *cobra.Command, e env) {
	w.reading.flags(cmd, e)
	cmd.Flags().BoolVar(&w.on, "watch", false, "ask again and again until Ctrl-C: on a terminal in place, else one answer after another")
	cmd.Flags().DurationVar(&w.every, "interval", watchEvery, "of --watch: how `LONG` to wait between")
}

// answer asks once, or again and again.
func (w *watching) answer(cmd *cobra.Command, ask func(context.Context, report.Reader) (any, error)) error {
	switch {
	case !w.on && cmd.Flags().Changed("interval"):
		return usagef("--interval is of --watch")
	case !w.on:
		return w.reading.answer(cmd, ask)
	case cmd.Flags().Changed("db"):
		return usagef("--watch asks a running worker; a stopped one's file does not change")
	case w.every < watchLeast:
		return usagef("--interval: %v is less than %v", w.every, watchLeast)
	}
	reader, closer, err := w.open(cmd)
	if err != nil {
		return err
	}
	defer closer.Close()
	to := w.screen(cmd)
	defer to.end()
	ticker := time.NewTicker(w.every)
	defer ticker.Stop()
	for {
		var text bytes.Buffer
		v, err := ask(cmd.Context(), reader)
		if err == nil {
			err = w.render(cmd, &text, v)
		}
		if cmd.Context().Err() != nil {
			return nil
		}
		if err != nil && !to.begun {
			return err
		}
		if err := to.show(text.Bytes(), err); err != nil {
			return err
		}
		select {
		case <-cmd.Context().Done():
			return nil // Ctrl-C is how one ends it
		case <-ticker.C:
		}
	}
}

// screen shows one answer after another.
type screen struct {
	out, errs io.Writer
	path      string   // of the command
	terminal  *os.File // where it is redrawn in place; nil: answers are appended
	gap       bool     // appended answers have a line between them
	begun     bool
	last      []byte
}

func (w *watching) screen(cmd *cobra.Command) *screen {
	s := &screen{out: cmd.OutOrStdout(), errs: cmd.ErrOrStderr(), path: cmd.CommandPath(), gap: w.format == report.Table}
	if t := terminalOf(s.out); t != nil && w.format == report.Table && w.getenv("TERM") != dumb && w.getenv("TERM") != "" {
		s.terminal = t
	}
	return s
}

// What a terminal is told: where to write, and to leave long lines on one.
const (
	clearScreen = "\x1b[2J"
	toTop       = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
	noWrap      = "\x1b[?7l"
	wrap        = "\x1b[?7h"
)

// show shows an answer, or beside the last one why there is none.
func (s *screen) show(text []byte, fault error) (err error) {
	first := !s.begun
	s.begun = true
	if fault == nil {
		s.last = text
	}
	said := ""
	if fault != nil {
		said = fmt.Sprintf("%s: %s\n", s.path, oneLine(fault.Error()))
	}
	if s.terminal == nil {
		if fault != nil {
			_, err = io.WriteString(s.errs, said)
			return err
		}
		if s.gap && !first {
			text = append([]byte("\n"), text...)
		}
		_, err = s.out.Write(text)
		return err
	}
	var b strings.Builder
	if first {
		b.WriteString(noWrap + clearScreen)
	}
	b.WriteString(toTop)
	for line := range strings.Lines(s.fitted(string(s.last), strings.Count(said, "\n")) + said) {
		b.WriteString(strings.TrimSuffix(line, "\n") + clearLine + "\n")
	}
	b.WriteString(clearBelow)
	_, err = io.WriteString(s.out, b.String())
	return err
}

// fitted is as many lines of a text as the terminal has room for, beside some
// others and the line that the cursor is left on.
func (s *screen) fitted(text string, others int) string {
	_, height, err := term.GetSize(int(s.terminal.Fd())) //nolint:gosec // descriptors are small
	lines := strings.SplitAfter(text, "\n")
	n, room := len(lines)-1, height-1-others
	if err != nil || n <= room || room < 2 {
		return text
	}
	return strings.Join(lines[:room-1], "") + fmt.Sprintf("… and %d more lines\n", n-room+1)
}

// end leaves the terminal as it was.
func (s *screen) end() {
	if s.terminal != nil && s.begun {
		_, _ = io.WriteString(s.out, wrap)
	}
}
