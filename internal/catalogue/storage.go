package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// StoragePage is the page about the ledger file: its text, the bucket tree as
// store/layout.go has it, and the program that reads it.
func StoragePage(root string) ([]byte, error) {
	layout, err := os.ReadFile(filepath.Join(root, "store", "layout.go"))
	if err != nil {
		return nil, err
	}
	var tree strings.Builder
	for line := range strings.Lines(string(layout)) {
		if row, is := strings.CutPrefix(line, "//\t"); is {
			tree.WriteString(row)
		}
	}
	if tree.Len() == 0 {
		return nil, errors.New("store/layout.go has no bucket tree")
	}
	program, err := os.ReadFile(filepath.Join(root, "docs", "readledger", "main.go"))
	if err != nil {
		return nil, err
	}
	return []byte(strings.NewReplacer("{{tree}}\n", tree.String(), "{{program}}\n", string(program)).Replace(storageText)), nil
}

const storageText = `# The ledger file

<!-- Written by internal/catalogue: run make generate. -->

A tenant's ledger is one file, ` + "`data/TENANT.db`" + `, of [bbolt](https://github.com/etcd-io/bbolt): a tree of buckets with transactions, read by any program that links
the library. This page says what is in it, what will still hold years from now, and how to read it without trueup.

## What is promised

* **Entries are never changed.** An entry that was posted keeps every byte of what it says, its id and its hash, in every later release. What turns out otherwise is another entry.
* **Locked statements are never changed.** A quarter that is reopened and locked again has a new revision beside the old one.
* **Facts are kept**, as they came: the canonical bytes of each event, its arrival, in the order of arrival. Nothing is trimmed: ledgers grow, and can be derived again from the first fact
  (` + "`trueup replay`" + `).
* **Every layout is read, by every later release.** A file of an earlier layout is brought up to the newest when a worker opens it, in one transaction; one from before the seals is held against itself in it;
  ` + "`store/testdata`" + ` has a file of each, which the tests open. A release does not read a file of a later one: it says so and leaves it alone. Commands that only read leave the file as it is.
* **An entry's id is for ever.** It is half of the SHA-256 over the tenant, the step (payee, component, account, opportunity, kind, reason, from, to, day, reference), the event that caused it and
  how many entries the step had before: a replay gives the same. It is also the id of the event that published it, so payroll can tell what it has seen.
* **A payee's entries are a chain.** Each has a number and the SHA-256 over everything it says and the hash before. Whoever keeps a hash, of a statement that was locked, of ` + "`ledger.period.locked.v1`" + `, or printed on
  paper, can tell later that nothing before it was changed.
* **Every record has a seal**, the CRC32C of its bucket's name, key and value, and every bucket the sum of them ([design.md](design.md), "The file protects itself").

What is not promised: the rest of the tree. It is derived from the facts and may be laid out anew by a release; the table below is of this one.

## Layouts

| layout | was brought by | an upgrade |
| --- | --- | --- |
| 1 | the first release | – |
| 2 | flags, notices, sweeps; entries with the figures of their explanation | settles again by the rules that came; drops the shares of quarters, which are asked of the accounts since |
| 3 | seals and sums; ticks of the clock, so that a ledger can be replayed | seals every record, and holds the ledger against itself |
| 4 | the index of facts in runs | writes that index anew |

The chain and the ids are the same in all four. An entry of layout 1 has no figures, and its hash has none in it. The bucket ` + "`meta`" + ` remembers under ` + "`upgraded`" + ` the layout that a file came from: of such a ledger ` + "`trueup replay`" + `
compares each payee's balances, not every entry, since the history of its first years was not kept in order.

## The tree

` + "```\n{{tree}}\n```" + `

A scope is ` + "`'a' <account> 0`, `'p' <payee> 0` or `'t' 0`" + `. Integers in keys are big-endian; instants are nanoseconds since 1970 with the sign bit flipped, days likewise, so that they sort. A quarter is 4 × year + quarter − 1. Values start with the
byte of their form's version (1), but for those marked plain. An entry is that byte and JSON; a fact the byte, the arrival (8 bytes), half of the SHA-256 of the content (16 bytes), the event in canonical structured mode.

## Reading it with bbolt alone

Stop the worker, or read a backup. This program (` + "`docs/readledger`" + `, run by a test) checks the seals and the chains of all entries and prints what each payee has:

` + "```go\n{{program}}\n```" + `

## Copies

A backup is a file like this one, of one moment, verified before it got its name: [backup.md](backup.md). What a worker knows of the broker (how far it has read, what the broker has confirmed) is in the same file and the same
transactions, so a copy goes on where it was made. Do not copy the file of a running worker by other means.
`
