package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/payroll"
	"github.com/trueup/trueup/internal/report"
)

func newExportCommand(e env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "The ledger for other programs: payroll, statements, journal, credits, SLA",
		Long: `Writes what other programs take from the ledger, all of it of one moment.

Each but the statements goes on from a cursor: --since CURSOR prints what came
after it, and says on stderr where the next export goes on; the first time it is
--since start. --cursor-file FILE does both: it goes on from the cursor in FILE, where there is one, and leaves the
next there, after everything was written. A cursor of another ledger, or of
another history of this one, is refused.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newExportPayrollCommand(e), newExportStatementsCommand(e), newExportRecordsCommand(e, journalExport), newExportRecordsCommand(e, creditsExport),
		newExportRecordsCommand(e, slaExport),
	)
	return cmd
}

// exportText is what help says of an export of records.
type exportText struct{ what, use, short, long, example string }

var (
	journalExport = exportText{
		report.ExportJournal, "journal [PAYEE]", "Every entry in the order posted, for hledger, a spreadsheet or a program",
		`Writes every entry, payee by payee in the order posted. In hledger's form each
is a transaction of two postings, dated when it took effect and tagged with the
period it was posted in; in csv a row; in json an element of one array, on a
line of its own. What is read is the ledger of one moment. After a cursor the
entries of all payees come in the order posted.

In hledger's form names may not hold just anything: bytes other than letters,
digits and -_.~@/+ are written %XX there, so "Ann Lee" is Ann%20Lee.`,
		`  trueup export journal > all.journal && hledger -f all.journal balance
  trueup export journal csm-1 --period 2027-Q1 --format csv`,
	}
	creditsExport = exportText{
		report.ExportCredits, "credits [PAYEE]", "The ARR that deals credit to payees",
		`Writes every credit as it is now. Credits are corrected in place. So after a
cursor those come that are new, and those that are no more with the other sign:
everything written adds up to what there is. Their cursor has the credits that
were written in it, so it is kept in a file: --cursor-file.`,
		"  trueup export credits --cursor-file credits.cursor --no-header >> credits.csv",
	}
	slaExport = exportText{
		report.ExportSLA, "sla [PAYEE]", "Every risk episode and dispute with its instants: opened, due, closed, breached",
		`Writes every episode and dispute, also those that ended, with when each was
opened, due, warned of, met, closed, breached, resolved and retracted. After a
cursor those come that turned since, as they stand now: of several rows of an
episode the last stands.`,
		"  trueup export sla --format json",
	}
)

// exporter is an export that a command line asks for.
type exporter struct {
	reading
	query   report.ExportQuery
	period  string
	since   string
	file    string // the cursor's; empty: none
	mapping string // file, of payroll; empty: none
	bare    bool
}

// flags gives cmd those of an export.
func (x *exporter) flags(cmd *cobra.Command, e env) {
	x.sourceFlags(cmd, e)
	addFormatFlagOf(cmd, &x.format, report.ExportFormats(x.query.What))
	x.periodFlag(cmd, &x.period)
	f := cmd.Flags()
	f.StringVar(&x.since, "since", "", "only what came after this `CURSOR`, as an export before gave it; start is before everything, @FILE the one in a file")
	f.StringVar(&x.file, "cursor-file", "", "go on from the cursor in `FILE`, where there is one, and leave the next there")
	f.BoolVar(&x.bare, "no-header", false, "leave out the row of names that csv begins with")
	cmd.ValidArgsFunction = x.complete(payees)
}

func newExportRecordsCommand(e env, of exportText) *cobra.Command {
	x := &exporter{query: report.ExportQuery{What: of.what}}
	cmd := &cobra.Command{Use: of.use, Short: of.short, Long: of.long, Example: of.example, Args: cobra.MaximumNArgs(1), RunE: x.run}
	x.flags(cmd, e)
	return cmd
}

func newExportPayrollCommand(e env) *cobra.Command {
	x := &exporter{query: report.ExportQuery{What: report.ExportPayroll}}
	cmd := &cobra.Command{
		Use:   "payroll [PAYEE]",
		Short: "What payroll is asked to pay: a row per payee, quarter and earning code",
		Long: `Writes what the locks of quarters requested from payroll, split by earning code.
The rows of a reference add up to its payment request, to the minor unit. Without
a mapping the codes are the plan's components, and workers are the employee ids
of enrolments, or the payees' own. --mapping FILE says otherwise: docs/exports.md
has one. Nothing is written where a part has no code, or a payee no worker id.

In json it is the payments and their parts, without a mapping.`,
		Example: `  trueup export payroll --period 2027-Q1 --mapping payroll.yaml > q1.csv
  trueup export payroll --mapping payroll.yaml --cursor-file payroll.cursor > new.csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: x.run,
	}
	x.flags(cmd, e)
	cmd.Flags().StringVar(&x.mapping, "mapping", "", "the `FILE` with payroll's columns, earning codes and worker ids")
	_ = cmd.MarkFlagFilename("mapping", "yaml", "yml")
	return cmd
}

