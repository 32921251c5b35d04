package scenario_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/scenario"
)

func TestDump(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("DUMP"), 10, 64)
	if err != nil {
		t.Skip()
	}
	plans, _, arrivals, asOf := history(t, seed)
	for _, p := range plans {
		fmt.Println(string(planfile.Canonical(p)))
	}
	for _, a := range arrivals {
		fmt.Println(a.Arrived.Format("2006-01-02T15:04:05"), string(a.Canonical))
	}
	fmt.Println("asof", asOf)
	p, _ := scenario.Play("default", plans, arrivals, asOf)
	ids, _ := p.Payees()
	for _, id := range ids {
		_ = p.EntriesOf(id, func(e *ledger.Entry) error {
			fmt.Println(id, e.At.Format("2006-01-02T15:04:05"), e.Effective, e.Kind, e.Reason, e.Opportunity, e.Component, e.Minor, e.From, e.To, e.Explanation)
			return nil
		})
		c, _ := p.Credits(id)
		for _, c := range c {
			fmt.Printf("credit %+v\n", c)
		}
	}
}
