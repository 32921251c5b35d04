package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/workertest"
)

// certify makes a certificate for this machine that vouches for itself, and the
// client that trusts it.
func certify(t *testing.T, dir string) (certFile, keyFile string, trusting *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "trueup"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"ledger.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trusting = x509.NewCertPool()
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trusting.AddCert(leaf)
	return certFile, keyFile, trusting
}

// token has the program make one.
func token(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := trueup(t, "", append([]string{"token", "add"}, args...)...)
	if code != 0 {
		t.Fatalf("trueup token add %v: exit %d: %s", args, code, stderr)
	}
	return strings.TrimSpace(stdout)
}

// showing is a client that shows a token.
type showing struct {
	token string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (s showing) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+s.token)
	return s.next.RoundTrip(req)
}

// The real worker, on every address of the machine, over TLS with tokens: an
// admin discards what was parked and adjusts what somebody is paid, and both are in
// the ledger; the payee hears only of their own; a revoked token is refused at once, and a
// renewed certificate is shown without a restart.
func TestWorkerOverTLS(t *testing.T) {
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens")
	certFile, keyFile, trusted := certify(t, dir)
	admin := token(t, "comp-admin", "--role", "admin", "--by-role", "director_revops", "--tokens", tokens)
	payee := token(t, "csm-001", "--role", "payee", "--payee", "csm-1", "--tokens", tokens)

	all := scenariotest.All(t, cases)
	c := all[slices.IndexFunc(all, func(c scenariotest.Case) bool { return c.Name == "same-id-other-content" })]
	p := workertest.Start(t, "--data", filepath.Join(dir, "data"), "--plan", planOf(t, c), "--as-of", asOf(t, c),
		"--http", "0.0.0.0:0", "--tls-cert", certFile, "--tls-key", keyFile, "--tokens", tokens)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(p.Answers(), "https://"))
	if err != nil {
		t.Fatalf("the worker answers at %s: %v", p.Answers(), err)
	}
	base := "https://127.0.0.1:" + port
	client := func(token string, trusted *x509.CertPool) *http.Client {
		return &http.Client{Transport: showing{token, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}}}
	}
	asAdmin, asPayee := client(admin, trusted), client(payee, trusted)
	reader := web.NewClient(base, asAdmin)

	code, _, stderr := trueup(t, string(c.Events), "publish", "-", "--nats", p.Events())
	if code != 0 {
		t.Fatalf("trueup publish: exit %d: %s", code, stderr)
	}
	await(t, reader, func(st *report.Status) bool { return st.Pending == 0 && st.Outbox == 0 && st.Parked == 1 })
	parked, err := reader.Parked(t.Context(), "parked")
	if err != nil || len(parked) != 1 {
		t.Fatalf("Parked = %v, %v", parked, err)
	}
	send(t, asAdmin, base+"/v1/parked/"+parked[0].ParkedID+"/discard", `{"reason":"the first stands"}`, http.StatusAccepted, `"subject": "admin.default.event.discarded"`)
	send(t, asAdmin, base+"/v1/parked/"+parked[0].ParkedID+"/discard", `{"reason":"the first stands"}`, http.StatusAccepted, "") // again
	await(t, reader, func(st *report.Status) bool { return st.Pending == 0 && st.Parked == 0 })
	given, err := reader.ParkedByID(t.Context(), parked[0].ParkedID)
	if err != nil || given.State != "discarded" || given.By != "comp-admin" || given.Note != "the first stands" {
		t.Errorf("the input is %+v, %v; want it discarded by comp-admin", given, err)
	}
	before, err := reader.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	amount := `{"amount":{"amount":"12.50","currency":"USD"},"effective_on":"2027-02-15","reason":"x"}`
	send(t, asAdmin, base+"/v1/payees/csm-1/adjustments", amount, http.StatusAccepted, "")
	await(t, reader, func(st *report.Status) bool { return st.Pending == 0 && st.Entries == before.Entries+1 })

	if doc, err := web.NewClient(base, asPayee).Statement(t.Context(), report.Filter{}); err != nil || len(doc.Payees) != 1 || doc.Payees[0].ID != "csm-1" {
		t.Errorf("csm-1's statement = %+v, %v", doc, err)
	}
	send(t, asPayee, base+"/v1/payees/csm-1/adjustments", amount, http.StatusForbidden, "adjust is for admin")
	if _, err := web.NewClient(base, client("", trusted)).Status(t.Context()); err == nil || !strings.Contains(err.Error(), "the token is nobody's") {
		t.Errorf("without a token: %v", err)
	}
	if code, _, stderr := trueup(t, "", "token", "revoke", "csm-001", "--tokens", tokens); code != 0 {
		t.Fatalf("trueup token revoke: exit %d: %s", code, stderr)
	}
	if _, err := web.NewClient(base, asPayee).Status(t.Context()); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("with a revoked token: %v", err)
	}

	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/v1/status", nil)
	req.Host = "ledger.example" // the certificate's name
	resp, err := asAdmin.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("as ledger.example = %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
	_, _, renewed := certify(t, dir)
	if _, err := web.NewClient(base, client(admin, renewed)).Status(t.Context()); err != nil {
		t.Errorf("with a renewed certificate: %v", err)
	}
	if log := p.Stderr(); strings.Contains(log, admin) || strings.Contains(log, payee) {
		t.Errorf("a token is in the log: %s", log)
	}
}

// send posts a decision.
func send(t *testing.T, c *http.Client, to, body string, code int, want string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "k-1")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != code || !strings.Contains(string(b), want) {
		t.Fatalf("POST %s = %d %s, %v; want %d %s", to, resp.StatusCode, b, err, code, want)
	}
}

// await waits until a worker stands so.
func await(t *testing.T, r report.Reader, so func(*report.Status) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		st, err := r.Status(t.Context())
		switch {
		case err != nil:
			t.Fatal(err)
		case so(st):
			return
		case ctx.Err() != nil:
			t.Fatalf("the worker stands at %+v", st)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Where a worker answers others, nothing may be missing; every mistake is told
// before anything is opened.
func TestListenIsChecked(t *testing.T) {
	for _, tt := range []struct {
		http, cert, key, tokens string
		want                    string
	}{
		{"127.0.0.1:0", "", "", "", ""},
		{"[::1]:0", "", "", "", ""},
		{"localhost:0", "c", "k", "", ""},
		{"0.0.0.0:8443", "c", "k", "t", ""},
		{"0.0.0.0:8080", "", "", "", `--http "0.0.0.0:8080" is not a loopback address: --tls-cert, --tls-key, --tokens missing; others could read what people are paid`},
		{":8080", "", "", "t", `--http ":8080" is not a loopback address: --tls-cert, --tls-key missing`},
		{"ledger.example:443", "c", "k", "", `--http "ledger.example:443" is not a loopback address: --tokens missing`},
		{"127.0.0.1:0", "c", "", "t", "--tls-cert and --tls-key: give both or none"},
		{"127.0.0.1:0", "", "k", "t", "--tls-cert and --tls-key: give both or none"},
		{"8080", "", "", "", `--http "8080" is not host:port`},
	} {
		c := config{http: tt.http, tlsCert: tt.cert, tlsKey: tt.key, tokens: tt.tokens}
		err := c.checkHTTP()
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("--http %q --tls-cert %q --tls-key %q --tokens %q: %v, want %q", tt.http, tt.cert, tt.key, tt.tokens, err, tt.want)
		}
	}
}
