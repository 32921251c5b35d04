package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// backup is what the command backup is told.
type backup struct {
	from  reading
	force bool
}

func newBackupCommand(e env) *cobra.Command {
	var b backup
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copies the ledger of a running worker, verified; a FILE that exists is a good backup",
		Long: `Copies the ledger of one moment while the worker goes on, or with --db that of a
stopped worker. The copy is verified as trueup verify does before it gets its
name: a FILE that exists is a good backup. Where FILE is a folder, the backup is
named in it by the tenant and the last message it has.`,
		Example: `  trueup backup /var/backups/trueup
  trueup backup before-upgrade.db --db data/default.db`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := b.run(cmd, args[0])
			if err != nil {
				return err
			}
			return b.from.show(cmd, done)
		},
	}
	b.from.sourceFlags(cmd, e)
	addFormatFlagOf(cmd, &b.from.format, report.CopyFormats())
	cmd.Flags().BoolVar(&b.force, "force", false, "replace FILE if it exists")
	return cmd
}

func (b *backup) run(cmd *cobra.Command, target string) (_ *report.Copied, err error) {
	take, err := b.from.snapshot(cmd)
	if err != nil {
		return nil, err
	}
	folder, err := isFolder(target)
	if err != nil {
		return nil, err
	}
	base := filepath.Join(target, "trueup")
	if !folder {
		base = target
		if err := b.free(target); err != nil {
			return nil, err
		}
	}
	temp, done, err := copied(cmd, base+".partial-*", take)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, removed(temp)) }()
	if done.File = target; folder {
		done.File = filepath.Join(target, fmt.Sprintf("%s-%d.db", done.Tenant, done.Position.Sequence))
		if err := b.free(done.File); err != nil {
			return nil, err
		}
	}
	return done, store.Place(temp, done.File, b.force)
}

// isFolder reports whether a backup is to be named by itself in a folder.
func isFolder(target string) (bool, error) {
	info, err := os.Stat(target)
	switch {
	case err == nil && !info.IsDir() && !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is not a file", target)
	case err == nil:
		return info.IsDir(), nil
	case !errors.Is(err, os.ErrNotExist):
		return false, err
	case target == "" || os.IsPathSeparator(target[len(target)-1]):
		return false, fmt.Errorf("folder %q does not exist", target)
	}
	if _, err := os.Stat(filepath.Dir(target)); err != nil {
		return false, fmt.Errorf("folder %s does not exist", filepath.Dir(target))
	}
	return false, nil
}

// free refuses a file that exists, and one that a worker has open even where it
// may be replaced: the worker would go on with a file that has no name.
func (b *backup) free(file string) error {
	if _, err := os.Lstat(file); errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if !b.force {
		return fmt.Errorf("%s exists; --force replaces it", file)
	}
	if b.from.db != "" && sameFile(b.from.db, file) {
		return usagef("%s is the ledger itself", file)
	}
	return store.Unused(file)
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// taking writes a ledger file of one moment to an empty file.
type taking func(ctx context.Context, to *os.File, p *progress) error

// snapshot is how to get the ledger of the worker or the file that the flags
// name.
func (r *reading) snapshot(cmd *cobra.Command) (taking, error) {
	if r.db != "" {
		if cmd.Flags().Changed("server") {
			return nil, usagef("--server asks a running worker and --db a stopped one's file: give one of them")
		}
		return func(_ context.Context, to *os.File, _ *progress) error { return store.CopyFile(r.db, to) }, nil
	}
	if cmd.Flags().Changed("db") {
		return nil, usagef("--db names no file")
	}
	if err := web.CheckURL(r.server); err != nil {
		return nil, usagef("--server: %w", err)
	}
	return func(ctx context.Context, to *os.File, p *progress) error {
		return web.Backup(ctx, r.server, web.Bearer(r.token), to, func(done, of int64) { p.say("%d of %d MiB", done>>20, of>>20) })
	}, nil
}

// copied takes a snapshot into a file beside where it is to be, synced and
// verified, and says what is in it. Where it fails no file is left.
func copied(cmd *cobra.Command, pattern string, take taking) (_ string, done *report.Copied, err error) {
	p := newProgress(cmd.ErrOrStderr())
	defer p.done()
	f, err := os.CreateTemp(filepath.Dir(pattern), filepath.Base(pattern)) // readable by nobody else
	if err != nil {
		return "", nil, err
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			err = errors.Join(err, removed(temp))
		}
	}()
	err = take(cmd.Context(), f, p)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return "", nil, err
	}
	done, err = sound(cmd.Context(), temp, p)
	return temp, done, err
}

// sound verifies a ledger file that nobody else has, and says what is in it.
func sound(ctx context.Context, file string, p *progress) (_ *report.Copied, err error) {
	s, err := store.Open(file, store.Options{ReadOnly: true, Plan: readPlan, Codec: newCodec("", wire.Limits{})})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	r := newFileReader(s)
	v, err := r.Verify(ctx, every(progressEvery, func(what string, n int) { p.say("verified: %d %s", n, what) }))
	if err = errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	if !v.OK {
		return nil, domain.Errorf(domain.Corrupt, "the ledger is not sound: %d problems found, first: %s", len(v.Problems), v.Problems[0])
	}
	st, err := r.Status(ctx)
	if err != nil {
		return nil, err
	}
	return &report.Copied{
		Tenant: st.Tenant, Facts: st.Facts, Entries: st.Entries, Payees: st.Payees, Position: st.Position, AsOf: st.AsOf, Bytes: st.FileBytes,
	}, nil
}

// removed removes a file that may be gone.
func removed(file string) error {
	if err := os.Remove(file); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
