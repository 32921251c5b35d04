package store

import (
	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/ledger"
)

// totals are sums over all entries of the tenant, by bucket.
type totals struct {
	Expense int64 `json:"expense"`
	Held    int64 `json:"held"`
	Payable int64 `json:"payable"`
	Paid    int64 `json:"paid"`
	Entries int64 `json:"entries"`
}

// count adds an entry to the tenant's totals.
func (r *recording) count(e *ledger.Entry) error {
	if r.totals == nil {
		t, err := readTotals(r.tx)
		if err != nil {
			return err
		}
		r.totals, r.before = &t, t
	}
	return r.totals.add(e)
}

func (t *totals) add(e *ledger.Entry) error {
	for _, side := range [...]struct {
		bucket ledger.Bucket
		minor  int64
	}{{e.From, -e.Minor}, {e.To, e.Minor}} {
		*t.of(side.bucket) += side.minor
	}
	t.Entries++
	if t.Expense+t.Held+t.Payable+t.Paid != 0 {
		return domain.Errorf(domain.Corrupt, "buckets do not sum to zero after entry %s", e.ID)
	}
	return nil
}

func (t *totals) of(b ledger.Bucket) *int64 {
	switch b {
	case ledger.Held:
		return &t.Held
	case ledger.Payable:
		return &t.Payable
	case ledger.Paid:
		return &t.Paid
	case ledger.Expense:
	}
	return &t.Expense
}

func readTotals(tx *bbolt.Tx) (totals, error) {
	var t totals
	v, err := in(tx, bMeta).get(kTotals)
	if v == nil {
		return t, err
	}
	return t, decode(v, &t)
}
