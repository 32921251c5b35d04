package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// Replayed is what a replay came to.
type Replayed struct {
	Facts, Outputs        uint64
	Ticks, Parked, Payees int
	Entries               int64
	// Sums: of an upgraded ledger, only what each payee's entries come to was
	// compared.
	Sums        bool
	Differing   int // records that differ
	Differences []Difference
}

// Difference is a record in which a ledger and its replay differ: the first of
// a payee's ledger, or the first of its kind.
type Difference struct {
	Payee event.PayeeID // empty: of no payee's ledger
	What  string
	Text  string
}

// differencesTold bounds how many differences are told of one kind.
const differencesTold = 100

// comparison holds a ledger against its replay.
type comparison struct {
	was, now View
	out      Replayed
}

// compare holds everything derived against what is kept.
func (p *replaying) compare() (Replayed, error) {
	c := comparison{was: p.View, out: Replayed{Sums: p.upgraded, Differing: len(p.refused), Differences: p.refused}}
	err := p.into.View(func(now *View) error {
		c.now = *now
		c.unread("status", c.count())
		if p.upgraded {
			return c.sums()
		}
		c.records()
		return nil
	})
	return c.out, err
}

func (c *comparison) count() error {
	st, err := c.was.Status()
	if err != nil {
		return err
	}
	parked, err := c.was.Parked("")
	c.out.Facts, c.out.Entries, c.out.Outputs, c.out.Payees, c.out.Parked = st.Facts, st.Entries, st.LastOut, st.Payees, len(parked)
	if err != nil {
		return err
	}
	return c.was.prefixed(bTicks, nil, func(_, _ []byte) error { c.out.Ticks++; return nil })
}

