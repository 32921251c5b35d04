//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trueup/trueup/internal/report"
)

// The figures of the pages about each payee of the demo are those of the API,
// and these are what the entries of the ledger add up to.
func TestEveryFigureOfEveryPayee(t *testing.T) {
	const period = "2027-Q3"
	list := must[report.PayeeList](t, "/v1/payees?limit=500&period="+period)
	if len(list.Rows) != list.Of || list.Of < 60 {
		t.Fatalf("%d payees of %d", len(list.Rows), list.Of)
	}
	ledger := added(t)
	for _, row := range list.Rows {
		in := ledger[row.PayeeID]
		if in == nil {
			in = &sums{periods: map[string]*buckets{}}
		}
		if got, want := row.Balances, in.now.balances(); got != want {
			t.Errorf("%s: balances %+v, the ledger's %+v", row.PayeeID, got, want)
		}
		moved := in.of(period).balances()
		if got := (report.Balances{Held: row.Quarter.Held, Payable: row.Quarter.Payable, Paid: row.Quarter.Paid}); got != moved {
			t.Errorf("%s: the quarter moved %+v, in the ledger %+v", row.PayeeID, got, moved)
		}
		path := "/payees/" + url.PathEscape(row.PayeeID) + "?period=" + period
		answer, err := running.get(t.Context(), "/v1"+path)
		if err != nil {
			t.Fatal(err)
		}
		page, err := running.get(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		told, shown := figures(string(answer)), figures(visible(page))
		for _, figure := range shown {
			if !slices.Contains(told, figure) {
				t.Errorf("GET %s shows %s, which the API does not tell", path, figure)
			}
		}
		for name, figure := range map[string]string{
			"earned": row.Quarter.Earned, "clawed back": row.Quarter.ClawedBack, "forfeited": row.Quarter.Forfeited, "released": row.Quarter.Released,
			"held": row.Balances.Held, "payable": row.Balances.Payable, "paid": row.Balances.Paid,
		} {
			if !slices.Contains(shown, figure) {
				t.Errorf("GET %s does not show %s %s", path, name, figure)
			}
		}
	}
	rows := 0
	for offset := 0; offset < list.Of; {
		page, err := running.get(t.Context(), fmt.Sprintf("/payees?period=%s&offset=%d", period, offset))
		if err != nil {
			t.Fatal(err)
		}
		found := bodyRow.FindAll(page, -1)
		if len(found) == 0 {
			t.Fatalf("no payees from %d on", offset)
		}
		for i, tr := range found {
			row := list.Rows[offset+i]
			want := []string{row.Quarter.Earned, row.Quarter.ClawedBack, row.Balances.Held, row.Balances.Payable}
			if got := figures(visible(tr)); !strings.Contains(visible(tr), row.PayeeID) || len(got) < 4 || !slices.Equal(got[:4], want) {
				t.Errorf("the list shows of %s: %s, want %v", row.PayeeID, visible(tr), want)
			}
			rows++
		}
		offset += len(found)
	}
	if rows != list.Of {
		t.Errorf("%d payees are listed, want %d", rows, list.Of)
	}
}

var (
	bodyRow = regexp.MustCompile(`(?s)<tr><th scope="row"><a .*?</tr>`)
	tag     = regexp.MustCompile(`(?s)<(script|style|svg)\b.*?</(script|style|svg)>|<[^>]*>`)
	figure  = regexp.MustCompile(`-?\d+\.\d{2}\b`)
)

// visible is what a page says.
func visible(page []byte) string { return html.UnescapeString(tag.ReplaceAllString(string(page), " ")) }

// figures are the amounts in a text, as the API has them.
func figures(text string) []string {
	return figure.FindAllString(strings.NewReplacer(",", "", "−", "-").Replace(text), -1)
}

// buckets are sums in minor units of a currency with two decimals.
type buckets struct{ held, payable, paid int64 }

type sums struct {
	now     buckets
	periods map[string]*buckets
}

func (s *sums) of(period string) *buckets {
	if s.periods[period] == nil {
		s.periods[period] = &buckets{}
	}
	return s.periods[period]
}

func (b *buckets) move(bucket string, minor int64) {
	switch bucket {
	case "held":
		b.held += minor
	case "payable":
		b.payable += minor
	case "paid":
		b.paid += minor
	}
}

func (b *buckets) balances() report.Balances {
	return report.Balances{Held: major(b.held), Payable: major(b.payable), Paid: major(b.paid)}
}

func major(minor int64) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	return fmt.Sprintf("%s%d.%02d", sign, minor/100, minor%100)
}

// added is what the entries of the ledger add up to, by payee.
func added(t *testing.T) map[string]*sums {
	t.Helper()
	journal, err := running.get(t.Context(), "/v1/journal")
	if err != nil {
		t.Fatal(err)
	}
	all, entries, whole := map[string]*sums{}, 0, false
	for s := bufio.NewScanner(bytes.NewReader(journal)); s.Scan(); {
		var line struct {
			report.Posted
			Entries *int `json:"entries"`
		}
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Entries != nil {
			whole = *line.Entries == entries
			continue
		}
		entries++
		in := all[line.PayeeID]
		if in == nil {
			in = &sums{periods: map[string]*buckets{}}
			all[line.PayeeID] = in
		}
		var units, cents int64
		if _, err := fmt.Sscanf(strings.TrimPrefix(line.Amount, "-"), "%d.%02d", &units, &cents); err != nil {
			t.Fatalf("amount %q: %v", line.Amount, err)
		}
		minor := units*100 + cents
		if strings.HasPrefix(line.Amount, "-") {
			minor = -minor
		}
		for _, b := range []*buckets{&in.now, in.of(line.Period)} {
			b.move(line.From, -minor)
			b.move(line.To, minor)
		}
	}
	if !whole {
		t.Fatal("the journal is not whole")
	}
	return all
}
