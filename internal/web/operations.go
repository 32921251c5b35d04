package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// Operation is one question or deed of the API, as the mux, the OpenAPI
// document and the NATS service are made of it.
type Operation struct {
	Name    string // of its subject and in clients made from the document
	Method  string // empty: GET
	Path    string // with {parameters}
	Summary string
	Params  []Param
	Body    *Body    // nil: it takes none
	Answer  any      // a value of the type that is answered
	Media   string   // of the answer; empty: application/json
	Texts   []string // media it is answered in besides, as text, where one asks for that
	Code    int      // of the answer; 0: 200
	Codes   []int    // of what else is answered, beside what any is

	// answer answers. It is nil where stream does, which writes to HTTP itself.
	answer func(context.Context, question) (any, error)
	stream func(http.ResponseWriter, *http.Request, question)
	// slow: it may take longer than any other answer.
	slow bool
	// keyed: it is a decision, with a key of its own, and may come as a form.
	keyed bool
}

// Body is what a deed is told.
type Body struct {
	Media   string
	Meaning string
	Of      any // a value of the type of what is told; nil: text
	Most    int // bytes
}

// question is what was asked, its parameters checked. What the reader answers
// is for whoever asks.
type question struct {
	reader report.Reader
	values map[string]string // of the path and of the query
	body   []byte

	key  string     // of a decision, by its maker
	next string     // the page of this server to go on to; empty: none
	form url.Values // as it was sent; nil: no form was
}

// Operations tells of every operation there is.
func Operations() []Operation { return new(server).operations() }

// operations is the table of the API, with what it leaves out.
func (s *server) operations() []Operation {
	all := slices.Concat(s.money(), s.exports(), s.work(), s.care(), s.decisions(), s.worker())
	for i := range all {
		o := &all[i]
		o.Method, o.Media, o.Code = cmp.Or(o.Method, http.MethodGet), cmp.Or(o.Media, jsonType), cmp.Or(o.Code, http.StatusOK)
	}
	return all
}

const jsonType = "application/json"

// Refusals are the codes that an operation answers with in place of an answer.
func (o Operation) Refusals() []int {
	codes := append([]int{
		http.StatusBadRequest, http.StatusForbidden, http.StatusMisdirectedRequest, http.StatusTooManyRequests, http.StatusInternalServerError,
	}, o.Codes...)
	if !open(o.Path) {
		codes = append(codes, http.StatusUnauthorized)
	}
	slices.Sort(codes)
	return codes
}

// money are the questions about what was earned and paid, and why.
func (s *server) money() []Operation {
	return []Operation{
		{
			Name: "overview", Path: "/v1/overview", Summary: "How the tenant stands: amounts by quarter and month, deadlines, what waits for somebody",
			Answer: report.Overview{},
			answer: func(ctx context.Context, q question) (any, error) { return q.reader.Overview(ctx) },
		},
		{
			Name: "payees", Path: "/v1/payees", Summary: "Payees with their quarter, picked, sorted and paged",
			Params: payeesParams(), Answer: report.PayeeList{}, answer: payees,
		},
		{
			Name: "payee", Path: "/v1/payees/{id}",
			Summary: "A payee's quarter: by component and deal, what is held and may be taken back until when, measures beside what the plan asks",
			Params:  []Param{byID("the payee"), periodParam()}, Answer: report.PayeeView{}, Codes: []int{404},
			answer: func(ctx context.Context, q question) (any, error) {
				f := q.filter()
				f.Payee = event.PayeeID(q.values["id"])
				return q.reader.PayeeView(ctx, f)
			},
		},
		{
			Name: "statement", Path: "/v1/statement", Summary: "Statements: every line of every payee, or of one, or of one period",
			Params: []Param{payeeParam(), periodParam()}, Answer: report.Document{}, Codes: []int{404},
			answer: func(ctx context.Context, q question) (any, error) { return q.reader.Statement(ctx, q.filter()) },
		},
		{
			Name: "entry", Path: "/v1/entries/{id}", Summary: "One entry: its rule, the numbers it is worked out of, and the facts behind it",
			Params: []Param{entryParam()}, Answer: report.Entry{}, Codes: []int{404},
			answer: func(ctx context.Context, q question) (any, error) { return q.reader.Entry(ctx, q.entry()) },
		},
		{
			Name: "deal", Path: "/v1/deals/{id}", Summary: "Why a deal earned what it did, or nothing",
			Params: []Param{byID("the opportunity"), text("account", "the account, where several have the opportunity")},
			Answer: report.Deal{}, Codes: []int{404},
			answer: func(ctx context.Context, q question) (any, error) {
				return q.reader.Deal(ctx, event.OpportunityID(q.values["id"]), event.AccountID(q.values["account"]))
			},
		},
		{
			Name: "book", Path: "/v1/books/{id}", Summary: "A payee's accounts, measures and flags",
			Params: []Param{byID("the payee"), periodParam()}, Answer: report.Book{}, Codes: []int{404},
			answer: func(ctx context.Context, q question) (any, error) {
				f := q.filter()
				f.Payee = event.PayeeID(q.values["id"])
				return q.reader.Book(ctx, f)
			},
		},
		{
			Name: "journal", Path: "/v1/journal", Media: "application/x-ndjson",
			Summary: "Every entry in the order posted, one on a line; the last line has how many entries there are, or the error that broke it off",
			Params:  []Param{payeeParam(), periodParam()}, Answer: report.Posted{}, Codes: []int{404}, stream: s.journal,
		},
	}
}

