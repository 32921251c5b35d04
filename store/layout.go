// Package store keeps a tenant's ledger in one bbolt file: it applies batches
// of inputs through the rules in one transaction each, and reads them back.
package store

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// The bucket tree, version 4. Keys are flat; integers in keys are big-endian
// and 0x00 ends a name (names hold no control characters). Every value but the
// plain ones marked so starts with the version byte of its form (forms.go), and
// every record, also of nothing, ends with its seal (bucket.go). A bucket's
// sequence is the sum of its records' seals.
//
//	meta/        version → uint32, plain · tenant → name, plain
//	             state → the tenant's own state · position → where the input stands
//	             totals → sums over all entries, by bucket · confirmed → uint64, plain: outputs the broker has
//	             upgraded → uint32, plain: the layout that an earlier release kept it in, where one did
//	plans/       <name> 0 <version u32> → the plan's canonical text and hash
//	checkpoints/ <input seq u64> → earlier positions, the newest 32
//	facts/       <n u64> → arrival, fingerprint, canonical event; in order of arrival
//	facts_of/    <scope> <n u64> → a run of facts from n on: how much larger each next number is, uvarints, plain (runs.go)
//	ledger/      <payee> 0 <seq u64> → entry
//	entries_of/  <scope> <payee> 0 <seq u64> → nothing
//	entry_ids/   <id 16> → <payee> 0 <seq u64>, plain
//	payees/      <payee> → where the payee's ledger stands; there for every payee known
//	refs/        <payee> 0 <account> → nothing
//	foreign/     <currency> 0 <account> → nothing
//	credits/     <payee> 0 <opportunity> [0 <part>] → credit
//	episodes/    <account> 0 <opened u64> [<dispute>] → run of a clock as published
//	ahead/       <account> → nothing; while the rules change, who was settled before the sweep came
//	notices/     <account> 0 <due u32> <opportunity> 0 <term end u32> → nothing
//	flags/       'a' <account> 0 or 'p' <payee> 0, <name> 0 <quarter u32> → flag as raised
//	timers/      <due u64> <kind u8> <name> → nothing
//	ticks/       <at u64> <facts so far u64> <source> 0 <id> → nothing; ticks of the clock that settled what waited for one
//	locks/       <quarter u32> → lock
//	statements/  <quarter u32> <payee> [0 <revision u32>] → frozen statement
//	out/         <n u64> → hash of the log so far, subject, id, body; never trimmed
//	parked/      <id> → what could not be applied, its bytes and its reason
//
// Version 1 had shares/ <payee> 0 <role> 0 <quarter u32> and none of foreign/,
// ahead/, notices/ and flags/; version 2 had none of ticks/, no seals, and the
// number of facts as the sequence of their bucket; version 3 had a record for
// each fact in facts_of/ (migrate.go).
//
// A scope is 'a' <account> 0, 'p' <payee> 0 or 't' 0. Instants are nanoseconds
// since 1970 with the sign bit flipped, so that they sort.
var (
	bMeta        = []byte("meta")
	bPlans       = []byte("plans")
	bCheckpoints = []byte("checkpoints")
	bFacts       = []byte("facts")
	bFactsOf     = []byte("facts_of")
	bLedger      = []byte("ledger")
	bEntriesOf   = []byte("entries_of")
	bEntryIDs    = []byte("entry_ids")
	bPayees      = []byte("payees")
	bRefs        = []byte("refs")
	bForeign     = []byte("foreign")
	bAhead       = []byte("ahead")
	bNotices     = []byte("notices")
	bFlags       = []byte("flags")
	bCredits     = []byte("credits")
	bEpisodes    = []byte("episodes")
	bTimers      = []byte("timers")
	bTicks       = []byte("ticks")
	bLocks       = []byte("locks")
	bStatements  = []byte("statements")
	bOut         = []byte("out")
	bParked      = []byte("parked")

	buckets = [][]byte{
		bMeta, bPlans, bCheckpoints, bFacts, bFactsOf, bLedger, bEntriesOf, bEntryIDs, bPayees, bRefs, bForeign, bAhead, bCredits,
		bEpisodes, bNotices, bFlags, bTimers, bTicks, bLocks, bStatements, bOut, bParked,
	}

	kVersion   = []byte("version")
	kTenant    = []byte("tenant")
	kState     = []byte("state")
	kPosition  = []byte("position")
	kTotals    = []byte("totals")
	kConfirmed = []byte("confirmed")
	kUpgraded  = []byte("upgraded")
)

// layoutVersion is the version of the tree above.
const layoutVersion = 4

// key joins parts: strings end with 0x00, integers are big-endian, bytes are as
// they are.
func key(parts ...any) []byte { return appendKey(make([]byte, 0, 64), parts...) }

func appendKey(k []byte, parts ...any) []byte {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			k = append(append(k, p...), 0)
		case event.PayeeID:
			k = append(append(k, p...), 0)
		case event.AccountID:
			k = append(append(k, p...), 0)
		case event.Role:
			k = append(append(k, p...), 0)
		case money.Currency:
			k = append(append(k, p...), 0)
		case event.PlanID:
			k = append(append(k, p...), 0)
		case civil.Date:
			k = binary.BigEndian.AppendUint32(k, uint32(p)^1<<31) //nolint:gosec // the bits are what is wanted
		case uint64:
			k = binary.BigEndian.AppendUint64(k, p)
		case uint32:
			k = binary.BigEndian.AppendUint32(k, p)
		case byte:
			k = append(k, p)
		case civil.Quarter:
			k = binary.BigEndian.AppendUint32(k, uint32(p)) //nolint:gosec // quarters of years after 0 are above zero
		case time.Time:
			k = binary.BigEndian.AppendUint64(k, sortable(p))
		case event.Scope:
			k = appendScope(k, p)
		case []byte:
			k = append(k, p...)
		default:
			panic("store: a key of a type that keys are not made of")
		}
	}
	return k
}

func appendScope(k []byte, s event.Scope) []byte {
	switch {
	case s.Account != "":
		k = append(append(k, 'a'), s.Account...)
	case s.Payee != "":
		k = append(append(k, 'p'), s.Payee...)
	default:
		k = append(k, 't')
	}
	return append(k, 0)
}

func sortable(t time.Time) uint64 { return uint64(t.UnixNano()) ^ 1<<63 } //nolint:gosec // the bits are what is wanted

func unsortable(n uint64) time.Time { return time.Unix(0, int64(n^1<<63)).UTC() } //nolint:gosec // as above

// dateOf is a date that a key begins with.
func dateOf(k []byte) civil.Date { return civil.Date(binary.BigEndian.Uint32(k) ^ 1<<31) } //nolint:gosec // as above

// cut splits a stored key before its last n bytes. Keys are read from disk, so
// they can be of any length.
func cut(k []byte, n int) (head, tail []byte, err error) {
	if len(k) < n {
		return nil, nil, domain.Errorf(domain.Corrupt, "stored key %q is too short", k)
	}
	n = len(k) - n
	return k[:n:n], k[n:], nil
}

// lastUint64 is the integer a key ends with.
func lastUint64(k []byte) uint64 { return binary.BigEndian.Uint64(k[len(k)-8:]) }

func sortedQuarters[V any](m map[civil.Quarter]V) []civil.Quarter {
	return slices.Sorted(maps.Keys(m))
}
