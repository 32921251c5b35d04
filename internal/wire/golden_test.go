package wire

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/trueup/trueup/domain/event"
)

var update = flag.Bool("update", false, "rewrite testdata/v1")

// samples are the inputs of testdata/in of a type, one to a line.
func samples(t testing.TB, of event.Type) [][]byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "in", string(of)+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(b), []byte("\n"))
}

// TestGolden compares the canonical bytes of every type with those written
// down: the ledger keeps them for ever, so a difference is a new version.
func TestGolden(t *testing.T) {
	for _, name := range Types() {
		t.Run(string(name), func(t *testing.T) {
			var got bytes.Buffer
			for _, line := range samples(t, name) {
				in, err := DecodeLine(line, "")
				if err != nil {
					t.Fatalf("DecodeLine(%s): %v", line, err)
				}
				got.Write(append(in.Canonical, '\n'))
			}
			golden := filepath.Join("testdata", "v1", string(name)+".json")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("canonical bytes:\n%s\nwant\n%s", got.Bytes(), want)
			}
		})
	}
}

// TestGoldenFilesAreOfTypes finds files of types that are gone.
func TestGoldenFilesAreOfTypes(t *testing.T) {
	for _, dir := range []string{"in", "v1"} {
		files, err := os.ReadDir(filepath.Join("testdata", dir))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != len(Types()) {
			t.Errorf("testdata/%s has %d files for %d types", dir, len(files), len(Types()))
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, name := range Types() {
		for _, line := range samples(t, name) {
			in, err := DecodeLine(line, "")
			if err != nil {
				t.Errorf("DecodeLine(%s): %v", line, err)
				continue
			}
			checkRoundTrip(t, in)
			if got := in.Event.Head().Type; got != name {
				t.Errorf("type of %s = %s", line, got)
			}
		}
	}
}

// checkRoundTrip checks that what was decoded is written and read back equal.
func checkRoundTrip(t *testing.T, in Input) {
	t.Helper()
	encoded, err := Encode(in.Event)
	if err != nil {
		t.Fatalf("Encode(%+v): %v", in.Event, err)
	}
	if !bytes.Equal(encoded, in.Canonical) {
		t.Fatalf("Encode = %s, Decode gave %s", encoded, in.Canonical)
	}
	back, err := DecodeCanonical(encoded)
	if err != nil {
		t.Fatalf("DecodeCanonical(%s): %v", encoded, err)
	}
	if !reflect.DeepEqual(back, in.Event) {
		t.Fatalf("DecodeCanonical(%s) = %+v, want %+v", encoded, back, in.Event)
	}
	again, err := Decoder{Limits: Limits{MaxBody: 1 << 30}}.Decode(Raw{Body: encoded})
	if err != nil || again.Sum != in.Sum || !bytes.Equal(again.Canonical, in.Canonical) {
		t.Fatalf("Decode(%s) = %s, sum %x, %v; want sum %x", encoded, again.Canonical, again.Sum, err, in.Sum)
	}
}

// TestEveryEventHasAType checks that the samples reach each of the domain's
// events: one that no type gives could not be told.
func TestEveryEventHasAType(t *testing.T) {
	seen := map[reflect.Type]bool{}
	for _, name := range Types() {
		for _, line := range samples(t, name) {
			if in, err := DecodeLine(line, ""); err == nil {
				seen[reflect.TypeOf(in.Event)] = true
			}
		}
	}
	// Two types share RenewalBooked, five Invoice; one gives two events.
	if want := len(Types()) - 1 - 4 + 1; len(seen) != want {
		t.Errorf("the samples give %d kinds of events, want %d", len(seen), want)
	}
}
