package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// restore is what the command restore is told.
type restore struct {
	cfg     config
	replace bool
	format  string
	now     func() time.Time
}

func newRestoreCommand(e env) *cobra.Command {
	r := restore{now: e.now}
	cmd := &cobra.Command{
		Use:   "restore BACKUP",
		Short: "Makes a verified backup a tenant's ledger; never deletes one",
		Long: `Verifies a backup and makes it the tenant's ledger, which no worker may have
open. A worker that is started then reads again what came to the stream after the
backup. A ledger that is there already is refused; with --replace it is kept
beside the restored one under a name that says so. A backup of an earlier release
is brought up to this one.`,
		Example: `  trueup restore /var/backups/trueup/acme-12345.db --tenant acme
  trueup restore default-12345.db --replace`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := fromEnvironment(cmd, e); err != nil {
				return err
			}
			done, err := r.run(cmd, args[0])
			if err != nil {
				return err
			}
			return report.Render(cmd.OutOrStdout(), r.format, done)
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.cfg.data, "data", "", "folder of the ledger (default ./data); also TRUEUP_DATA")
	f.StringVar(&r.cfg.tenant, "tenant", "default", "whose ledger it is; also TRUEUP_TENANT")
	f.BoolVar(&r.replace, "replace", false, "keep the ledger that is there under another name")
	addFormatFlagOf(cmd, &r.format, report.CopyFormats())
	_ = cmd.MarkFlagDirname("data")
	return cmd
}

func (r *restore) run(cmd *cobra.Command, from string) (_ *report.Copied, err error) {
	if err := broker.CheckTenant(r.cfg.tenant); err != nil {
		return nil, usagef("--tenant: %w", err)
	}
	r.cfg.data = cmp.Or(r.cfg.data, "data")
	path := r.cfg.ledgerPath()
	if sameFile(from, path) {
		return nil, usagef("%s is the ledger itself", from)
	}
	if err := store.Readable(from); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(r.cfg.data, 0o700); err != nil {
		return nil, err
	}
	release, err := store.Hold(path) // until the restored one has its name
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	_, err = os.Lstat(path)
	there := err == nil
	if there && !r.replace {
		return nil, fmt.Errorf("ledger %s exists; --replace keeps it under another name", path)
	}
	temp, done, err := copied(cmd, path+".partial-*", func(_ context.Context, to *os.File, _ *progress) error {
		return r.take(from, to)
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, removed(temp)) }()
	done.File, done.Backup = path, from
	if there {
		if done.Replaced, err = r.setAside(path); err != nil {
			return nil, err
		}
	}
	return done, store.Place(temp, path, there)
}

// take copies the backup, which must be of the tenant, and brings the copy of an
// earlier release's up.
func (r *restore) take(from string, to *os.File) error {
	if err := store.CopyFile(from, to); err != nil {
		return err
	}
	o := store.Options{ReadOnly: true, Plan: readPlan, Codec: newCodec(r.cfg.tenant, wire.Limits{})}
	s, err := store.Open(to.Name(), o)
	if domain.KindOf(err) == domain.Invalid { // of another layout
		o.ReadOnly = false
		s, err = store.Open(to.Name(), o)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := s.Close(); err != nil {
		return err
	}
	if s.Tenant() != r.cfg.tenant {
		return fmt.Errorf("%s is a backup of tenant %s, not of %s: give --tenant %s", from, s.Tenant(), r.cfg.tenant, s.Tenant())
	}
	return nil
}

// setAside gives the ledger that is to be replaced a second name that says so.
// It is never deleted, and there is a ledger under the first name at any moment,
// or a worker that is started after a crash would make an empty one.
func (r *restore) setAside(path string) (string, error) {
	name := path + ".replaced-" + r.now().UTC().Format("20060102T150405Z")
	aside := name
	for n := 2; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, os.ErrNotExist) {
			break
		} else if err != nil {
			return "", err
		}
		aside = fmt.Sprintf("%s-%d", name, n)
	}
	if err := os.Link(path, aside); err != nil {
		return aside, os.Rename(path, aside) // the file system has no links
	}
	return aside, nil
}
