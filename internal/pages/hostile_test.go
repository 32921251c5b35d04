package pages_test

import (
	"context"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/internal/pages"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
)

func quarter(t *testing.T, s string) civil.Quarter {
	t.Helper()
	q, err := civil.ParseQuarter(s)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// minor is a decimal of two places as whole cents.
func minor(t *testing.T, decimal string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.Replace(decimal, ".", "", 1), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>` + "\u202e/../?a=b&c#d"

// poisoned makes every name and sentence of an answer a hostile one.
func poisoned[T any](v T) T {
	poison(reflect.ValueOf(&v).Elem(), "")
	return v
}

// kept are fields that come from closed lists of ours, or are parsed.
var kept = map[string]bool{
	"Status": true, "State": true, "Period": true, "Periods": true, "AsOf": true, "Month": true, "Kind": true, "Reason": true, "Currency": true,
	"Op": true, "Rounding": true, "Measure": true, "Window": true, "EntryID": true, "Value": true,
}

func poison(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			poison(v.Elem(), name)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				poison(v.Field(i), f.Name)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), name)
		}
	case reflect.String:
		s := v.String()
		_, notDay := civil.ParseDate(s)
		_, notMoney := money.Parse(s, "USD")
		notRatio := strings.Trim(s, "-0123456789.:TZ")
		if v.CanSet() && !kept[name] && s != "" && notDay != nil && notMoney != nil && notRatio != "" {
			v.SetString(evil)
		}
	}
}

// hostile answers with hostile names.
type hostile struct{ reporttest.Reader }

func turned[T any](v T, err error) (T, error) { return poisoned(v), err }

func (h hostile) Overview(ctx context.Context) (*report.Overview, error) {
	return turned(h.Reader.Overview(ctx))
}

func (h hostile) Payees(ctx context.Context, q report.PayeesQuery) (*report.PayeeList, error) {
	return turned(h.Reader.Payees(ctx, q))
}

func (h hostile) PayeeView(ctx context.Context, f report.Filter) (*report.PayeeView, error) {
	return turned(h.Reader.PayeeView(ctx, f))
}

func (h hostile) Entry(ctx context.Context, id string) (*report.Entry, error) {
	return turned(h.Reader.Entry(ctx, id))
}

func (h hostile) Deal(ctx context.Context, o event.OpportunityID, a event.AccountID) (*report.Deal, error) {
	return turned(h.Reader.Deal(ctx, o, a))
}

func (h hostile) Timeline(ctx context.Context, a event.AccountID) (*report.Timeline, error) {
	return turned(h.Reader.Timeline(ctx, a))
}

func (h hostile) SLA(ctx context.Context, f report.Filter) ([]report.Episode, error) {
	return turned(h.Reader.SLA(ctx, f))
}

func (h hostile) Raised(ctx context.Context, f report.Filter) ([]report.Flag, error) {
	return turned(h.Reader.Raised(ctx, f))
}

func (h hostile) ParkedByID(ctx context.Context, id string) (*report.Parked, error) {
	return turned(h.Reader.ParkedByID(ctx, id))
}

func (h hostile) Periods(ctx context.Context) (*report.PeriodList, error) {
	return turned(h.Reader.Periods(ctx))
}

func (h hostile) LockPreview(ctx context.Context, q civil.Quarter) (*report.LockPreview, error) {
	return turned(h.Reader.LockPreview(ctx, q))
}

// What comes from outside is text on a page, and one segment of an address.
func TestHostileNames(t *testing.T) {
	for _, name := range []string{"late-churn-after-lock", "risk-sla-breached-by-silence", "same-id-other-content", "reassigned-account-churns"} {
		clean := reporttest.Play(t, cases, name)
		h := serve(hostile{clean}, pages.Options{MayAct: always})
		for _, path := range paths(t, clean) {
			body := show(t, h, path) // which refuses scripts, handlers and links elsewhere
			for _, raw := range []string{"<script>alert", "<img", "onerror=alert(2)>\""} {
				if strings.Contains(body, raw) {
					t.Errorf("%s: GET %s has %q as it came", name, path, raw)
				}
			}
			for _, part := range strings.Split(body, `href="/payees/`)[1:] {
				if id, _, _ := strings.Cut(part, `"`); strings.ContainsAny(strings.TrimSuffix(strings.SplitN(id, "?", 2)[0], "/adjust"), "/#'<>") {
					t.Errorf("%s: GET %s links to /payees/%s", name, path, id)
				}
			}
		}
	}
	h := serve(reporttest.Play(t, cases, "churn-on-day-90"), pages.Options{MayAct: always})
	for _, path := range []string{"/payees/", "/deals/", "/accounts/", "/parked/", "/entries/", "/periods/", "/find?q=", "/payees?search=", "/sla?payee=", "/flags?payee=", "/parked?sent="} {
		escape := url.PathEscape
		if strings.Contains(path, "?") {
			escape = url.QueryEscape
		}
		_, body := get(t, h, path+escape(evil))
		check(t, path+evil, body)
		if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") {
			t.Errorf("GET %s%s says it as it came", path, evil)
		}
	}
}

// Nobody is sent to another site's page after signing in or looking for a name.
func TestFindLeads(t *testing.T) {
	r := reporttest.Play(t, cases, "churn-on-day-90")
	h := serve(r, pages.Options{})
	for q, want := range map[string]string{
		"":                       "/payees",
		"csm-1":                  "/payees/csm-1",
		"acct-1":                 "/accounts/acct-1",
		strings.Repeat("AB", 16): "/entries/" + strings.Repeat("ab", 16),
	} {
		code, _ := get(t, h, "/find?q="+q)
		if code != 303 {
			t.Errorf("GET /find?q=%s = %d, want to be sent to %s", q, code, want)
		}
	}
	if body := show(t, h, "/find?q=nobody"); !strings.Contains(body, `href="/deals/nobody"`) {
		t.Errorf("GET /find?q=nobody = %s", body)
	}
}
