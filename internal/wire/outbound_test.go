package wire

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// full sets every field of v, a string to the field's name, so that a golden
// file shows them all.
func full(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			full(v.Field(i), tag)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		full(v.Index(0), name)
	case reflect.String:
		if v.Type() == reflect.TypeFor[json.Number]() {
			v.SetString("7.5")
		} else {
			v.SetString(name)
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("no sample of " + v.Type().String())
	}
}

func TestOutboundGolden(t *testing.T) {
	if want, got := "ledger.period.locked.v1", OutTypes()[0]; got != want {
		t.Errorf("OutTypes()[0] = %s, want %s", got, want)
	}
	for _, name := range OutTypes() {
		t.Run(name, func(t *testing.T) {
			data := reflect.New(outbound[name]).Elem()
			at := time.Date(2027, time.February, 10, 16, 4, 5, 250_000_000, time.FixedZone("", 3600))
			var lines []string
			for _, fill := range []func(reflect.Value, string){full, func(reflect.Value, string) {}} {
				data.SetZero()
				fill(data, "")
				subject, body, err := EncodeOut("acme", "", Out{Type: name, ID: "o-1", Time: at, Data: data.Interface()})
				if err != nil {
					t.Fatal(err)
				}
				if want := Subject("acme", event.Type(name)); subject != want {
					t.Errorf("subject = %s, want %s", subject, want)
				}
				if !json.Valid(body) {
					t.Errorf("EncodeOut(%s) is not JSON: %s", name, body)
				}
				lines = append(lines, string(body)+"\n")
			}
			golden := filepath.Join("testdata", "out", name+".json")
			got := strings.Join(lines, "")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("bytes:\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestEncodeOutRefuses(t *testing.T) {
	at := time.Date(2027, time.February, 10, 15, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		o    Out
		says string
	}{
		{Out{Type: "ops.none.v1", ID: "1", Time: at, Data: Flag{}}, "not in the contract"},
		{Out{Type: "ops.flag.raised.v1", ID: "1", Time: at, Data: &Flag{}}, "not a wire.Flag"},
		{Out{Type: "ops.flag.raised.v1", ID: "1", Time: at}, "not a wire.Flag"},
		{Out{Type: "ops.flag.raised.v1", Time: at, Data: Flag{}}, "id is empty"},
		{Out{Type: "ops.flag.raised.v1", ID: "1", Data: Flag{}}, "not plausible"},
		{Out{Type: "sla.risk.met.v1", ID: "1", Time: at, Data: RiskClock{Score: "x"}}, "invalid number"},
	} {
		if _, _, err := EncodeOut("acme", "", tt.o); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("EncodeOut(%+v) = %v, want %q", tt.o, err, tt.says)
		}
	}
}

// TestEncodeOutText checks that an explanation stays readable.
func TestEncodeOutText(t *testing.T) {
	o := Out{Type: "ops.flag.raised.v1", ID: "1", Time: time.Unix(0, 0), Data: Flag{Flag: `$1 × 2 < "3" & é`}}
	_, body, err := EncodeOut("acme", "other", o)
	if want := `"flag":"$1 × 2 < \"3\" & é"`; err != nil || !strings.Contains(string(body), want) {
		t.Errorf("EncodeOut = %s, %v; want %s", body, err, want)
	}
	if !strings.Contains(string(body), `"source":"other"`) {
		t.Errorf("EncodeOut with a source = %s", body)
	}
}

func TestAmountOf(t *testing.T) {
	if got, want := AmountOf(money.Money{Minor: -48000, Currency: "USD"}), (Amount{"-480.00", "USD"}); got != want {
		t.Errorf("AmountOf = %v, want %v", got, want)
	}
}
