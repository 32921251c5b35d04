// Package pages shows a ledger to people, as HTML: it renders what a
// report.Reader answers, works nothing out, and decides nothing. What people
// decide is sent by forms to the routes of internal/web.
//
// Everything works without JavaScript. With it, what is live is loaded again
// when the ledger has moved, and countdowns tick.
package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/report"
)

//go:embed templates static
var files embed.FS

// Asker is who looks at a page.
type Asker struct {
	Name  string // empty: nobody in particular, on loopback
	Role  string // payee manager admin ops, or empty
	Payee string // whose statement is theirs; empty: nobody's
}

// Options say for whom pages are made.
type Options struct {
	// Who asks; nil: nobody in particular.
	Who func(*http.Request) Asker
	// MayAct says whether forms for a kind of decision are shown: lock reopen confirm
	// retry discard adjust dispute decide approve. Nil: none are.
	MayAct func(req *http.Request, action string) bool
	// Entitled says why the plans let whoever may act not decide something, by
	// their role in the company. Nil: they always do.
	Entitled func(req *http.Request, action string) error
	// SignIn: there are tokens to sign in with.
	SignIn bool
	// Code is the status of an error that a reader gave; 0: these pages know.
	// nil: they always do.
	Code func(error) int
	// Clock is the worker's, which may be played; nil: as of the latest arrival.
	Clock func() time.Time
	Log   zerolog.Logger
}

// handler answers with pages.
type handler struct {
	opts      Options
	reader    func(*http.Request) report.Reader
	templates map[string]*template.Template
	assets    map[string]asset
}

// Files is where the files of pages are, which say nothing of anybody.
const Files = "/static/"

// asset is a file that pages link to, under a name with its hash.
type asset struct {
	bytes []byte
	kind  string
}

// view is what a page shows.
type view struct {
	page   string // the template
	title  string
	place  string // which entry of the navigation it belongs to
	tenant string
	asOf   string // what the answer says it is as of
	data   any
	sent   *sent  // what became of what was sent; nil: what the address says
	code   int    // 0: 200
	again  string // in how many seconds it is loaded again by itself; empty: it is not
}

// Pages are what New gives.
type Pages struct {
	handler *handler
	mux     *http.ServeMux
}

// ServeHTTP implements http.Handler.
func (p *Pages) ServeHTTP(w http.ResponseWriter, req *http.Request) { p.mux.ServeHTTP(w, req) }

// Has reports whether a request is for a page that there is.
func (p *Pages) Has(req *http.Request) bool {
	_, pattern := p.mux.Handler(req)
	return pattern != nowhere
}

// New serves pages of what the reader of a request answers.
func New(reader func(*http.Request) report.Reader, o Options) *Pages {
	h := &handler{opts: o, reader: reader, templates: parsed(), assets: map[string]asset{}}
	h.loadAssets()
	mux := http.NewServeMux()
	for pattern, show := range map[string]func(*asked) (view, error){
		"/{$}":                     (*asked).overview,
		"/find":                    (*asked).find,
		"/payees":                  (*asked).payees,
		"/payees/{id}":             (*asked).statement,
		"/payees/{id}/adjust":      (*asked).adjust,
		"/entries/{id}":            (*asked).entry,
		"/deals/{id}":              (*asked).deal,
		"/deals/{id}/dispute":      (*asked).dispute,
		"/deals/{id}/decide":       (*asked).decide,
		"/accounts/{id}":           (*asked).account,
		"/accounts/{id}/exception": (*asked).exception,
		"/sla":                     (*asked).sla,
		"/flags":                   (*asked).flags,
		"/parked":                  (*asked).parked,
		"/parked/{id}":             (*asked).parkedByID,
		"/periods":                 (*asked).periods,
		"/periods/{id}":            (*asked).period,
		"/what-if":                 (*asked).whatIf,
		"/login":                   (*asked).login,
		"/{rest...}":               (*asked).missing,
	} {
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, req *http.Request) { h.serve(w, req, show) })
	}
	mux.HandleFunc("GET "+Files+"{name}", h.static)
	mux.HandleFunc("POST /what-if", func(w http.ResponseWriter, req *http.Request) { h.serve(w, req, (*asked).compare) })
	return &Pages{h, mux}
}

