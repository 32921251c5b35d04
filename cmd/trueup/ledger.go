package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// fileReader answers from a ledger file. It implements report.Reader.
type fileReader struct {
	store   *store.Store
	summary *store.Summary
	lens    *lens
	preview *previews
	warming *warming          // nil: nothing is read ahead
	whatIfs *scenario.WhatIfs // nil: nobody runs them
}

func newFileReader(s *store.Store) fileReader {
	return fileReader{store: s, summary: store.NewSummary(s), lens: newLens(s, 0), preview: newPreviews()}
}

// openReader opens a stopped worker's file, without changing it.
func openReader(path string) (report.Reader, io.Closer, error) {
	s, err := store.Open(path, store.Options{ReadOnly: true, Plan: readPlan, Codec: newCodec("", wire.Limits{})})
	if err != nil {
		return nil, nil, err
	}
	return newFileReader(s), s, nil
}

func readPlan(text string) (*plan.Plan, error) { return planfile.Decode("plan", []byte(text)) }

// source is a view as reports read it.
type source struct{ *store.View }

// Rejections implements report.Source.
func (s source) Rejections(yield func(report.Rejected) error) error { return rejections(s.View, yield) }

func rejections(v *store.View, yield func(report.Rejected) error) error {
	list, err := v.Parked(store.StateParked)
	if err != nil {
		return err
	}
	for _, p := range list {
		r := report.Rejected{ParkedID: p.ID, ID: p.Event.ID, Source: p.Event.Source, Subject: p.Subject, Code: p.Code, Reason: p.Reason, At: p.At}
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

func (r fileReader) setting(v *store.View) report.Setting {
	return report.Setting{Tenant: r.store.Tenant(), Plans: r.store.Plans(), Parse: planfile.Parse, State: v.State()}
}

// Statement implements report.Reader.
func (r fileReader) Statement(_ context.Context, f report.Filter) (doc *report.Document, err error) {
	if f.Payee != "" {
		return aboutOne(r, func(set report.Setting, src report.Source) (*report.Document, error) {
			return report.Build(set, src, f)
		})
	}
	err = r.store.View(func(v *store.View) error {
		doc, err = report.Build(r.setting(v), source{v}, f)
		return err
	})
	return doc, err
}

// Entry implements report.Reader.
func (r fileReader) Entry(_ context.Context, id string) (out *report.Entry, err error) {
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != len(ledger.EntryID{}) {
		return nil, report.NotFound{What: "entry", ID: id}
	}
	err = r.store.View(func(v *store.View) error {
		e, ok, err := v.Entry(ledger.EntryID(raw))
		if err != nil {
			return err
		}
		if !ok {
			return report.NotFound{What: "entry", ID: id}
		}
		out, err = entryOf(v, e)
		return err
	})
	return out, err
}

func entryOf(v *store.View, e *ledger.Entry) (*report.Entry, error) {
	out, err := report.EntryOf(e)
	if err != nil {
		return nil, err
	}
	err = v.FactsNamed(e.Scope, e.CausedBy, func(arrived time.Time, canonical []byte) {
		out.Facts = append(out.Facts, report.Fact{ArrivedAt: arrived, Event: json.RawMessage(canonical)})
	})
	return out, err
}

// Deal implements report.Reader.
func (r fileReader) Deal(_ context.Context, opportunity event.OpportunityID, account event.AccountID) (*report.Deal, error) {
	return aboutOne(r, func(set report.Setting, src report.Source) (*report.Deal, error) {
		return report.BuildDeal(set, src, opportunity, account)
	})
}

// Book implements report.Reader.
func (r fileReader) Book(_ context.Context, f report.Filter) (*report.Book, error) {
	return aboutOne(r, func(set report.Setting, src report.Source) (*report.Book, error) {
		return report.BuildBook(set, src, f)
	})
}

// Raised implements report.Reader.
func (r fileReader) Raised(_ context.Context, f report.Filter) (out []report.Flag, err error) {
	err = r.read(func(src report.Source) error {
		out, err = report.Flags(src, f)
		return err
	})
	return out, err
}

// read reads lists that are kept at hand, or the ledger where nothing is yet.
func (r fileReader) read(do func(report.Source) error) error {
	if r.warming == nil || !r.warming.over() {
		return r.store.View(func(v *store.View) error { return do(source{v}) })
	}
	return r.summary.View(func(v *store.Summed) error { return do(whole{v}) })
}

// SLA implements report.Reader.
func (r fileReader) SLA(_ context.Context, f report.Filter) ([]report.Episode, error) {
	out := []report.Episode{}
	err := r.read(func(src report.Source) error {
		return src.AllEpisodes(func(e tenant.Episode) error {
			if (f.Payee == "" || e.Payee == f.Payee) && (f.Status == "" || e.Status() == f.Status) {
				out = append(out, report.EpisodeOf(e))
			}
			return nil
		})
	})
	return out, err
}

// Parked implements report.Reader.
func (r fileReader) Parked(_ context.Context, state string) ([]report.Parked, error) {
	out := []report.Parked{}
	err := r.store.View(func(v *store.View) error {
		list, err := v.Parked(state)
		for _, p := range list {
			shown := parkedOf(p)
			shown.Header, shown.Body = nil, nil
			out = append(out, shown)
		}
		return err
	})
	return out, err
}

// ParkedByID implements report.Reader.
func (r fileReader) ParkedByID(_ context.Context, id string) (*report.Parked, error) {
	var out report.Parked
	err := r.store.View(func(v *store.View) error {
		p, ok, err := v.ParkedByID(id)
		if err == nil && !ok {
			err = report.NotFound{What: "parked input", ID: id}
		}
		out = parkedOf(p)
		return err
	})
	return &out, err
}

func parkedOf(p store.Parked) report.Parked {
	return report.Parked{
		ParkedID: p.ID, State: p.State, Code: p.Code, Reason: p.Reason, Source: p.Event.Source, ID: p.Event.ID, Subject: p.Subject, At: p.At,
		Tries: p.Tries, By: p.By, Note: p.Note, Bytes: len(p.Body), Header: p.Header, Body: p.Body,
	}
}

// Status implements report.Reader.
func (r fileReader) Status(context.Context) (*report.Status, error) {
	out := &report.Status{Tenant: r.store.Tenant(), Version: version(), PlanVersions: []string{}, Alarms: []string{}}
	plans, err := r.store.Published()
	if err != nil {
		return nil, err
	}
	for _, p := range plans {
		out.PlanVersions = append(out.PlanVersions, p.ID())
	}
	err = r.store.View(func(v *store.View) error {
		st, err := v.Status()
		out.AsOf, out.Facts, out.Entries, out.Payees, out.Parked = st.AsOf, st.Facts, st.Entries, st.Payees, st.Parked
		out.Timers, out.NextTimer, out.FileBytes = st.Timers, st.NextTimer, st.FileBytes
		out.Outputs, out.Outbox = st.LastOut, st.LastOut-min(st.LastOut, st.Confirmed)
		out.Position = report.Position{StreamCreated: st.Position.Created, Sequence: st.Position.Seq, Time: st.Position.Time}
		return err
	})
	return out, err
}

// Verify implements report.Reader.
func (r fileReader) Verify(_ context.Context, progress func(string, int)) (*report.Verification, error) {
	v, err := r.store.Verify(progress)
	if err != nil {
		return nil, err
	}
	problems := v.Problems
	if problems == nil {
		problems = []string{}
	}
	return &report.Verification{
		OK: len(problems) == 0, Facts: v.Facts, Payees: v.Payees, Entries: v.Entries, Outputs: v.Outputs, Accounts: v.Accounts, Problems: problems,
	}, nil
}
