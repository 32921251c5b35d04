//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take to show something on a slow machine.
const patience = 2 * time.Minute

var browser context.Context

func openBrowser(dir string) (func(), error) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.UserDataDir(filepath.Join(dir, "chromium")))
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	browser = ctx
	return func() { cancel(); cancelAlloc() }, chromedp.Do(ctx, chromedp.Navigate("about:blank"))
}

// tab is a page that somebody looks at.
type tab struct {
	*testing.T
	ctx context.Context
	of  *worker // whose pages

	mu    sync.Mutex
	bytes float64 // that came over the network since the last visit
}

// open opens a tab with cookies of its own, where nobody is signed in.
func open(t *testing.T) *tab { t.Helper(); return openOf(t, running) }

// openOf opens a tab to look at another worker.
func openOf(t *testing.T, of *worker) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &tab{T: t, ctx: ctx, of: of}
	err := chromedp.Listen(ctx, func(ev any) {
		if e, is := ev.(*network.EventLoadingFinished); is {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.bytes += e.EncodedDataLength
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(p, network.Enable, network.EnableParams{})
	call(p, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	return p
}

// signedIn opens a tab where somebody is signed in.
func signedIn(t *testing.T, name string) *tab { t.Helper(); return signedInOf(t, running, name) }

func signedInOf(t *testing.T, of *worker, name string) *tab {
	t.Helper()
	p := openOf(t, of)
	p.visit("/login")
	p.fill(`input[name=token]`, of.tokens[name], `form[action="/login"]`)
	p.sees("Sign out")
	return p
}

// call tells the browser something about the tab.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) {
	p.Helper()
	if _, err := chromedp.Call(p.ctx, command, params); err != nil {
		p.Fatal(err)
	}
}

// do does what a person would, and waits for what it needs to be there.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.Fatalf("at %s: %v", p.at(), err)
	}
}

// evaluated is what an expression is in the page.
func evaluated[T any](p *tab, expression string, opts ...chromedp.EvaluateOption) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, opts...))
	if err != nil {
		p.Fatalf("at %s: %v", p.at(), err)
	}
	return v
}

// at is where the tab is.
func (p *tab) at() string {
	url, _ := chromedp.Run(p.ctx, chromedp.Location())
	return url
}

func (p *tab) visit(path string) {
	p.Helper()
	p.mu.Lock()
	p.bytes = 0
	p.mu.Unlock()
	p.do(chromedp.Navigate(p.of.url + path))
}

// transferred is how much came since the last visit, all files of the page
// included.
func (p *tab) transferred() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.bytes)
}

// text is what the page says.
func (p *tab) text() string {
	p.Helper()
	return evaluated[string](p, "document.body.innerText")
}

// sees waits until the page says something.
func (p *tab) sees(text string) {
	p.Helper()
	p.holds(fmt.Sprintf(`document.body.innerText.includes(%q)`, text))
}

// holds waits until an expression is true in the page, which may be another one
// before it is: what cannot be asked while one goes to it is asked again.
func (p *tab) holds(expression string) {
	p.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		is, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](expression))
		if err == nil && is {
			return
		}
		if time.Now().After(until) {
			p.Fatalf("at %s: %s does not come true: %v; the page says:\n%s", p.at(), expression, err, strings.TrimSpace(p.text()))
		}
	}
}

// click follows a link or presses a button.
func (p *tab) click(selector string) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
		switch {
		case err == nil:
			return
		case ctx.Err() != nil || !strings.Contains(err.Error(), "node with given id"): // else it was replaced, live, before it was clicked
			p.Fatalf("at %s: click %s: %v", p.at(), selector, err)
		}
	}
}

// look sets the size of the window and the scheme of colours.
func (p *tab) look(width, height int64, scheme string) {
	p.Helper()
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
	})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// fill writes into a field and sends its form.
func (p *tab) fill(field, text, form string) {
	p.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS(field), text), chromedp.Submit(chromedp.CSS(form)))
}

// write puts a text in the place of what stands in a field.
func (p *tab) write(field, text string) {
	p.Helper()
	p.holds(fmt.Sprintf(`document.querySelector(%q) !== null`, field))
	evaluated[bool](p, fmt.Sprintf(`(document.querySelector(%q).value = %q) !== undefined`, field, text))
}
