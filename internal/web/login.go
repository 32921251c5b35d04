package web

import (
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
	s.pages.SignIn(w, req, http.StatusOK, local(req.URL.Query().Get("next")))
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
		s.pages.SignIn(w, req, code, next)
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
