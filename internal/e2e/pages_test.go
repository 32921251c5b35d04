//go:build e2e

package e2e

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/trueup/trueup/internal/report"
)

// pages are every page there is, by the name of its picture.
func pages(t *testing.T) map[string]string {
	t.Helper()
	lost := clawedBack(t)
	parked := must[[]report.Parked](t, "/v1/parked")
	return map[string]string{
		"overview": "/", "payees": "/payees", "payees-searched": "/payees?search=ae-&sort=earned&order=desc",
		"statement":   "/payees/" + url.PathEscape(lost.PayeeID) + "?period=" + lost.Period,
		"explanation": "/entries/" + lost.EntryID, "deal": "/deals/" + url.PathEscape(lost.OpportunityID),
		"account": "/accounts/" + url.PathEscape(lost.AccountID), "sla": "/sla", "sla-breached": "/sla?status=breached", "flags": "/flags",
		"parked": "/parked", "parked-event": "/parked/" + url.PathEscape(parked[0].ParkedID), "periods": "/periods",
		"period": "/periods/2027-Q3", "lock": "/periods/2027-Q4?confirm=lock", "what-if": "/what-if", "find": "/find?q=csm-00", "missing": "/nothing",
		"adjust": "/payees/" + url.PathEscape(lost.PayeeID) + "/adjust", "exception": "/accounts/" + url.PathEscape(lost.AccountID) + "/exception",
		"dispute": "/deals/" + url.PathEscape(lost.OpportunityID) + "/dispute?account=" + url.QueryEscape(lost.AccountID),
		"decide":  "/deals/" + url.PathEscape(lost.OpportunityID) + "/decide?dispute=d-1&account=" + url.QueryEscape(lost.AccountID),
		"paid":    "/periods/2027-Q2?confirm=confirm",
	}
}

// mostBytes is what one page may transfer, all its files included.
const mostBytes = 200_000

func TestPagesAreSmall(t *testing.T) {
	p := signedIn(t, "admin")
	for name, path := range pages(t) {
		p.visit(path)
		took := evaluated[float64](p, `performance.getEntriesByType("navigation")[0].responseEnd`)
		t.Logf("%-16s %7d bytes, answered in %.0f ms", name, p.transferred(), took)
		if n := p.transferred(); n == 0 || n > mostBytes {
			t.Errorf("%s transfers %d bytes, want up to %d", path, n, mostBytes)
		}
	}
}

// axe-core finds nothing on any page, in any colours and at any width.
func TestPagesAreAccessible(t *testing.T) {
	axe, err := os.ReadFile(os.Getenv("AXE"))
	if err != nil {
		t.Fatalf("AXE names no axe.min.js: %v; use make e2e", err)
	}
	all := pages(t)
	p := signedIn(t, "admin")
	check := func(p *tab, name, path string) {
		p.visit(path)
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 390} {
				p.look(width, 900, scheme)
				for _, v := range violations(p, string(axe)) {
					t.Errorf("%s (%s, %d px, %s): %s", path, name, width, scheme, v)
				}
			}
		}
	}
	for name, path := range all {
		check(p, name, path)
	}
	check(open(t), "login", "/login")
}

// violations are what axe-core finds in a page.
func violations(p *tab, axe string) []string {
	var found struct {
		Violations []struct {
			ID, Help string
			Nodes    []struct{ HTML, FailureSummary string }
		}
		Passes int
	}
	if !evaluated[bool](p, `typeof axe !== "undefined"`) {
		evaluated[bool](p, axe+"; true")
	}
	raw := evaluated[string](p, `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify({violations: r.violations, passes: r.passes.length}))`,
		chromedp.EvalAwaitPromise)
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		p.Fatal(err)
	}
	if found.Passes == 0 {
		p.Errorf("axe-core looked at nothing at %s", p.at())
	}
	var out []string
	for _, v := range found.Violations {
		for _, n := range v.Nodes {
			out = append(out, v.ID+": "+v.Help+": "+n.HTML+": "+strings.Join(strings.Fields(n.FailureSummary), " "))
		}
	}
	return out
}

// TestScreenshots writes a picture of every page where SCREENSHOTS says.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		t.Skip("SCREENSHOTS names no folder")
	}
	all := pages(t)
	p, nobody := signedIn(t, "admin"), open(t)
	for _, look := range []struct {
		name, scheme  string
		width, height int64
	}{{"light", "light", 1280, 900}, {"dark", "dark", 1280, 900}, {"phone", "light", 390, 844}} {
		for name, path := range all {
			picture(p, path, look.width, look.height, look.scheme, filepath.Join(dir, name+"-"+look.name+".png"))
		}
		picture(nobody, "/login", look.width, look.height, look.scheme, filepath.Join(dir, "login-"+look.name+".png"))
	}
}

func picture(p *tab, path string, width, height int64, scheme, file string) {
	p.look(width, height, scheme)
	p.visit(path)
	p.holds(`document.readyState === "complete"`)
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	if png, err = small(png); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		p.Fatal(err)
	}
}
