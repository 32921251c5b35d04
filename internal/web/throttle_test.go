package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/web"
)

// from asks a server as a client at an address, perhaps through a proxy.
func from(h http.Handler, address, through, token string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, "/healthz", nil)
	req.Host, req.RemoteAddr = "localhost", address
	if through != "" {
		req.Header.Set("X-Forwarded-For", through)
	}
	if token != "" {
		req.URL.Path = "/v1/status"
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

// A client that asks too often has to wait, and is told how long; the others
// have not.
func TestTooManyRequests(t *testing.T) {
	now := time.Date(2027, time.April, 10, 9, 0, 0, 0, time.UTC)
	h := web.NewServer(reporttest.Reader{}, web.Options{Now: func() time.Time { return now }})
	let := func(address, through string) (n int) {
		for ; n < 2000; n++ {
			w := from(h, address, through, "")
			if w.Code == http.StatusTooManyRequests {
				if w.Header().Get("Retry-After") != "1" {
					t.Errorf("Retry-After is %q", w.Header().Get("Retry-After"))
				}
				return n
			}
		}
		return n
	}
	for _, tt := range []struct {
		address, through string
		want             int
	}{
		{"203.0.113.9:1000", "", 400},
		{"203.0.113.9:2000", "", 0}, // another port is the same client
		{"203.0.113.9:2000", "198.51.100.1", 0},
		{"203.0.113.10:1000", "", 400},
		{"[2001:db8::1]:1000", "", 400},
		{"[2001:db8::2]:1000", "", 0}, // one client's network
		{"[2001:db8:0:1::2]:1000", "", 400},
		{"127.0.0.1:1000", "10.0.0.1, 198.51.100.1", 400}, // a proxy here tells for whom it asks
		{"127.0.0.1:1000", "10.0.0.2, 198.51.100.1", 0},
		{"127.0.0.1:1000", "198.51.100.2", 400},
		{"127.0.0.1:1000", "", 400},
	} {
		if got := let(tt.address, tt.through); got != tt.want {
			t.Errorf("%s for %q: %d were answered, want %d", tt.address, tt.through, got, tt.want)
		}
	}
	now = now.Add(time.Second)
	if got := let("203.0.113.9:1000", ""); got != 100 {
		t.Errorf("a second later %d were answered, want 100", got)
	}
}

// Who shows tokens that are nobody's is told to wait before long; a good token
// from there is let in nevertheless.
func TestTooManyTokens(t *testing.T) {
	h := open(t, "churn-on-day-90", web.Options{})
	user := h.give(t, access.Token{Name: "user-1", Role: access.Ops})
	codes := map[int]int{}
	for i := range 20 {
		resp, _ := h.ask(t, http.MethodGet, "/v1/status", "", bearer(fmt.Sprint("trueup_", i)))
		codes[resp.StatusCode]++
		if resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") != "6" {
			t.Errorf("Retry-After is %q, want 6", resp.Header.Get("Retry-After"))
		}
	}
	if codes[http.StatusUnauthorized] != 10 || codes[http.StatusTooManyRequests] != 10 {
		t.Errorf("20 wrong tokens gave %v, want ten 401 and ten 429", codes)
	}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": h.URL}
	if resp, _ := h.ask(t, http.MethodPost, "/login", "token=trueup_x", form); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("signing in after that = %d", resp.StatusCode)
	}
	if resp, body := h.ask(t, http.MethodGet, "/v1/status", "", bearer(user)); resp.StatusCode != http.StatusOK {
		t.Errorf("a good token after that = %d %s", resp.StatusCode, body)
	}
	h.pass(6 * time.Second)
	if resp, _ := h.ask(t, http.MethodGet, "/v1/status", "", bearer("trueup_x")); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("six seconds later = %d", resp.StatusCode)
	}
}

// However many clients there are, only so many are remembered.
func TestThrottleIsBounded(t *testing.T) {
	if n := web.Remembered(20_000); n != 8192 {
		t.Errorf("of 20,000 clients %d are remembered", n)
	}
}
