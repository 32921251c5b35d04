package torture

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// Three tenants on one broker: two with the same events, one whose events have
// the same identities and say other things. Whatever happens to broker and
// workers, nothing mixes: each has what it would have alone, and no conflict.
func TestTenants(t *testing.T) {
	t.Parallel()
	s := seed(t)
	r := rand.New(rand.NewPCG(s, 3))
	b := brokertest.Server(t)
	same := newCompany(t, s, 6)
	var all []*trial
	for _, c := range []*company{same, same.of("acme"), newCompany(t, s+1, 6).of("globex")} {
		o := trialAt(t, c, "", b)
		o.worker.Start()
		all = append(all, o)
	}
	for part := range 4 {
		for _, o := range all {
			o.feed(len(o.company.msgs)*(part+1)/4, 1+r.IntN(20), never)
		}
		switch o := all[r.IntN(len(all))]; r.IntN(3) {
		case 0:
			o.worker.Kill()
			o.worker.Start()
		case 1:
			b.Restart()
		case 2:
			o.worker.Stop()
			time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
			o.worker.Start()
		}
	}
	if n := sharedIdentities(all[0].company, all[2].company); n == 0 {
		t.Error("no event of the third tenant has the identity of one of the others: it would prove nothing")
	}
	for _, o := range all {
		o.check()
	}
}

// sharedIdentities counts the events of one company whose identity is also that
// of an event of the other which says something else.
func sharedIdentities(a, b *company) int {
	bodies := map[string]string{}
	for _, m := range a.msgs {
		bodies[identity(m)] = string(m.Body)
	}
	n := 0
	for _, m := range b.msgs {
		if body, ok := bodies[identity(m)]; ok && body != string(m.Body) {
			n++
		}
	}
	return n
}

// identity is an event's source and id, as it says them itself.
func identity(m broker.Msg) string {
	var e struct{ Source, ID string }
	_ = json.Unmarshal(m.Body, &e)
	return e.Source + " " + e.ID
}
