// Command readledger reads the entries of a trueup ledger with bbolt alone, as
// docs/storage.md says: it checks every seal and every payee's chain, and
// prints what each payee has.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"go.etcd.io/bbolt"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: readledger FILE")
		os.Exit(2)
	}
	if err := read(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "readledger:", err)
		os.Exit(1)
	}
}

// entry is a record of the bucket ledger: a byte 1, then this as JSON.
type entry struct {
	ID          []byte `json:"id"` // base64, as all []byte
	Component   string `json:"component"`
	Account     string `json:"account"`
	Opportunity string `json:"opportunity"`
	Kind        uint8  `json:"kind"`
	Reason      string `json:"reason"`
	From        uint8  `json:"from"` // 0 expense, 1 held, 2 payable, 3 paid
	To          uint8  `json:"to"`
	Effective   int32  `json:"effective"` // days since 1970-01-01
	Reference   string `json:"reference"`
	Ordinal     int64  `json:"ordinal"`
	OfAccount   string `json:"of_account"`
	OfPayee     string `json:"of_payee"`
	Minor       int64  `json:"minor"` // signed, in minor units
	Currency    string `json:"currency"`
	Period      int32  `json:"period"`     // 4 × year + quarter − 1
	AppliesTo   int32  `json:"applies_to"` // as period
	At          int64  `json:"at"`         // nanoseconds since 1970
	Plan        string `json:"plan"`
	PlanVersion int64  `json:"plan_version"`
	PlanHash    []byte `json:"plan_hash"`
	Recoverable bool   `json:"recoverable"`
	CausedBy    []struct {
		Source string `json:"s"`
		ID     string `json:"i"`
	} `json:"caused_by"`
	Explanation string `json:"explanation"`
	Rule        string `json:"rule"`
	Rounding    uint8  `json:"rounding"`
	Figures     []struct {
		Op    uint8  `json:"o"`
		Name  string `json:"n"`
		Value string `json:"v"`
		Unit  string `json:"u"`
		Field string `json:"f"`
	} `json:"figures"`
	Held    int64  `json:"held"` // the payee's balances after it
	Payable int64  `json:"payable"`
	Paid    int64  `json:"paid"`
	Hash    []byte `json:"hash"`
}

func read(file string, out io.Writer) error {
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bbolt.Tx) error {
		payee, head, n := "", make([]byte, 32), uint64(0)
		var last entry
		done := func() {
			if n > 0 {
				fmt.Fprintf(out, "%s: held %d, payable %d, paid %d after %d entries, head %x\n", payee, last.Held, last.Payable, last.Paid, n, head[:8])
			}
		}
		err := tx.Bucket([]byte("ledger")).ForEach(func(k, stored []byte) error {
			who, seq := string(k[:len(k)-9]), binary.BigEndian.Uint64(k[len(k)-8:])
			if who != payee {
				done()
				payee, head, n = who, make([]byte, 32), 0
			}
			value, err := unsealed("ledger", k, stored)
			if err != nil {
				return err
			}
			var e entry
			if err := json.Unmarshal(value[1:], &e); err != nil {
				return err
			}
			if n++; seq != n || !bytes.Equal(e.Hash, chained(head, who, seq, &e)) {
				return fmt.Errorf("entry %d of %s breaks the chain", seq, who)
			}
			head, last = e.Hash, e
			return nil
		})
		done()
		return err
	})
}

// unsealed is a record without its seal, the four bytes at its end, big-endian.
func unsealed(bucket string, k, stored []byte) ([]byte, error) {
	value, end := stored[:len(stored)-4], stored[len(stored)-4:]
	if binary.BigEndian.Uint32(end) != seal(bucket, k, value) {
		return nil, fmt.Errorf("record %q of %s is not what was written", k, bucket)
	}
	return value, nil
}

// seal is the CRC32C of the bucket's name, the key and the value, begun with the
// key's length.
func seal(bucket string, k, value []byte) uint32 {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(uint32(len(k)), castagnoli, []byte(bucket)) //nolint:gosec // keys are short
	return crc32.Update(crc32.Update(sum, castagnoli, k), castagnoli, value)
}

// chained is the hash of an entry: SHA-256 over the hash before it, 32 zeros
// before the first, and the fields in this order. A string is its length as an
// uvarint and its bytes, a number 8 bytes big-endian.
func chained(before []byte, payee string, seq uint64, e *entry) []byte {
	b := bytes.Clone(before)
	text := func(all ...string) {
		for _, s := range all {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	}
	number := func(all ...int64) {
		for _, n := range all {
			b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the bits are what is wanted
		}
	}
	text(payee, e.Component, e.Account, e.Opportunity)
	number(int64(e.Kind))
	text(e.Reason)
	number(int64(e.From), int64(e.To), int64(e.Effective))
	text(e.Reference)
	b = append(b, e.ID...)
	number(int64(seq), e.Ordinal) //nolint:gosec // there are not so many
	text(e.OfAccount, e.OfPayee)
	number(e.Minor)
	text(e.Currency)
	number(int64(e.Period), int64(e.AppliesTo), e.At)
	text(e.Plan)
	number(e.PlanVersion)
	b = append(b, append(e.PlanHash, make([]byte, 8-len(e.PlanHash))...)...)
	recoverable := int64(0)
	if e.Recoverable {
		recoverable = 1
	}
	number(recoverable, int64(len(e.CausedBy)))
	for _, c := range e.CausedBy {
		text(c.Source, c.ID)
	}
	text(e.Explanation)
	number(e.Held, e.Payable, e.Paid)
	if e.Rule != "" || len(e.Figures) > 0 { // entries of the first layout have neither
		text(e.Rule)
		number(int64(e.Rounding), int64(len(e.Figures)))
		for _, f := range e.Figures {
			number(int64(f.Op))
			text(f.Name, f.Value, f.Unit, f.Field)
		}
	}
	sum := sha256.Sum256(b)
	return sum[:]
}
