package web_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// walking verifies in steps, each of which takes a second.
type walking struct {
	report.Reader
	steps int
	clock *time.Time
}

func (r walking) Verify(_ context.Context, progress func(string, int)) (*report.Verification, error) {
	for i := range r.steps {
		if *r.clock = r.clock.Add(time.Second); progress != nil {
			progress("facts", i+1)
		}
	}
	return &report.Verification{OK: true, Facts: uint64(r.steps), Problems: []string{}}, nil
}

// A verification says how far it is to a client that wants to hear it, and
// answers others in one piece.
func TestVerifyTellsProgress(t *testing.T) {
	now := time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)
	s, c := serve(t, walking{steps: 50, clock: &now}, web.Options{Now: func() time.Time { return now }})
	var told []string
	v, err := c.Verify(t.Context(), func(what string, n int) { told = append(told, fmt.Sprint(n, " ", what)) })
	if err != nil || !v.OK || v.Facts != 50 || len(told) != 50 || told[0] != "1 facts" || told[49] != "50 facts" {
		t.Errorf("Verify() = %+v, %v, told %q", v, err, told)
	}
	if v, err := c.Verify(t.Context(), nil); err != nil || v.Facts != 50 {
		t.Errorf("Verify() without progress = %+v, %v", v, err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "GET /v1/verify HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || line != "HTTP/1.1 200 "+http.StatusText(200)+"\r\n" {
		t.Errorf("who does not ask for progress hears first %q, %v", line, err)
	}
}
