// Command bench measures the worker end to end against others on the same
// events: the usual way (watermill-nats and one transaction per message, no
// rules), the floor (nats.go and one transaction per 1,024 messages with the
// puts of our store, no rules), a plain worker on Postgres (nats.go, pgx and one
// transaction per 256 messages with those puts as rows, no rules) and the
// Benthos engine (the same, with the rows of the usual way).
//
// Everything is durable: a real nats-server process that syncs every write,
// bbolt as it comes. The stream holds a setup, which makes the accounts known,
// and then the events that are measured. Our worker applies both in one go and
// the clock starts where the setup ends, so that its caches are as they are in
// a worker that has been running. The others get a file that holds the setup
// already.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// options are what a run of the benchmark can be told.
type options struct {
	rounds   int
	events   int
	accounts int
	usual    int
	database int
	largest  int // accounts
	profile  bool
	quick    bool
	seed     uint64
	dir      string
	results  string
	only     []string // parts of the run by name; none: all
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if as := os.Getenv(asVariable); as != "" {
		if err := runChild(ctx, as, stdout); err != nil {
			fmt.Fprintf(stderr, "bench %s: %v\n", as, err)
			return 1
		}
		return 0
	}
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := measure(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 1
	}
	return 0
}

// endToEnd names the rounds of all contenders.
const endToEnd = "end-to-end"

// parts are what -only knows.
func parts() []string {
	out := []string{endToEnd}
	for _, s := range studies {
		out = append(out, s.name)
	}
	return out
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&o.rounds, "rounds", 5, "measured rounds; one more before them warms up")
	f.IntVar(&o.events, "events", 120_000, "events measured per round")
	f.IntVar(&o.accounts, "accounts", 100_000, "accounts of the company")
	f.IntVar(&o.usual, "usual-events", 3000, "events measured per round for the usual way")
	f.IntVar(&o.database, "database-events", 120_000, "events measured per round for the workers on Postgres")
	f.IntVar(&o.largest, "largest", 1_000_000, "accounts of the largest company of the study of accounts; a million take long to set up")
	f.BoolVar(&o.profile, "profile", true, "run once more inside a profiled process")
	f.BoolVar(&o.quick, "quick", false, "a small company and one round, to see that it works")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the company")
	f.StringVar(&o.dir, "dir", "", "where to make a temporary folder for data (default: the system's)")
	f.Func("only", "run only these, separated by commas: "+strings.Join(parts(), ", "), func(text string) error {
		for _, name := range strings.Split(text, ",") {
			if !slices.Contains(parts(), name) {
				return fmt.Errorf("%q is none of %s", name, strings.Join(parts(), ", "))
			}
			o.only = append(o.only, name)
		}
		return nil
	})
	f.StringVar(&o.results, "results", "results/latest.json", "file for the results as JSON; empty: none")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.quick {
		given := map[string]bool{}
		f.Visit(func(f *flag.Flag) { given[f.Name] = true })
		for name, small := range map[string]func(){
			"rounds":          func() { o.rounds = 1 },
			"events":          func() { o.events = 6000 },
			"accounts":        func() { o.accounts = 2000 },
			"usual-events":    func() { o.usual = 300 },
			"database-events": func() { o.database = 3000 },
		} {
			if !given[name] {
				small()
			}
		}
	}
	if o.rounds < 1 || o.events < 1 || o.accounts < 1 || o.usual < 1 || o.database < 1 {
		fmt.Fprintln(stderr, "bench: rounds, events, accounts, usual-events and database-events are from 1")
		return o, errors.New("used wrongly")
	}
	o.usual, o.database = min(o.usual, o.events), min(o.database, o.events)
	return o, nil
}
