package demo

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
)

// small is a company that plays in well under a second.
func small() Company {
	c := Default()
	c.CSMs, c.AEs, c.Accounts = 6, 2, 150
	return c
}

// digest is the SHA-256 of the first lines of a company told in some passes.
func digest(t *testing.T, c Company, passes, lines int) string {
	t.Helper()
	sum := sha256.New()
	for a := range c.events(passes) {
		add(t, sum, a)
		if lines--; lines == 0 {
			break
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:8])
}

func add(t *testing.T, sum hash.Hash, a Arrival) {
	t.Helper()
	line, err := Line(a)
	if err != nil {
		t.Fatalf("Line(%+v): %v", a, err)
	}
	sum.Write(append(line, '\n'))
}

// A company's bytes are a promise: benchmarks compare over time, and guides
// quote what the demo shows. Where they must change, change the sums here.
func TestLinesAreGolden(t *testing.T) {
	for _, tt := range []struct {
		name  string
		c     Company
		lines int
		want  string
	}{
		{"the default company", Default(), 10_000, "783d2c2c5d3f982b"},
		{"a small one", small(), -1, "583c56a870673825"},
	} {
		if got := digest(t, tt.c, 1, tt.lines); got != tt.want {
			t.Errorf("%s: the sum of the lines is %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestPassesMakeNoDifference(t *testing.T) {
	want := digest(t, small(), 1, -1)
	for _, passes := range []int{2, 7} {
		if got := digest(t, small(), passes, -1); got != want {
			t.Errorf("the sum of the lines of %d passes is %s, want %s as of one", passes, got, want)
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	other := small()
	other.Seed = 2
	if a, b := digest(t, small(), 1, -1), digest(t, other, 1, -1); a == b {
		t.Errorf("two seeds give the same lines, sum %s", a)
	}
}

// Every line decodes to the event it was made of, in order of arrival and
// inside the company's time.
func TestLinesDecode(t *testing.T) {
	c := small()
	zone := c.Plans()[0].Zone
	last := c.From.Start(zone)
	for a := range c.Events() {
		line, err := Line(a)
		if err != nil {
			t.Fatalf("Line(%+v): %v", a, err)
		}
		in, err := wire.DecodeLine(line, "default")
		if err != nil {
			t.Fatalf("DecodeLine(%s): %v", line, err)
		}
		if want, _ := wire.Encode(a.Event); !bytes.Equal(in.Canonical, want) {
			t.Fatalf("decoded as %s, want %s", in.Canonical, want)
		}
		if !in.Recorded.Equal(a.Recorded) {
			t.Fatalf("recorded at %v, want %v: %s", in.Recorded, a.Recorded, line)
		}
		if a.Recorded.Before(last) || a.Recorded.Before(a.Event.Head().Time) {
			t.Fatalf("recorded at %v, after %v was: %s", a.Recorded, last, line)
		}
		last = a.Recorded
	}
	if last.After(c.Until.End(zone)) {
		t.Errorf("the last event was recorded at %v, after %v", last, c.Until)
	}
}

// Companies of other shapes are told as well.
func TestOddCompanies(t *testing.T) {
	year := civil.On(2027, time.January, 1)
	for _, c := range []Company{
		{Accounts: 0, CSMs: 3, From: year, Until: year + 30},
		{Accounts: 1, CSMs: 0, From: year, Until: year},
		{Accounts: 30, CSMs: 2, AEs: 1, From: year, Until: year - 1},
		{Seed: 9, Accounts: 40, CSMs: 1, From: year + 44, Until: year + 50},
		{Seed: 3, Accounts: 60, CSMs: 25, AEs: 40, From: year - 200, Until: year + 900},
	} {
		n := 0
		for a := range c.Events() {
			line, err := Line(a)
			if err == nil {
				_, err = wire.DecodeLine(line, "default")
			}
			if err != nil {
				t.Fatalf("%+v: %v: %s", c, err, line)
			}
			n++
		}
		if (n > 0) != (c.Until >= c.From) {
			t.Errorf("%+v: %d events", c, n)
		}
	}
}

// Segments, bands and types come in the shares one would expect of a company.
func TestMix(t *testing.T) {
	c := Default()
	total, byType, sent := 0, map[event.Type]int{}, map[string]int{}
	bands := [3]int{}
	edges := map[int64]int{}
	for a := range c.Events() {
		total++
		h := a.Event.Head()
		byType[h.Type]++
		sent[h.ID]++
		if e, ok := a.Event.(event.ExpansionBooked); ok {
			switch minor := e.ARR.Minor; {
			case minor < 25_000_00:
				bands[0]++
			case minor <= 100_000_00:
				bands[1]++
			default:
				bands[2]++
			}
			edges[e.ARR.Minor]++
		}
	}
	if total < 130_000 || total > 190_000 {
		t.Errorf("%d events, want about 155,000", total)
	}
	again := total - len(sent)
	for _, tt := range []struct {
		what             string
		n, of, low, high int // low and high in 1/10,000
	}{
		{"repeats", again, total, 100, 200},
		{"health scores", byType[scored], total, 5000, 7000},
		{"contacts", byType[engaged], total, 700, 1500},
		{"reviews", byType[reviewed], total, 300, 800},
		{"renewals", byType[renewalTold] + byType[subRenewed], total, 300, 800},
		{"invoices", byType[invoiced], total, 200, 700},
		{"stages", byType[stageChanged], total, 150, 500},
		{"expansions", byType[booked], total, 40, 150},
		{"deals of the low band", bands[0], byType[booked], 5000, 9000},
		{"deals of the middle band", bands[1], byType[booked], 1000, 4000},
		{"deals of the high band", bands[2], byType[booked], 100, 1000},
	} {
		if share := tt.n * 10_000 / tt.of; share < tt.low || share > tt.high {
			t.Errorf("%s: %d of %d, that is %d in 10,000, want %d to %d", tt.what, tt.n, tt.of, share, tt.low, tt.high)
		}
	}
	for _, kind := range []event.Type{
		enrolled, terminated, assigned, cancelled, contracted, notified, churned, unchurned, reactivated, intervened,
		handedOff, surveyed, onboarded, forecast, sourced, subStarted, subCancelled, invoicePaid, invoiceFail,
	} {
		if byType[kind] == 0 {
			t.Errorf("there is no %s", kind)
		}
	}
	if edges[25_000_00] == 0 || edges[100_000_00] == 0 {
		t.Errorf("no deal is of exactly 25,000.00 or 100,000.00: %d and %d", edges[25_000_00], edges[100_000_00])
	}
}

func TestPlans(t *testing.T) {
	set := Default().Plans()
	if len(set) != 2 {
		t.Fatalf("%d plans, want 2", len(set))
	}
	for _, p := range set {
		src := planfile.Canonical(p)
		back, err := planfile.Decode(p.ID(), src)
		if err != nil {
			t.Fatalf("%s does not read back: %v\n%s", p.ID(), err, src)
		}
		if back.Hash != p.Hash {
			t.Errorf("%s has the hash %x, want %x", p.ID(), p.Hash, back.Hash)
		}
	}
}

func BenchmarkEvents(b *testing.B) {
	n := 0
	for b.Loop() {
		for range Default().Events() {
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkLines(b *testing.B) {
	n := 0
	for b.Loop() {
		for a := range Default().Events() {
			line, err := Line(a)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(line)))
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}
