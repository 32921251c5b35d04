package report

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Cursor is how far somebody has read an export: up to an output of the ledger's
// out log, which grows in the transaction that posts and is never changed, and
// whose running hash tells one history from another.
type Cursor struct {
	What     string // one of Exports
	Output   uint64 // 0: before the first
	Hash     [cursorHash]byte
	Narrowed string // what else was asked for, as narrowing gives it; empty: everything
}

const cursorHash = 16 // of the log's hash, in bytes

const cursorHead = "trueup1"

// CursorAt is a cursor of an export up to an output.
func CursorAt(what string, f Filter, output uint64, hash [32]byte) Cursor {
	return Cursor{what, output, [cursorHash]byte(hash[:cursorHash]), narrowing(f)}
}

// String is the cursor as text without spaces: trueup1.journal.7291.HASH, and
// one more part where the export was narrowed.
func (c Cursor) String() string {
	parts := []string{cursorHead, c.What, strconv.FormatUint(c.Output, 10), hex.EncodeToString(c.Hash[:])}
	if c.Narrowed != "" {
		parts = append(parts, c.Narrowed)
	}
	return strings.Join(parts, ".")
}

// narrowing names a payee and a period in few characters.
func narrowing(f Filter) string {
	if f.Payee == "" && f.Period == nil {
		return ""
	}
	period := ""
	if f.Period != nil {
		period = f.Period.String()
	}
	sum := sha256.Sum256([]byte(period + "\x00" + string(f.Payee)))
	return hex.EncodeToString(sum[:4])
}

// ParseCursor reads a cursor that is to go on with an export. Anything else is a
// Mistake.
func ParseCursor(text, what string, f Filter) (Cursor, error) {
	parts := strings.Split(text, ".")
	if len(parts) < 4 || len(parts) > 5 || parts[0] != cursorHead || !slices.Contains(Exports(), parts[1]) {
		return Cursor{}, mistakef("cursor %q is not one that an export gave", shown(text))
	}
	c := Cursor{What: parts[1]}
	n, err := strconv.ParseUint(parts[2], 10, 64)
	hash, bad := hex.DecodeString(parts[3])
	if err != nil || bad != nil || len(hash) != cursorHash {
		return Cursor{}, mistakef("cursor %q is not one that an export gave", shown(text))
	}
	c.Output, c.Hash = n, [cursorHash]byte(hash)
	if len(parts) == 5 {
		c.Narrowed = parts[4]
	}
	switch {
	case c.What != what:
		return c, mistakef("cursor %q is of the export of %s, not of %s", text, c.What, what)
	case c.Narrowed != narrowing(f):
		return c, mistakef("cursor %q is of an export narrowed to another payee or period", text)
	}
	return c, nil
}

// Follows reports whether the history that has a hash at the cursor's output is
// the cursor's; there is false where it does not reach that far. It is a
// Mistake where it is not.
func (c Cursor) Follows(hash [32]byte, there bool, last uint64) error {
	switch {
	case !there:
		return mistakef("cursor %s is at output %d and this ledger has %d: it is of another ledger, or this one was restored to an earlier moment", c, c.Output, last)
	case c.Hash != [cursorHash]byte(hash[:cursorHash]):
		return mistakef("cursor %s is of another ledger's history", c)
	}
	return nil
}

// shown is text that may be anything, in an error.
func shown(text string) string {
	const most = 80
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