// sums compares what payees' entries come to.
func (c *comparison) sums() error {
	all := map[event.PayeeID]bool{}
	for _, v := range []View{c.was, c.now} {
		ids, err := v.Payees()
		if err != nil {
			return err
		}
		for _, id := range ids {
			all[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		was, err := c.was.Ledger(id)
		if err != nil {
			return err
		}
		now, err := c.now.Ledger(id)
		if err != nil {
			return err
		}
		if a, b := was.Balances, now.Balances; a != b {
			c.out.Differing++
			c.add(id, "balances", "held %d, payable %d, paid %d in minor units; derived again %d, %d, %d", a.Held, a.Payable, a.Paid, b.Held, b.Payable, b.Paid)
		}
	}
	return nil
}

// compared are the buckets that are derived, the most telling first.
var compared = [][]byte{
	bFacts, bLedger, bPayees, bCredits, bEpisodes, bFlags, bNotices, bLocks, bStatements, bTimers, bTicks, bParked, bOut,
	bAhead, bRefs, bForeign, bPlans, bFactsOf, bEntriesOf, bEntryIDs,
}

// records compares every record that is derived.
func (c *comparison) records() {
	for _, bucket := range compared {
		c.unread(string(bucket), c.bucket(bucket))
	}
	for _, k := range [][]byte{kTenant, kState, kTotals} {
		c.unread(string(k), c.meta(k))
	}
}

// meta compares one record of the ledger's own.
func (c *comparison) meta(k []byte) error {
	was, err := in(c.was.tx, bMeta).get(k)
	if err != nil {
		return err
	}
	now, err := in(c.now.tx, bMeta).get(k)
	if err == nil && !bytes.Equal(was, now) {
		c.out.Differing++
		c.add("", string(k), "%s", changed(bMeta, was, now))
	}
	return err
}

// unread tells of records that cannot be read: what they were is derived again
// all the same.
func (c *comparison) unread(what string, err error) {
	if err != nil {
		c.out.Differing++
		c.add("", what, "cannot be read: %v", err)
	}
}

func (c *comparison) add(payee event.PayeeID, what, format string, args ...any) {
	if len(c.out.Differences) < differencesTold {
		c.out.Differences = append(c.out.Differences, Difference{payee, what, fmt.Sprintf(format, args...)})
	}
}

// bucket walks a bucket in both, key by key, and tells of the first record that
// differs: of each payee in the bucket of their ledgers.
func (c *comparison) bucket(name []byte) error {
	var last []byte
	told := false
	return bothOf(c.was.records, c.now.records, name, func(k, was, now []byte) {
		if was != nil && now != nil && bytes.Equal(was, now) {
			return
		}
		c.out.Differing++
		payee := event.PayeeID("")
		if bytes.Equal(name, bLedger) && len(k) > 9 {
			id := k[:len(k)-9]
			told = told && bytes.Equal(id, last)
			last, payee = bytes.Clone(id), event.PayeeID(id)
		}
		if !told {
			c.add(payee, string(name), "%s %s", named(name, k), changed(name, was, now))
		}
		told = true
	})
}

// bothOf goes through the keys of a bucket in either of two files; a value is
// nil where the file has no such key.
func bothOf(a, b records, bucket []byte, yield func(k, inA, inB []byte)) error {
	x, y := in(a.tx, bucket).cursor(), in(b.tx, bucket).cursor()
	inX, inY := x.first(), y.first()
	for inX || inY {
		switch order := bytes.Compare(x.k, y.k); {
		case !inY, inX && order < 0:
			yield(x.k, x.v, nil)
			inX = x.next()
		case !inX, order > 0:
			yield(y.k, nil, y.v)
			inY = y.next()
		default:
			yield(x.k, x.v, y.v)
			inX, inY = x.next(), y.next()
		}
	}
	return errors.Join(x.err, y.err)
}

// changed says in what two values of a record differ.
func changed(bucket, was, now []byte) string {
	switch {
	case now == nil:
		return "is not derived again"
	case was == nil:
		return "is missing, and derived again"
	}
	var a, b map[string]json.RawMessage
	if x, y := said(bucket, was), said(bucket, now); !bytes.Equal(x, y) {
		was, now = x, y
	}
	if json.Unmarshal(was, &a) == nil && json.Unmarshal(now, &b) == nil {
		var text []string
		fields := maps.Clone(a)
		maps.Copy(fields, b)
		for _, f := range slices.Sorted(maps.Keys(fields)) {
			if !bytes.Equal(a[f], b[f]) {
				text = append(text, fmt.Sprintf("%s %s, derived again %s", f, orNothing(a[f]), orNothing(b[f])))
			}
		}
		if len(text) > 0 {
			return "differs: " + strings.Join(text, "; ")
		}
	}
	return fmt.Sprintf("differs: %s, derived again %s", shown(was), shown(now))
}

// said is what a record says, without its head: of a fact without its instant
// and fingerprint, of an output without the hash of the log.
func said(bucket, v []byte) []byte {
	head := 1
	switch {
	case bytes.Equal(bucket, bFacts):
		head = 25
	case bytes.Equal(bucket, bOut):
		head = outHead
	case bytes.Equal(bucket, bFactsOf):
		head = 0
	}
	return v[min(head, len(v)):]
}

func orNothing(b []byte) string {
	if len(b) == 0 {
		return "nothing"
	}
	return shown(b)
}

// shown is some of a value, for people.
func shown(b []byte) string {
	const most = 200
	if len(b) > most {
		return strconv.QuoteToGraphic(string(b[:most])) + fmt.Sprintf("… (%d bytes)", len(b))
	}
	if json.Valid(b) {
		return string(b)
	}
	return strconv.QuoteToGraphic(string(b))
}

// named names a record of a bucket, for people.
func named(bucket, k []byte) string {
	switch {
	case bytes.Equal(bucket, bLedger) && len(k) > 9:
		return fmt.Sprintf("entry %d", lastUint64(k))
	case bytes.Equal(bucket, bFacts) && len(k) == 8:
		return fmt.Sprintf("fact %d", lastUint64(k))
	case bytes.Equal(bucket, bOut) && len(k) == 8:
		return fmt.Sprintf("output %d", lastUint64(k))
	case bytes.Equal(bucket, bTimers) && len(k) >= 9:
		return fmt.Sprintf("the timer of kind %d %q due %s", k[8], k[9:], unsortable(binary.BigEndian.Uint64(k)).Format(time.RFC3339))
	case bytes.Equal(bucket, bTicks) && len(k) >= 16:
		return fmt.Sprintf("the tick at %s after %d facts", unsortable(binary.BigEndian.Uint64(k)).Format(time.RFC3339Nano), binary.BigEndian.Uint64(k[8:]))
	case (bytes.Equal(bucket, bLocks) || bytes.Equal(bucket, bStatements)) && len(k) >= 4:
		quarter := civil.Quarter(binary.BigEndian.Uint32(k)) //nolint:gosec // for people
		return strings.TrimSpace(fmt.Sprintf("%s %s", quarter, bytes.TrimRight(k[4:], "\x00")))
	}
	return strconv.QuoteToGraphic(strings.Join(strings.Split(strings.TrimSuffix(string(k), "\x00"), "\x00"), " "))
}