// run does the export.
func (x *exporter) run(cmd *cobra.Command, args []string) error {
	form, err := x.check(cmd, args)
	if err != nil {
		return err
	}
	kept, err := x.cursor(cmd)
	if err != nil {
		return err
	}
	x.query.Since = kept.text
	var next nextCursor
	err = x.with(cmd, func(ctx context.Context, r report.Reader) error {
		var whole bytes.Buffer // of payroll: a file that is not whole is no file
		to := cmd.OutOrStdout()
		if x.query.What == report.ExportPayroll {
			to = &whole
		}
		out, err := payroll.NewExportWriter(to, x.query.What, form)
		if err != nil {
			return err
		}
		next, err = x.export(ctx, r, kept, counting(out, x.progress))
		x.answered()
		if err != nil {
			if x.query.What == report.ExportPayroll {
				return err
			}
			return errors.Join(err, out.Flush())
		}
		if err := out.Close(); err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(whole.Bytes())
		return err
	})
	if err != nil {
		return err
	}
	return x.leave(cmd, next)
}

// check is what is asked for, read from the command line.
func (x *exporter) check(cmd *cobra.Command, args []string) (form payroll.Form, err error) {
	if x.query.Filter, err = statementFilter(args, x.period); err != nil {
		return form, err
	}
	form = payroll.Form{Format: x.format, Bare: x.bare}
	switch {
	case x.bare && x.format != report.CSV:
		return form, usagef("--no-header is of csv; %s has no header", x.format)
	case cmd.Flags().Changed("since") && x.since == "":
		return form, usagef("--since is empty")
	case cmd.Flags().Changed("cursor-file") && x.file == "":
		return form, usagef("--cursor-file names no file")
	case x.query.What == report.ExportSLA && x.query.Period != nil:
		return form, usagef("--period: clocks do not run by quarters")
	case x.mapping == "" && (x.query.What != report.ExportPayroll || !cmd.Flags().Changed("mapping")):
		return form, nil
	case x.mapping == "":
		return form, usagef("--mapping names no file")
	case x.format != report.CSV:
		return form, usagef("--mapping is of csv; json has the payments as they are")
	}
	document, err := os.ReadFile(x.mapping)
	if err != nil {
		return form, err
	}
	form.Mapping, err = payroll.ReadMapping(x.mapping, document)
	return form, err
}

// counting tells how many records were written.
func counting(out report.RecordWriter, p *progress) func(*report.Exported) error {
	n := 0
	return func(x *report.Exported) error {
		if n++; n%progressEvery == 0 {
			p.say("%d records", n)
		}
		return out.Write(x)
	}
}

// export writes the records and gives the next cursor.
func (x *exporter) export(ctx context.Context, r report.Reader, kept keptCursor, write func(*report.Exported) error) (next nextCursor, err error) {
	var credits []report.Credit
	err = r.Export(ctx, x.query, report.Exporting{
		Next: func(cursor string) error {
			next.text = cursor
			return nil
		},
		Each: func(record *report.Exported) error {
			if record.Credit != nil {
				credits = append(credits, *record.Credit)
				return nil
			}
			return write(record)
		},
	})
	if err != nil || x.query.What != report.ExportCredits {
		return next, err
	}
	for _, c := range report.CreditChanges(kept.credits, credits) {
		if err := write(&report.Exported{Credit: &c.Credit, Change: c.Change}); err != nil {
			return next, err
		}
	}
	next.credits = append([]report.Credit{}, credits...)
	return next, nil
}

// leave leaves the next cursor in the file, or says it.
func (x *exporter) leave(cmd *cobra.Command, next nextCursor) error {
	if x.file == "" {
		if x.since == "" || x.query.What == report.ExportCredits { // whose cursor is as long as what was written
			return nil
		}
		_, err := fmt.Fprintf(cmd.ErrOrStderr(), "next cursor: %s\n", next.text)
		return err
	}
	if f, ok := cmd.OutOrStdout().(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			if err := f.Sync(); err != nil {
				return fmt.Errorf("what was written: %w", err)
			}
		}
	}
	text, err := next.encode()
	if err != nil {
		return err
	}
	if err := replaceFile(x.file, text); err != nil {
		return fmt.Errorf("the cursor: %w", err)
	}
	return nil
}
