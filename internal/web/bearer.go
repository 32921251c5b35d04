package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Bearer is a client that shows a token, or where it is empty none, and follows
// no redirects.
func Bearer(token string) *http.Client {
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if token != "" {
		c.Transport = bearer(token)
	}
	return c
}

// bearer implements http.RoundTripper.
type bearer string

// RoundTrip implements http.RoundTripper. It shows the token to nobody whom
// others could overhear.
func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	name := strings.ToLower(req.URL.Hostname())
	ip, err := netip.ParseAddr(name)
	if req.URL.Scheme != "https" && name != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("a token is not sent to %s over http: others could read it; use https", req.URL.Host)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(req)
}
