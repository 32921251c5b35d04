package web

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/trueup/trueup/internal/report"
)

// progressHeader is on informational responses (102 Processing) that come before
// the answer of a question that takes long, to those who send it with their
// question: how many of what was done. The answer is the same with and without.
const progressHeader = "Trueup-Progress"

// progressEvery is how often it is told at most.
const progressEvery = 250 * time.Millisecond

type telling struct{}

// told gives a context in which a slow answer tells how far it is.
func (s *server) told(ctx context.Context, w http.ResponseWriter, req *http.Request) context.Context {
	if req.Header.Get(progressHeader) == "" || s.opts.Now == nil || !req.ProtoAtLeast(1, 1) {
		return ctx
	}
	var last time.Time
	return context.WithValue(ctx, telling{}, func(what string, done int) {
		now := s.opts.Now()
		if now.Sub(last) < progressEvery {
			return
		}
		last = now
		head := w.Header()
		head.Set(progressHeader, strconv.Itoa(done)+" "+what)
		w.WriteHeader(http.StatusProcessing)
		head.Del(progressHeader)
	})
}

// progressOf is what a context's answer is to call, nil where nobody listens.
func progressOf(ctx context.Context) func(what string, done int) {
	tell, _ := ctx.Value(telling{}).(func(string, int))
	return tell
}

// Verify implements report.Reader.
func (c *client) Verify(ctx context.Context, progress func(string, int)) (*report.Verification, error) {
	if progress != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(_ int, head textproto.MIMEHeader) error {
			n, what, _ := strings.Cut(head.Get(progressHeader), " ")
			if done, err := strconv.Atoi(n); err == nil {
				progress(what, done)
			}
			return nil
		}})
	}
	return one[report.Verification](ctx, c, 0, "/v1/verify", nil)
}
