package access

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// Limit is a reader that answers only what is for a principal, and Forbidden
// else. It is the one place that decides that: pages, API and NATS all ask it.
//
//	            payee, manager                        ops           admin, onlooker
//	statement   their own and their reports'          no            all
//	entry       of these; facts without what is       no            all
//	            others'
//	deal        they have a part of, without the      no            all
//	            others' parts
//	book        their own and their reports'          no            all
//	account     they own or owned, or have a part     no            all
//	            of a deal of
//	payees      themselves and their reports          no            all
//	SLA, flags  about them and their reports          all           all
//	periods     without amounts                       without       all
//	overview    no                                    without       all
//	parked      no                                    all           all
//	verify      no                                    yes           yes
//	preview,    no                                    no            yes
//	what-if
//	metrics     no                                    without       all
//	status      yes                                   yes           yes
//
// A list that names nobody is narrowed to what is theirs. About what is not
// theirs a payee and a manager hear the same, whether it is there or not.
func Limit(r report.Reader, org *Organisation, p Principal) report.Reader {
	return limited{r, org, func(context.Context) (Principal, error) { return p, nil }}
}

// ByAsker is Limit for whoever asks in each question's context.
func ByAsker(r report.Reader, org *Organisation) report.Reader {
	return limited{r, org, func(ctx context.Context) (Principal, error) {
		p, ok := Of(ctx)
		if !ok {
			return p, Forbidden{"nobody is known to ask"}
		}
		return p, nil
	}}
}

// limited implements report.Reader.
type limited struct {
	reader report.Reader
	org    *Organisation // nil: nobody reports to anybody
	who    func(context.Context) (Principal, error)
}

// scope is what one principal may see.
type scope struct {
	Principal
	payees map[event.PayeeID]bool // whose pay; not looked at where all is seen
}

// sees reports whether the scope has a payee.
func (s scope) sees(id string) bool { return s.seesAll() || s.payees[event.PayeeID(id)] }

