package report

import (
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/tenant"
)

// What can be exported with a cursor.
const (
	ExportJournal = "journal"
	ExportPayroll = "payroll"
	ExportCredits = "credits"
	ExportSLA     = "sla"
)

// Exports are what can be exported with a cursor.
func Exports() []string { return []string{ExportJournal, ExportPayroll, ExportCredits, ExportSLA} }

// ExportQuery asks for an export. Since is the cursor to go on from; empty: the
// whole. The credits are given whole all the same, as they are corrected in
// place: of them a cursor is only checked.
type ExportQuery struct {
	What string
	Filter
	Since string
}

// Exported is one record of an export: one of its fields is there.
type Exported struct {
	Entry   *Posted  `json:"entry,omitempty"`   // of the journal
	Payment *Payment `json:"payment,omitempty"` // of payroll
	Credit  *Credit  `json:"credit,omitempty"`
	// Change is how a credit came into an export that goes on; see CreditChange.
	Change string `json:"change,omitempty"`
	// Row is a record as whoever writes it wants its cells; it goes nowhere else.
	Row     []string        `json:"-"`
	Episode *EpisodeHistory `json:"episode,omitempty"` // of the SLA history
}

// PayeeID is whom the record is about.
func (x *Exported) PayeeID() string {
	switch {
	case x.Entry != nil:
		return x.Entry.PayeeID
	case x.Payment != nil:
		return x.Payment.PayeeID
	case x.Credit != nil:
		return x.Credit.PayeeID
	case x.Episode != nil:
		return x.Episode.PayeeID
	}
	return ""
}

// Exporting takes an export: first where the next one goes on, once, then every
// record.
type Exporting struct {
	Next func(cursor string) error
	Each func(*Exported) error
}

// EpisodeHistory is one run of a clock with every instant of it. The instants
// are those that hold: what was taken back is in Turns only.
type EpisodeHistory struct {
	Episode
	DueAt       string `json:"due_at"` // the deadline
	WarnedAt    string `json:"warned_at,omitempty"`
	MetAt       string `json:"met_at,omitempty"`
	ClosedAt    string `json:"closed_at,omitempty"` // it ended of itself: the score recovered, or the account left
	BreachedAt  string `json:"breached_at,omitempty"`
	ResolvedAt  string `json:"resolved_at,omitempty"`  // after the deadline
	RetractedAt string `json:"retracted_at,omitempty"` // when it was last taken back
	// LateBySeconds is how long after the deadline it was resolved.
	LateBySeconds int64         `json:"late_by_seconds,omitempty"`
	Turns         []EpisodeTurn `json:"turns"` // in the order published
}

// EpisodeTurn is one thing that was published of an episode.
type EpisodeTurn struct {
	Turn string `json:"turn"` // opened warned met closed breached resolved retracted
	At   string `json:"at"`
}

// EpisodeHistoryOf is an episode with its instants.
func EpisodeHistoryOf(e tenant.Episode) EpisodeHistory {
	out := EpisodeHistory{Episode: EpisodeOf(e), Turns: []EpisodeTurn{}}
	out.DueAt = out.Deadline
	for _, t := range e.Published {
		at := instant(t.At)
		out.Turns = append(out.Turns, EpisodeTurn{string(t.Turn), at})
		switch t.Turn {
		case account.Opened:
		case account.Warned:
			out.WarnedAt = at
		case account.Met:
			out.MetAt = at
		case account.Closed:
			out.ClosedAt = at
		case account.Breached:
			out.BreachedAt = at
		case account.Resolved:
			out.ResolvedAt, out.LateBySeconds = at, int64(t.At.Sub(e.Deadline)/time.Second)
		case tenant.Retracted:
			out.WarnedAt, out.MetAt, out.ClosedAt, out.BreachedAt, out.ResolvedAt, out.LateBySeconds = "", "", "", "", "", 0
			out.RetractedAt = at
		}
	}
	return out
}

// Credits are the credits of a payee and of the quarter they were booked in, or
// all, by payee and opportunity.
func Credits(set Setting, src Source, f Filter) ([]Credit, error) {
	b, err := newBuilder(set, src)
	if err != nil {
		return nil, err
	}
	ids, err := src.Payees()
	if err != nil {
		return nil, err
	}
	var out []Credit
	for _, id := range ids {
		if f.Payee != "" && id != f.Payee {
			continue
		}
		credits, err := src.Credits(id)
		if err != nil {
			return nil, err
		}
		out = append(out, b.credits(credits, f)...)
	}
	return out, nil
}
