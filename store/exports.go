package store

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/tenant"
)

// LastOutput is the number and the hash of the newest message in the out log of
// the view's moment; zero before the first.
func (v *View) LastOutput() (n uint64, hash [32]byte, err error) {
	o, err := lastOut(in(v.tx, bOut))
	return o.N, o.Hash, err
}

// EachOutput goes through the messages of the out log after number n, most of
// them at once and none after number upTo, and says up to which it went.
func (v *View) EachOutput(n, upTo uint64, most int, yield func(tenant.Output) error) (uint64, error) {
	c := in(v.tx, bOut).cursor()
	for ok := n < upTo && c.seek(key(n+1)); ok && most > 0; ok = c.next() {
		o, err := decodeOut(c.k, c.v)
		if err != nil {
			return n, err
		}
		if o.N > upTo {
			break
		}
		if err := yield(o); err != nil {
			return n, err
		}
		n = o.N
		most--
	}
	return n, c.err
}

// AllStatements lists every quarter's frozen statements as last locked, in the
// order of the locks: by instant, quarter and payee.
func (v *View) AllStatements() ([]tenant.Statement, error) {
	var out []tenant.Statement
	err := v.prefixed(bStatements, nil, func(k, b []byte) error {
		st, err := decodeStatementAt(k, b)
		if err != nil {
			return err
		}
		if n := len(out); n > 0 && out[n-1].Payee == st.Payee && out[n-1].Period == st.Period {
			out[n-1] = st // a later lock's
			return nil
		}
		out = append(out, st)
		return nil
	})
	slices.SortStableFunc(out, func(a, b tenant.Statement) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Period, b.Period)) })
	return out, err
}
