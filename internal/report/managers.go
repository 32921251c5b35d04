package report

import "github.com/trueup/trueup/domain/event"

// Managers is whom payees report to today, as their enrolments tell. Who
// reports to nobody, or is not employed today, is not there.
func Managers(set Setting, src Source) (map[event.PayeeID]event.PayeeID, error) {
	b, err := newBuilder(set, src)
	if err != nil {
		return nil, err
	}
	ids, err := src.Payees()
	if err != nil {
		return nil, err
	}
	out := map[event.PayeeID]event.PayeeID{}
	for _, id := range ids {
		person, err := b.look.Person(id)
		if err != nil {
			return nil, err
		}
		if e, ok := person.EnrolledOn(b.today()); ok && e.Manager != "" {
			out[id] = e.Manager
		}
	}
	return out, nil
}
