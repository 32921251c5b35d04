package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// ledger is a copy of one that the current layout wrote, and what is in it.
func ledger(t *testing.T) (file string, want []string) {
	t.Helper()
	const of = "../../store/testdata/v4"
	text, err := os.ReadFile(of + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, " entries, head ") && !strings.Contains(line, "after 0 entries") {
			want = append(want, line)
		}
	}
	db, err := os.ReadFile(of + ".db")
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "l.db")
	if err := os.WriteFile(file, db, 0o600); err != nil {
		t.Fatal(err)
	}
	return file, want
}

func TestRead(t *testing.T) {
	file, want := ledger(t)
	var got bytes.Buffer
	if err := read(file, &got); err != nil || got.String() != strings.Join(want, "") || len(want) == 0 {
		t.Errorf("read prints\n%s%v, want\n%s", &got, err, strings.Join(want, ""))
	}
}

// A changed entry is found by its seal, and with a new seal by the chain.
func TestReadFindsWhatWasChanged(t *testing.T) {
	for _, tt := range []struct {
		resealed bool
		says     string
	}{{false, "is not what was written"}, {true, "breaks the chain"}} {
		file, _ := ledger(t)
		db, err := bbolt.Open(file, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("ledger"))
			k, v := b.Cursor().First()
			changed := bytes.Replace(v, []byte(`"minor":`), []byte(`"minor":9`), 1)
			if value := changed[:len(changed)-4]; tt.resealed {
				changed = binary.BigEndian.AppendUint32(bytes.Clone(value), seal("ledger", k, value))
			}
			return b.Put(bytes.Clone(k), changed)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := read(file, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("read of a changed ledger = %v, want that it %s", err, tt.says)
		}
	}
}