// nowhere is the pattern of what no page has.
const nowhere = "GET /{rest...}"

// serve shows a page, or why there is none.
func (h *handler) serve(w http.ResponseWriter, req *http.Request, show func(*asked) (view, error)) {
	a := h.ask(req)
	v, err := show(a)
	if to, ok := err.(elsewhere); ok { //nolint:errorlint // made by the page itself
		http.Redirect(w, req, string(to), http.StatusSeeOther)
		return
	}
	if err != nil {
		v = a.problem(err)
	}
	h.write(w, a, v)
}

// elsewhere is the address of the page that answers.
type elsewhere string

func (e elsewhere) Error() string { return "see " + string(e) }

// write renders a page whole before any of it is sent.
func (h *handler) write(w http.ResponseWriter, a *asked, v view) {
	var b bytes.Buffer
	if err := h.templates[v.page].ExecuteTemplate(&b, "layout", a.shell(v)); err != nil {
		h.opts.Log.Error().Err(err).Str(field.Page, v.page).Msg("page not rendered")
		http.Error(w, "This page could not be shown: the worker's log says why.", http.StatusInternalServerError)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Security-Policy", Policy)
	if v.again != "" {
		head.Set("Refresh", v.again)
		head.Set("Retry-After", v.again)
	}
	if v.code != 0 {
		w.WriteHeader(v.code)
	}
	_, _ = w.Write(b.Bytes()) // a client that went away
}

// Policy is the content security policy of every page: nothing but this worker's
// own files, and nothing written into the page itself.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// static serves an embedded file. Its name has its hash, so it may be kept.
func (h *handler) static(w http.ResponseWriter, req *http.Request) {
	a, ok := h.assets[req.PathValue("name")]
	if !ok {
		h.serve(w, req, (*asked).missing)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.bytes)
}

var kinds = map[string]string{"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8"}

func (h *handler) loadAssets() {
	list, err := fs.ReadDir(files, "static")
	if err != nil {
		panic(err) // they are embedded
	}
	for _, f := range list {
		b, err := files.ReadFile("static/" + f.Name())
		if err != nil {
			panic(err)
		}
		h.assets[hashed(f.Name(), b)] = asset{b, kinds[f.Name()[strings.LastIndexByte(f.Name(), '.')+1:]]}
	}
}

// hashed is a file's name with the head of its hash before the ending.
func hashed(name string, b []byte) string {
	sum := sha256.Sum256(b)
	dot := strings.LastIndexByte(name, '.')
	return name[:dot] + "." + hex.EncodeToString(sum[:6]) + name[dot:]
}

// parsed are the pages' templates by name, each with the layout and the parts
// all share. They are the same for every worker in a process.
var parsed = sync.OnceValue(func() map[string]*template.Template {
	out := map[string]*template.Template{}
	names := map[string]string{}
	list, _ := fs.ReadDir(files, "static")
	for _, f := range list {
		b, _ := files.ReadFile("static/" + f.Name())
		names[f.Name()] = Files + hashed(f.Name(), b)
	}
	words := template.FuncMap{"asset": func(name string) string { return names[name] }}
	shared := template.Must(template.New("").Funcs(funcs).Funcs(words).ParseFS(files, "templates/layout.html", "templates/parts.html"))
	pages, _ := fs.Glob(files, "templates/*.html")
	for _, f := range pages {
		name := strings.TrimSuffix(strings.TrimPrefix(f, "templates/"), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		out[name] = template.Must(template.Must(shared.Clone()).ParseFS(files, f))
	}
	return out
})
