package web

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/trueup/trueup/internal/access"
)

const (
	loginPath  = "/login"
	logoutPath = "/logout"
	maxForm    = 64 << 10
)

// cookie is the name of the cookie that a session is kept in. Over TLS it is one
// that no other host and no plain page can set.
func (s *server) cookie(req *http.Request) string {
	if s.secure(req) {
		return "__Host-trueup"
	}
	return "trueup"
}

// setCookie keeps a session in a browser, or with an empty id ends it there.
func (s *server) setCookie(w http.ResponseWriter, req *http.Request, id string) {
	age := int(access.SessionLife.Seconds())
	if id == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.cookie(req), Value: id, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.secure(req), SameSite: http.SameSiteStrictMode,
	})
}

// login shows the page where a person signs in with a token.
func (s *server) login(w http.ResponseWriter, req *http.Request) {
	s.loginPage(w, http.StatusOK, loginForm{Next: local(req.URL.Query().Get("next"))})
}

// signIn takes the token and begins a session.
func (s *server) signIn(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, maxForm)
	if err := req.ParseForm(); err != nil {
		s.fail(w, req, badRequestf("the form cannot be read: %v", err))
		return
	}
	next := local(req.PostForm.Get("next"))
	id, known, err := s.sessions.Begin(strings.TrimSpace(req.PostForm.Get("token")), s.now())
	switch {
	case err != nil:
		s.opts.Log.Error().Err(err).Msg("nobody is let in")
		s.fail(w, req, refusal{code: http.StatusServiceUnavailable, text: "the tokens cannot be read: nobody is let in"})
	case !known:
		code, _, _ := failed(s.nobody(w, req))
		if code != http.StatusTooManyRequests {
			code = http.StatusUnauthorized
		}
		s.loginPage(w, code, loginForm{Next: next, Wrong: true, Often: code == http.StatusTooManyRequests})
	default:
		s.setCookie(w, req, id)
		http.Redirect(w, req, next, http.StatusSeeOther)
	}
}

// logout ends the browser's session.
func (s *server) logout(w http.ResponseWriter, req *http.Request) {
	for _, c := range req.CookiesNamed(s.cookie(req)) {
		s.sessions.End(c.Value)
	}
	s.setCookie(w, req, "")
	http.Redirect(w, req, loginPath, http.StatusSeeOther)
}

// local is a path of this server, the first page where it is none: nobody is
// sent elsewhere.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return "/"
	}
	return u.String()
}

type loginForm struct {
	Next  string
	Wrong bool
	Often bool
}

func (s *server) loginPage(w http.ResponseWriter, code int, f loginForm) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if err := loginTemplate.Execute(w, f); err != nil {
		s.opts.Log.Debug().Err(err).Msg("answer not written whole")
	}
}

// pageStyle is the style of the pages that need no file.
const pageStyle = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;padding:0 1rem;max-width:50rem}code{font-size:.95em}` +
	`label,input,button{display:block;font:inherit}input{width:100%;max-width:32rem;padding:.5rem;margin:.25rem 0 1rem;box-sizing:border-box}` +
	`button{padding:.5rem 1.25rem}[role=alert]{border-left:.25rem solid;padding-left:.75rem}`

// hashOf names a style in a content policy.
func hashOf(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var loginTemplate = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Sign in · trueup</title>
<style>` + pageStyle + `</style>
<main>
<h1>Sign in</h1>
{{- if .Often}}
<p role="alert">Too many tokens that are nobody's came from here. Wait a moment.</p>
{{- else if .Wrong}}
<p role="alert">That token is nobody's: it is mistyped, revoked or expired.</p>
{{- end}}
<form method="post" action="` + loginPath + `">
<input type="hidden" name="next" value="{{.Next}}">
<label for="token">Your token</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<button>Sign in</button>
</form>
<p>Whoever runs this worker gives you one. Are you signed in already? <a href="{{.Next}}">Go on</a>.</p>
</main>
</html>
`))
