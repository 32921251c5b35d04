package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
)

// While a ledger is read ahead, a question about everybody says so to whoever
// does not wait; lists and questions about one are answered. After that, and
// also where previews of locks are worked out for all, answers are what they are
// of a file.
func TestWarming(t *testing.T) {
	c := smallCompany(1)
	s := openLedger(t, filepath.Join(t.TempDir(), "company.db"), c)
	defer s.Close()
	if _, err := s.Record(companyInputs(t, c)); err != nil {
		t.Fatal(err)
	}
	file, r := newFileReader(s), newFileReader(s)
	r.warming = newWarming()
	soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	q := civil.Quarter(2027*4 + 3)
	for what, err := range map[string]error{
		"overview": refusal(r.Overview(soon)), "payees": refusal(r.Payees(soon, report.PayeesQuery{})), "periods": refusal(r.Periods(soon)), "preview": refusal(r.LockPreview(soon, q)),
	} {
		if !errors.As(err, new(report.Working)) {
			t.Errorf("%s while the ledger is read = %v, want Working", what, err)
		}
	}
	for what, err := range map[string]error{
		"sla": refusal(r.SLA(soon, report.Filter{})), "flags": refusal(r.Raised(soon, report.Filter{})), "a payee": refusal(r.PayeeView(soon, report.Filter{Payee: "csm-001"})),
	} {
		if err != nil {
			t.Errorf("%s while the ledger is read = %v", what, err)
		}
	}
	if err := r.warm(t.Context()); err != nil || r.warming.done.Load() != r.warming.of.Load() || r.warming.of.Load() == 0 {
		t.Fatalf("%d of %d payees read: %v", r.warming.done.Load(), r.warming.of.Load(), err)
	}
	close(r.warming.ended)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.runPreviews(ctx) }()
	var asking sync.WaitGroup
	for _, period := range []civil.Quarter{q - 1, q, q + 1, q} {
		asking.Go(func() {
			got, err := r.LockPreview(t.Context(), period)
			want, wantErr := file.LockPreview(t.Context(), period)
			if a, b := fmt.Sprintf("%+v %v", got, err), fmt.Sprintf("%+v %v", want, wantErr); a != b || err != nil {
				t.Errorf("%s: the preview is\n%s\nof the file\n%s", period, a, b)
			}
		})
	}
	asking.Wait()
	over, err := r.Overview(t.Context())
	want, wantErr := file.Overview(t.Context())
	if a, b := fmt.Sprintf("%+v %v", over, err), fmt.Sprintf("%+v %v", want, wantErr); a != b {
		t.Errorf("the overview is\n%s\nof the file\n%s", a, b)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("previews ended with %v", err)
	}
}

func refusal(_ any, err error) error { return err }
