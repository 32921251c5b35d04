package wire

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/trueup/trueup/domain/event"
)

// whole is all of a deal, in 1/10,000.
const whole = 10_000

// split is who gets which part of a deal: {"payee":bps,…}, by payee, together
// the whole.
func split(f *form, field string, p *[]event.Share) {
	if f.told != nil {
		f.tell(field, must, refer(formSplit))
		return
	}
	f.object(field, must, len(*p) == 0, func() {
		if f.reading {
			*p = make([]event.Share, 0, f.length(f.at))
			for i := f.at + 1; i < f.doc.nodes[f.at].next; i = f.doc.nodes[i].next {
				f.doc.nodes[i].used = true
				*p = append(*p, f.share(f.doc.nodes[i]))
			}
			slices.SortFunc(*p, func(a, b event.Share) int { return cmp.Compare(a.Payee, b.Payee) })
		}
		sum := 0
		for i, s := range *p {
			if why := unfit(string(s.Payee), maxID); why != "" {
				f.fail(BadValue, "", "has a payee whose id %s", why)
			}
			if s.BPS < 0 || s.BPS > whole {
				f.fail(BadValue, string(s.Payee), "is %d, which is not between 0 and %d", s.BPS, whole)
			}
			if i > 0 && (*p)[i-1].Payee >= s.Payee {
				f.fail(BadValue, "", "is not sorted by payee")
			}
			sum += s.BPS
			f.comma()
			f.out = append(appendQuoted(f.out, string(s.Payee)), ':')
			f.out = strconv.AppendInt(f.out, int64(s.BPS), 10)
		}
		if f.err == nil && sum != whole {
			f.fail(BadValue, "", "sums to %d, but must sum to %d", sum, whole)
		}
	})
}

func (f *form) share(v node) event.Share {
	bps, err := strconv.Atoi(string(v.text[:min(len(v.text), 12)]))
	if v.kind != isNumber || err != nil {
		f.fail(BadValue, string(v.key), "must be a whole number of 1/10,000, like 5000")
	}
	return event.Share{Payee: event.PayeeID(v.key), BPS: bps}
}
