package store

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// decodes holds what every decoder of stored bytes promises: no panic, errors
// of kind Corrupt, and what decodes is written in one way.
func decodes[V any](t *testing.T, b []byte, read func([]byte) (V, error), write func(V) ([]byte, error)) {
	t.Helper()
	v, err := read(b)
	if err != nil {
		if domain.KindOf(err) != domain.Corrupt {
			t.Fatalf("%q: %v, which is %v, want corrupt", b, err, domain.KindOf(err))
		}
		return
	}
	once, err := write(v)
	if err != nil {
		t.Fatal(err)
	}
	v, err = read(once)
	if err != nil {
		t.Fatalf("%q is written as %q, and that: %v", b, once, err)
	}
	if twice, _ := write(v); !bytes.Equal(once, twice) {
		t.Fatalf("%q is written as %q, and that as %q", b, once, twice)
	}
}

func seeds(f *testing.F, form string, add func(golden []byte)) {
	f.Helper()
	golden, err := os.ReadFile(filepath.Join("testdata", "forms", form))
	if err != nil {
		f.Fatal(err)
	}
	for n := range len(golden) + 1 {
		if n == len(golden) || n%17 == 0 {
			add(golden[:n])
		}
	}
}

// keyed adds a seed with a good key, one too short, and none.
func keyed(f *testing.F, form, k string) {
	f.Helper()
	seeds(f, form, func(b []byte) {
		f.Add([]byte(k), b)
		f.Add([]byte(k)[len(k)-8:], b)
		f.Add([]byte{}, b)
	})
}

func FuzzEntry(f *testing.F) {
	keyed(f, "entry-2.v1", "csm-1\x00\x00\x00\x00\x00\x00\x00\x00\x01")
	keyed(f, "entry.v1", "csm-1\x00\x00\x00\x00\x00\x00\x00\x00\x01")
	f.Fuzz(func(t *testing.T, k, b []byte) {
		decodes(t, b, func(b []byte) (*ledger.Entry, error) { return decodeEntry(k, b) }, encodeEntry)
	})
}

func FuzzLedger(f *testing.F) {
	seeds(f, "ledger-2.v1", func(b []byte) { f.Add(b) })
	seeds(f, "ledger.v1", func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		decodes(t, b, func(b []byte) (ledger.Account, error) { return decodeLedger("csm-1", b) }, encodeLedger)
	})
}

func FuzzFlag(f *testing.F) {
	keyed(f, "flag.v1", "pcsm-1\x00silent_signals\x00\x00\x00\x1f\xad")
	keyed(f, "flag.v1", "aacct-1\x00x\x00\x00\x00\x00\x00")
	f.Fuzz(func(t *testing.T, k, b []byte) {
		decodes(t, b, func(b []byte) (tenant.Flag, error) { return decodeFlag(k, b) }, encodeFlag)
		if flag, err := decodeFlag(k, b); err == nil && !bytes.Equal(flagKey(flag.FlagKey), k) {
			t.Fatalf("decodeFlag(%q) = %+v, whose key is %q", k, flag, flagKey(flag.FlagKey))
		}
	})
}

func FuzzNotice(f *testing.F) {
	f.Add([]byte("acct-1\x00\x80\x00\x51\x9copp-1\x00\x7f\xff\xff\xff"))
	f.Add([]byte("acct-1\x00\x80\x00\x00\x01\x00\x80\x00\x00\x02"))
	f.Add([]byte("\x00\x80\x00\x00\x01\x80\x00\x00\x02"))
	f.Fuzz(func(t *testing.T, k []byte) {
		n, err := decodeNotice(k)
		if err == nil && !bytes.Equal(noticeKey(n), k) {
			t.Fatalf("decodeNotice(%q) = %+v, whose key is %q", k, n, noticeKey(n))
		}
		if err != nil && domain.KindOf(err) != domain.Corrupt {
			t.Fatalf("decodeNotice(%q) = %v, which is %v, want corrupt", k, err, domain.KindOf(err))
		}
	})
}

func FuzzEpisode(f *testing.F) {
	keyed(f, "episode-2.v1", "acct-1\x00\x00\x00\x00\x00\x00\x00\x00\x01d-1")
	keyed(f, "episode.v1", "acct-1\x00\x00\x00\x00\x00\x00\x00\x00\x01")
	f.Fuzz(func(t *testing.T, k, b []byte) {
		decodes(t, b, func(b []byte) (tenant.Episode, error) { return decodeEpisode(k, b) }, encodeEpisode)
	})
}

func FuzzState(f *testing.F) {
	seeds(f, "state-2.v1", func(b []byte) { f.Add(b) })
	seeds(f, "state.v1", func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) { decodes(t, b, decodeState, encodeState) })
}

func FuzzPosition(f *testing.F) {
	seeds(f, "position.v1", func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		decodes(t, b, readPosition, func(p tenant.Position) ([]byte, error) { return encode(positionOf(p)) })
	})
}

func FuzzFact(f *testing.F) {
	seeds(f, "fact.v1", func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		at, sum, canonical, err := decodeFact(b)
		if err != nil {
			return
		}
		if again := encodeFact(tenant.Input{Arrived: at, Sum: sum, Canonical: canonical}); !bytes.Equal(again, b) {
			t.Fatalf("%q is written as %q", b, again)
		}
	})
}

func FuzzOut(f *testing.F) {
	keyed(f, "output.v1", "\x00\x00\x00\x00\x00\x00\x00\x01")
	f.Fuzz(func(t *testing.T, k, b []byte) {
		o, err := decodeOut(k, b)
		if err == nil && (o.N != binary.BigEndian.Uint64(k) || len(o.Subject)+len(o.ID)+len(o.Body) > len(b)) {
			t.Fatalf("decodeOut(%q, %q) = %+v", k, b, o)
		}
	})
}

func FuzzParked(f *testing.F) {
	seeds(f, "parked.v1", func(b []byte) { f.Add(b) })
	f.Fuzz(func(t *testing.T, b []byte) {
		decodes(t, b, func(b []byte) (Parked, error) { return decodeParked([]byte("p-1"), b) }, func(p Parked) ([]byte, error) {
			return encode(parkedFormOf(p))
		})
	})
}

// FuzzForms is for the forms that are read where they are used.
func FuzzForms(f *testing.F) {
	for _, form := range []string{"credit.v1", "lock.v1", "lock-2.v1", "flag.v1", "statement.v1", "plan.v1", "totals.v1"} {
		seeds(f, form, func(b []byte) { f.Add(b) })
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		decodes(t, b, readForm[creditForm], writeForm)
		decodes(t, b, readForm[lockForm], writeForm)
		decodes(t, b, readForm[statementForm], writeForm)
		decodes(t, b, readForm[planForm], writeForm)
		decodes(t, b, readForm[totals], writeForm)
	})
}

func writeForm[F any](form F) ([]byte, error) { return encode(form) }
