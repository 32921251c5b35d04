package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// replay is what the command replay is told.
type replay struct {
	from     reading
	into     string
	maxEvent int
}

func newReplayCommand(e env) *cobra.Command {
	var r replay
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Derives the ledger again from what came to it, and compares every record",
		Long: `Derives a new ledger from nothing but what came to the one there is: its facts in
the order and at the instants of their arrival, the ticks of its clock, what was
parked and retried. Then it compares entry by entry, and every timer, credit, risk
episode, flag, lock, statement and output. It changes nothing; the replay is kept
with --into, else it is made in TMPDIR and removed.

It exits with 1 where anything differs, and tells the first difference of each
payee. A ledger that an earlier release began was settled by earlier rules on the
way: of it, what each payee's entries come to is compared.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			boundMemory(e, 0)
			return r.run(cmd)
		},
	}
	r.from.sourceFlags(cmd, e)
	addFormatFlagOf(cmd, &r.from.format, report.CopyFormats())
	cmd.Flags().StringVar(&r.into, "into", "", "keep the replay as `FILE`, which must not exist")
	cmd.Flags().IntVar(&r.maxEvent, "max-event-bytes", wire.DefaultMaxBody, "larger events were parked; as the worker was told")
	return cmd
}

func (r *replay) run(cmd *cobra.Command) error {
	if r.maxEvent <= 0 {
		return usagef("--max-event-bytes %d is not above zero", r.maxEvent)
	}
	if r.into == "" && cmd.Flags().Changed("into") {
		return usagef("--into names no file")
	}
	take, err := r.from.snapshot(cmd)
	if err != nil {
		return err
	}
	found, err := r.replay(cmd, take)
	if err != nil {
		return err
	}
	if err := r.from.show(cmd, found); err != nil {
		return err
	}
	if !found.OK {
		return fmt.Errorf("%d differences found", found.Differing)
	}
	return nil
}

// replay works in a folder of its own, beside the replay where that is kept.
func (r *replay) replay(cmd *cobra.Command, take taking) (_ *report.Replay, err error) {
	if _, err := os.Lstat(r.into); r.into != "" && err == nil {
		return nil, fmt.Errorf("%s exists", r.into)
	}
	beside := ""
	if r.into != "" {
		beside = filepath.Dir(r.into) // so that it can be renamed
	}
	dir, err := os.MkdirTemp(beside, "trueup-replay-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p := newProgress(cmd.ErrOrStderr())
	defer p.done()
	file := r.from.db
	if file == "" {
		if file, err = r.taken(cmd, filepath.Join(dir, "snapshot.db"), take, p); err != nil {
			return nil, err
		}
	}
	again := filepath.Join(dir, "replay.db")
	found, err := r.derive(cmd, file, again, p)
	if err != nil || r.into == "" {
		return found, err
	}
	found.File = r.into
	return found, store.Place(again, r.into, false)
}

func (r *replay) taken(cmd *cobra.Command, file string, take taking, p *progress) (string, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // in a folder of our own
	if err != nil {
		return "", err
	}
	return file, errors.Join(take(cmd.Context(), f, p), f.Close())
}

// derive replays a ledger file into another.
func (r *replay) derive(cmd *cobra.Command, file, again string, p *progress) (_ *report.Replay, err error) {
	if err := store.Readable(file); err != nil {
		return nil, err
	}
	limits := wire.Limits{MaxBody: r.maxEvent}
	s, err := store.Open(file, store.Options{ReadOnly: true, Plan: readPlan, Codec: newCodec("", limits)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	found, err := s.Replay(again, store.ReplayOptions{
		Codec: newCodec(s.Tenant(), limits),
		Progress: func(done, of uint64) error {
			p.say("replayed: %d of %d facts", done, of)
			return cmd.Context().Err()
		},
	})
	return replayOf(found), err
}

func replayOf(r store.Replayed) *report.Replay {
	out := &report.Replay{
		OK: r.Differing == 0, Compared: report.ComparedRecords, Facts: r.Facts, Ticks: r.Ticks, Parked: r.Parked, Payees: r.Payees, Entries: r.Entries,
		Outputs: r.Outputs, Differing: r.Differing, Differences: []report.ReplayDifference{},
	}
	if r.Sums {
		out.Compared = report.ComparedSums
	}
	for _, d := range r.Differences {
		out.Differences = append(out.Differences, report.ReplayDifference{PayeeID: string(d.Payee), What: d.What, Text: d.Text})
	}
	return out
}