// work are the questions about accounts, quarters and plans.
func (s *server) work() []Operation {
	return []Operation{
		{
			Name: "timeline", Path: "/v1/accounts/{id}", Summary: "An account over time: ARR, terms, owners, health, deals, deadlines",
			Params: []Param{byID("the account")}, Answer: report.Timeline{}, Codes: []int{404},
			answer: func(ctx context.Context, q question) (any, error) {
				return q.reader.Timeline(ctx, event.AccountID(q.values["id"]))
			},
		},
		{
			Name: "periods", Path: "/v1/periods", Summary: "Quarters, and how far each has come",
			Answer: report.PeriodList{},
			answer: func(ctx context.Context, q question) (any, error) { return q.reader.Periods(ctx) },
		},
		{
			Name: "lock_preview", Path: "/v1/periods/{period}/preview", Summary: "What a lock of a quarter would freeze if it came now",
			Params: []Param{periodParam().inPath()}, Answer: report.LockPreview{}, Codes: []int{404},
			answer: func(ctx context.Context, q question) (any, error) { return q.reader.LockPreview(ctx, q.period()) },
		},
		{
			Name: "what_if", Method: http.MethodPost, Path: "/v1/what-if", Code: http.StatusAccepted,
			Summary: "Begin to compare the ledger with what a plan would have made of it; one comparison is under way at a time",
			Body:    &Body{Media: "application/yaml", Meaning: "the plan document", Most: maxPlan}, Answer: report.WhatIf{}, Codes: []int{409, 413},
			answer: func(ctx context.Context, q question) (any, error) { return q.reader.WhatIf(ctx, q.body) },
		},
		{
			Name: "what_if_by_id", Path: "/v1/what-if/{id}", Summary: "How far a comparison has come, and what it found; the last one is kept",
			Params: []Param{byID("the comparison")}, Answer: report.WhatIf{}, Codes: []int{404},
			answer: func(ctx context.Context, q question) (any, error) { return q.reader.WhatIfByID(ctx, q.values["id"]) },
		},
	}
}

// care are the questions about what a person should look at.
func (s *server) care() []Operation {
	return []Operation{
		{
			Name: "flags", Path: "/v1/flags", Summary: "Flags that are raised",
			Params: []Param{payeeParam(), text("account", "only of this account"), periodParam()}, Answer: []report.Flag{},
			answer: func(ctx context.Context, q question) (any, error) {
				f := q.filter()
				f.Account = event.AccountID(q.values["account"])
				return q.reader.Raised(ctx, f)
			},
		},
		{
			Name: "sla", Path: "/v1/sla", Summary: "Risk interventions and disputes with their deadlines, the soonest first",
			Params: append([]Param{payeeParam(), oneOf("status", "only those that stand so", report.EpisodeStatuses())}, listParams("episode_id")...),
			Answer: []report.Episode{}, answer: episodes,
		},
		{
			Name: "parked", Path: "/v1/parked", Summary: "Inputs set aside, in the order that they were",
			Params: append([]Param{oneOf("state", "only those in this state", report.ParkedStates())}, listParams("parked_id")...),
			Answer: []report.Parked{}, answer: parked,
		},
		{
			Name: "parked_by_id", Path: "/v1/parked/{id}", Summary: "One input set aside, with its bytes",
			Params: []Param{byID("the parked input")}, Answer: report.Parked{}, Codes: []int{404},
			answer: func(ctx context.Context, q question) (any, error) { return q.reader.ParkedByID(ctx, q.values["id"]) },
		},
	}
}

// worker are the questions about the worker itself.
func (s *server) worker() []Operation {
	return []Operation{
		{
			Name: "status", Path: "/v1/status", Summary: "Where the worker stands", Answer: report.Status{},
			answer: func(ctx context.Context, q question) (any, error) { return q.reader.Status(ctx) },
		},
		{
			Name: "verify", Path: "/v1/verify", Summary: "Walk the whole ledger and say what is wrong; one walk is under way at a time",
			Answer: report.Verification{}, Codes: []int{503}, slow: true, answer: s.verify,
		},
		{
			Name: "live", Path: "/live", Media: eventStream, Answer: Moment{}, Codes: []int{503}, stream: s.live,
			Summary: "What changes while one listens, as server-sent events: ledger after what was recorded, sla (a Turned) when deadlines turned",
		},
		{
			Name: "openapi", Path: "/v1/openapi.json", Summary: "This document", Answer: map[string]any{}, stream: openapi,
		},
		{
			Name: "backup", Path: "/v1/backup", Summary: "The ledger file of this moment; one is made at a time",
			Media: snapshotType, Codes: []int{404, 503}, stream: s.backup,
		},
		{
			Name: "metrics", Path: "/metrics", Media: "text/plain", Codes: []int{404}, stream: s.metrics,
			Summary: "The worker's metrics, as Prometheus reads them; for ops, without amounts",
		},
		{
			Name: "healthz", Path: "/healthz", Summary: "That the process answers at all", Answer: Health{},
			answer: func(context.Context, question) (any, error) { return Health{Status: "ok"}, nil },
		},
		{
			Name: "readyz", Path: "/readyz", Summary: "Whether the worker does its work, and which part of it does not", Answer: Health{}, Codes: []int{503},
			answer: s.ready,
		},
	}
}

// filter is a payee and a period, where they are asked for.
func (q question) filter() report.Filter {
	f := report.Filter{Payee: event.PayeeID(q.values["payee"])}
	if q.values["period"] != "" {
		period := q.period()
		f.Period = &period
	}
	return f
}

// period is the quarter asked for, which was checked.
func (q question) period() civil.Quarter {
	period, _ := civil.ParseQuarter(q.values["period"])
	return period
}

// JSON reports whether an operation answers with one JSON value, also to those
// who do not ask over HTTP.
func (o Operation) JSON() bool { return o.answer != nil }
