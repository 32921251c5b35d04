package torture

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/internal/workertest"
)

const tenantName = "default"

// company is a year of a few accounts, and what it must come to.
type company struct {
	tenant string
	plans  []string // files
	until  string
	msgs   []broker.Msg
	known  int // distinct identities
	want   *report.Document
}

// lookedAt is when everything is looked at, hours from the midnights at which the
// next steps are due: the worker's clock goes on from there, simulate's does not.
const lookedAt = "2028-01-01T18:00:00Z"

// newCompany makes a company up. What it comes to is what simulate says.
func newCompany(t *testing.T, seed uint64, accounts int) *company {
	t.Helper()
	made := demo.Company{
		Seed: seed, CSMs: max(2, accounts/10), AEs: 2, Accounts: accounts,
		From: civil.On(2027, time.January, 1), Until: civil.On(2027, time.December, 31),
	}
	dir := t.TempDir()
	c := &company{tenant: tenantName, until: lookedAt}
	args := []string{"simulate", "--events", "-", "--as-of", c.until, "--format", "json"}
	for _, p := range made.Plans() {
		file := filepath.Join(dir, string(p.Name)+".yaml")
		if err := os.WriteFile(file, planfile.Canonical(p), 0o600); err != nil {
			t.Fatal(err)
		}
		c.plans = append(c.plans, file)
		args = append(args, "--plan", file)
	}
	var ndjson bytes.Buffer
	ids := map[event.Identity]bool{}
	for a := range made.Events() {
		line, err := demo.Line(a)
		if err != nil {
			t.Fatal(err)
		}
		ndjson.Write(append(line, '\n'))
		head := a.Event.Head()
		ids[head.Identity] = true
		c.msgs = append(c.msgs, broker.EventMsg(wire.Subject(tenantName, head.Type), line))
	}
	c.known = len(ids)
	code, out, stderr := workertest.Run(t, ndjson.String(), args...)
	if code != 0 {
		t.Fatalf("simulate: exit %d: %s", code, stderr)
	}
	c.want = &report.Document{}
	if err := json.Unmarshal([]byte(out), c.want); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *company) balances() map[string]report.Balances { return scenariotest.Balances(c.want) }

// args are those of a worker for the company.
func (c *company) args(data, nats string) []string {
	out := []string{"--data", data, "--nats", nats, "--as-of", c.until, "--tenant", c.tenant}
	for _, file := range c.plans {
		out = append(out, "--plan", file)
	}
	return out
}

// of is the same company as another tenant: what is said of it is the same but
// for the subjects.
func (c *company) of(tenant string) *company {
	other := *c
	other.tenant, other.msgs = tenant, make([]broker.Msg, len(c.msgs))
	for i, m := range c.msgs {
		other.msgs[i] = broker.EventMsg(strings.Replace(m.Subject, "."+c.tenant+".", "."+tenant+".", 1), m.Body)
	}
	return &other
}
