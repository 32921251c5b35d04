package report

import (
	"fmt"
	"strings"
	"time"
)

// Copied is a ledger file that was backed up or restored, verified.
type Copied struct {
	File     string    `json:"file"`
	Tenant   string    `json:"tenant"`
	Facts    uint64    `json:"facts"`
	Entries  int64     `json:"entries"`
	Payees   int       `json:"payees"`
	Position Position  `json:"position"`
	AsOf     time.Time `json:"as_of"` // latest arrival
	Bytes    int64     `json:"bytes"`
	// Of a restored one: the backup, and where the ledger is that it replaced.
	Backup   string `json:"backup,omitempty"`
	Replaced string `json:"replaced,omitempty"`
}

// Replay is what deriving a ledger again from what came to it gave.
type Replay struct {
	OK       bool   `json:"ok"`
	Compared string `json:"compared"` // records or sums
	Facts    uint64 `json:"facts"`
	Ticks    int    `json:"ticks"`
	Parked   int    `json:"parked"`
	Payees   int    `json:"payees"`
	Entries  int64  `json:"entries"`
	Outputs  uint64 `json:"outputs"`
	File     string `json:"file,omitempty"` // where the replay is kept
	// Differing counts all records that differ; the first of each payee's ledger
	// and of each other kind are told.
	Differing   int                `json:"differing"`
	Differences []ReplayDifference `json:"differences"`
}

// ReplayDifference is a record that is not as it is derived again.
type ReplayDifference struct {
	PayeeID string `json:"payee_id,omitempty"`
	What    string `json:"what"`
	Text    string `json:"text"`
}

// What a replay compared.
const (
	ComparedRecords = "records"
	ComparedSums    = "sums" // of an upgraded ledger
)

// CopyFormats are the formats of what is said of copies and replays, the
// default first.
func CopyFormats() []string { return []string{Table, JSON} }

func (p *printer) copied(c *Copied) {
	what := "is a backup of"
	if c.Backup != "" {
		what = "is again"
	}
	p.linef("%s %s tenant %s: %s, %s, %s, up to %s; verified.", plainText(c.File), what, plainText(c.Tenant),
		some(c.Facts, "fact"), some(c.Entries, "entry"), some(c.Payees, "payee"), upTo(c.Position))
	if c.Backup == "" {
		return
	}
	if c.Replaced != "" {
		p.linef("The ledger that was there is kept as %s.", plainText(c.Replaced))
	}
	p.line("Start the worker: it reads again what came after that, and publishes nothing twice.")
}

// upTo is a position in words.
func upTo(at Position) string {
	if at.Sequence == 0 {
		return "the beginning"
	}
	return fmt.Sprintf("message %s of %s", count(at.Sequence), at.Time.UTC().Format(time.RFC3339))
}

func (p *printer) replay(r *Replay) {
	walked := strings.Join([]string{
		some(r.Facts, "fact"), some(r.Ticks, "tick"), some(r.Parked, "parked input"), some(r.Payees, "payee"), some(r.Entries, "entry"), some(r.Outputs, "output"),
	}, ", ")
	kept := ""
	if r.File != "" {
		kept = " The replay is kept as " + plainText(r.File) + "."
	}
	switch {
	case r.OK && r.Compared == ComparedSums:
		p.linef("The replay comes to the same: %s. An earlier release began this ledger, so what each payee's entries come to was compared, not the entries.%s", walked, kept)
	case r.OK:
		p.linef("The replay is the ledger: %s, every record equal.%s", walked, kept)
	default:
		p.linef("The replay is NOT the ledger: %s in %s.%s", some(r.Differing, "difference"), walked, kept)
	}
	for _, d := range r.Differences {
		p.line("  " + plainText(strings.TrimSpace(strings.Join([]string{d.PayeeID, d.What}, " "))+": "+d.Text))
	}
}
