package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// debianBin is where Debian puts the programs of the server, which is not in PATH.
const debianBin = "/usr/lib/postgresql/15/bin"

// owner is the role and, where we are root, the system's user that the server
// runs as, or nobody: it refuses root.
const owner = "postgres"

// postgresSettings are durable as those of the other contenders are, with the
// memory that a small production server has. Checkpoints are as far apart as is
// usual where writes are many.
var postgresSettings = []string{
	"fsync=on", "synchronous_commit=on", "full_page_writes=on",
	"shared_buffers=1GB", "effective_cache_size=3GB", "max_wal_size=4GB", "min_wal_size=2GB", "checkpoint_timeout=15min",
	"random_page_cost=1.1", "jit=off",
}

// postgres is a cluster in the run's folder, with its server.
type postgres struct {
	*process
	dir     string // the cluster, and the socket: nobody else gets in
	version string
}

// startPostgres makes a cluster and starts its server on a socket of its own.
func startPostgres(ctx context.Context, dir string) (*postgres, error) {
	bin, err := findPostgres(ctx)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	as, err := postgresOwner(dir)
	if err != nil {
		return nil, err
	}
	p := &postgres{dir: filepath.Join(dir, "cluster")}
	if err := p.init(ctx, bin, as); err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return nil, err
	}
	p.version = strings.TrimSpace(string(version))
	if err := p.start(bin, as); err != nil {
		return nil, err
	}
	return p, p.ready(ctx)
}

// findPostgres looks for the folder with initdb and postgres.
func findPostgres(ctx context.Context) (string, error) {
	tried := []string{debianBin}
	if path, err := exec.LookPath("initdb"); err == nil {
		tried = append(tried, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		tried = append(tried, strings.TrimSpace(string(out)))
	}
	for _, dir := range tried {
		if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		if _, err := exec.LookPath(filepath.Join(dir, "postgres")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("no initdb and postgres in PATH nor in " + debianBin + " (Debian: apt-get install postgresql-15)")
}

// postgresOwner gives who the server runs as, or nil for who we are, and makes
// the folder that the cluster goes into theirs.
func postgresOwner(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, os.MkdirAll(dir, 0o700)
	}
	u, err := user.Lookup(owner)
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("as root, and there is no user %q nor %q: %w", owner, "nobody", err)
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// The run's folder is private; the server must get through it to its own.
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { //nolint:gosec // to pass, not to list
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid)) //nolint:gosec // parsed as 32 bits
}

func (p *postgres) init(ctx context.Context, bin string, as *syscall.Credential) error {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", p.dir, "-U", owner, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = filepath.Dir(p.dir), &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb, by %s who must be let into %s: %w: %s", owner, cmd.Dir, err, out)
	}
	return nil
}

func (p *postgres) start(bin string, as *syscall.Credential) error {
	args := []string{"-D", p.dir, "-k", p.dir, "-c", "listen_addresses="}
	for _, s := range postgresSettings {
		args = append(args, "-c", s)
	}
	p.process = &process{cmd: exec.Command(filepath.Join(bin, "postgres"), args...), stderr: &tail{}, exited: make(chan struct{})} //nolint:noctx // stopped by stop
	p.cmd.Dir, p.cmd.Stderr, p.cmd.SysProcAttr = p.dir, p.stderr, &syscall.SysProcAttr{Credential: as}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.reap(bufio.NewScanner(out))
	return nil
}

// ready waits until the server answers.
func (p *postgres) ready(ctx context.Context) error {
	for deadline := time.Now().Add(readyWait); ; time.Sleep(20 * time.Millisecond) {
		err := p.run(ctx, owner, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("postgres ended: %s", p.stderr)
		default:
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("postgres does not answer: %w: %s", err, p.stderr), p.stop())
		}
	}
}

// stop ends the server without waiting for who is connected.
func (p *postgres) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGINT)
	return p.process.stop()
}

// address is how to connect, without the database.
func (p *postgres) address() string {
	return fmt.Sprintf("host='%s' user=%s sslmode=disable", p.dir, owner)
}

func (p *postgres) dsn(database string) string { return p.address() + " dbname=" + database }

// run executes statements, each by itself.
func (p *postgres) run(ctx context.Context, database string, statements ...string) error {
	conn, err := pgx.Connect(ctx, p.dsn(database))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// renew makes a database anew from its template, of which the name ends in
// _base. Its pages then stand in the write-ahead log since the last checkpoint,
// so that the first change of a page does not log all of it, and in memory: as
// between checkpoints of a server that has been running.
func (p *postgres) renew(ctx context.Context, database string) error {
	err := p.run(ctx, owner, "DROP DATABASE IF EXISTS "+database, "CHECKPOINT", "CREATE DATABASE "+database+" TEMPLATE "+database+"_base")
	if err != nil {
		return err
	}
	return p.run(ctx, database, `SELECT sum(pg_prewarm(oid)) FROM pg_class WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace`)
}