// list is the scope's payees, sorted.
func (s scope) list() []event.PayeeID {
	out := make([]event.PayeeID, 0, len(s.payees))
	for id := range s.payees {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// scope is that of whoever asks, who must have one of some roles.
func (l limited) scope(ctx context.Context, what string, roles ...Role) (scope, error) {
	p, err := l.who(ctx)
	if err != nil {
		return scope{}, err
	}
	s := scope{Principal: p}
	if !p.Is(roles...) {
		return s, Forbidden{what + " is not for " + cmp.Or(string(p.Role), "nobody")}
	}
	switch {
	case p.Role == Manager && l.org != nil:
		s.payees, err = l.org.under(ctx, p.Payee)
	case p.Role == Payee, p.Role == Manager:
		s.payees = map[event.PayeeID]bool{p.Payee: true}
	}
	return s, err
}

// Who has a question answered.
var (
	everybody = []Role{Payee, Manager, Ops, Admin, Onlooker}
	paid      = []Role{Payee, Manager, Admin, Onlooker} // what people are paid, as far as it is theirs
	operating = []Role{Ops, Admin, Onlooker}            // how the worker does
	closing   = []Role{Admin, Onlooker}                 // what everybody is paid
)

// Operating reports whether whoever asks may see how the worker does, and
// whether with amounts; what is it that is asked about.
func Operating(ctx context.Context, what string) (amounts bool, err error) {
	p, _ := Of(ctx)
	if !p.Is(operating...) {
		return false, Forbidden{what + " not for " + cmp.Or(string(p.Role), "nobody")}
	}
	return p.Is(closing...), nil
}

// notTheirs is the answer about what somebody may not see.
func notTheirs(what, id string) error { return Forbidden{what + " " + id + " is not yours to see"} }

// hidden makes what is not there like what may not be seen, so that nobody
// learns the one from the other.
func (s scope) hidden(err error, what, id string) error {
	if _, missing := errors.AsType[report.NotFound](err); missing && !s.seesAll() {
		return notTheirs(what, id)
	}
	return err
}

// Statement implements report.Reader.
func (l limited) Statement(ctx context.Context, f report.Filter) (*report.Document, error) {
	s, err := l.scope(ctx, "a statement", paid...)
	switch {
	case err != nil:
		return nil, err
	case f.Payee != "" && !s.sees(string(f.Payee)):
		return nil, notTheirs("payee", string(f.Payee))
	case f.Payee != "" || s.seesAll():
		return l.reader.Statement(ctx, f)
	}
	return l.statements(ctx, s, f)
}

// statements is one document of everybody in a scope.
func (l limited) statements(ctx context.Context, s scope, f report.Filter) (*report.Document, error) {
	var out *report.Document
	for _, id := range s.list() {
		f.Payee = id
		doc, err := l.reader.Statement(ctx, f)
		if _, missing := errors.AsType[report.NotFound](err); missing {
			continue // nothing has come about them yet
		} else if err != nil {
			return nil, err
		}
		if out == nil {
			out = doc
			continue
		}
		out.Payees = append(out.Payees, doc.Payees...)
		out.Credits = append(out.Credits, doc.Credits...)
		out.SLA = append(out.SLA, doc.SLA...)
		out.Flags = append(out.Flags, doc.Flags...)
	}
	if out == nil {
		return nil, report.NotFound{What: "payee", ID: string(s.Payee)}
	}
	slices.SortStableFunc(out.SLA, func(a, b report.Episode) int {
		return cmp.Or(cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.OpenedAt, b.OpenedAt))
	})
	slices.SortStableFunc(out.Flags, func(a, b report.Flag) int { return cmp.Compare(a.Flag, b.Flag) })
	return out, nil
}

// Journal implements report.Reader.
func (l limited) Journal(ctx context.Context, f report.Filter, yield func(*report.Posted) error) error {
	s, err := l.scope(ctx, "a journal", paid...)
	switch {
	case err != nil:
		return err
	case f.Payee != "" && !s.sees(string(f.Payee)):
		return notTheirs("payee", string(f.Payee))
	case f.Payee != "" || s.seesAll():
		return l.reader.Journal(ctx, f, yield)
	}
	for _, f.Payee = range s.list() {
		err := l.reader.Journal(ctx, f, yield)
		if _, missing := errors.AsType[report.NotFound](err); err != nil && !missing {
			return err
		}
	}
	return nil
}

// Book implements report.Reader.
func (l limited) Book(ctx context.Context, f report.Filter) (*report.Book, error) {
	s, err := l.scope(ctx, "a book", paid...)
	switch {
	case err != nil:
		return nil, err
	case !s.sees(string(f.Payee)):
		return nil, notTheirs("payee", string(f.Payee))
	}
	return l.reader.Book(ctx, f)
}

// Payees implements report.Reader.
func (l limited) Payees(ctx context.Context, q report.PayeesQuery) (*report.PayeeList, error) {
	s, err := l.scope(ctx, "the list of payees", paid...)
	if err != nil {
		return nil, err
	}
	if !s.seesAll() {
		q.Among = s.list()
	}
	return l.reader.Payees(ctx, q)
}

// PayeeView implements report.Reader.
func (l limited) PayeeView(ctx context.Context, f report.Filter) (*report.PayeeView, error) {
	s, err := l.scope(ctx, "a statement", paid...)
	switch {
	case err != nil:
		return nil, err
	case !s.sees(string(f.Payee)):
		return nil, notTheirs("payee", string(f.Payee))
	}
	return l.reader.PayeeView(ctx, f)
}

// SLA implements report.Reader.
func (l limited) SLA(ctx context.Context, f report.Filter) ([]report.Episode, error) {
	s, err := l.scope(ctx, "the SLA board", everybody...)
	switch {
	case err != nil:
		return nil, err
	case s.seesAll() || s.Role == Ops:
		return l.reader.SLA(ctx, f)
	case f.Payee != "" && !s.payees[f.Payee]:
		return nil, notTheirs("payee", string(f.Payee))
	}
	all, err := l.reader.SLA(ctx, f)
	return slices.DeleteFunc(all, func(e report.Episode) bool { return !s.sees(e.PayeeID) }), err
}

// Raised implements report.Reader. Flags of an account are for those it is
// theirs who name it; a book has those of its accounts.
func (l limited) Raised(ctx context.Context, f report.Filter) ([]report.Flag, error) {
	s, err := l.scope(ctx, "the list of flags", everybody...)
	switch {
	case err != nil:
		return nil, err
	case s.seesAll() || s.Role == Ops:
		return l.reader.Raised(ctx, f)
	case f.Payee != "" && !s.payees[f.Payee]:
		return nil, notTheirs("payee", string(f.Payee))
	case f.Account != "":
		if _, err := l.timeline(ctx, s, f.Account); err != nil {
			return nil, err
		}
	}
	all, err := l.reader.Raised(ctx, f)
	return slices.DeleteFunc(all, func(fl report.Flag) bool {
		return !s.sees(fl.PayeeID) && (fl.PayeeID != "" || f.Account == "")
	}), err
}
