package web

import (
	"fmt"
	"math"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/pages"
)

// guard refuses what is not for whoever asks before anything looks at it, says
// who asks, and sets what every answer has.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Referrer-Policy", "same-origin")
		if err := s.refuse(w, req); err != nil {
			s.fail(w, req, err)
			return
		}
		p, err := s.who(w, req)
		switch {
		case err == nil:
			next.ServeHTTP(w, req.WithContext(access.With(req.Context(), p)))
		case open(req.URL.Path):
			next.ServeHTTP(w, req)
		default:
			s.turnAway(w, req, err)
		}
	})
}

// contentPolicy lets pages use what the server itself gives, and nothing else.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'" +
	"; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// open reports whether a path is for everybody: what watches the worker, where
// one signs in, and the files of pages, which say nothing of anybody.
func open(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == loginPath || strings.HasPrefix(path, pages.Files)
}

// refuse finds what of a request nobody is answered.
func (s *server) refuse(w http.ResponseWriter, req *http.Request) error {
	if !s.ours(req.Host) {
		return refusal{code: http.StatusMisdirectedRequest, text: fmt.Sprintf("host %q is not where this worker listens", req.Host)}
	}
	if err := s.often(w, req, s.clients, "too many requests"); err != nil {
		return err
	}
	return s.foreign(req)
}

// often counts a request against a client.
func (s *server) often(w http.ResponseWriter, req *http.Request, t *throttle, what string) error {
	if s.opts.Now == nil {
		return nil
	}
	wait := t.wait(address(req), s.opts.Now())
	if wait == 0 {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return refusal{code: http.StatusTooManyRequests, text: fmt.Sprintf("%s: ask again in %d s", what, seconds)}
}

// address is where a request comes from: an address, or the network that one
// client has of the sixth version. A proxy on this machine says for whom it
// asks.
func address(req *http.Request) netip.Prefix {
	at, _ := netip.ParseAddrPort(req.RemoteAddr) // none: all such are one client
	ip := at.Addr().Unmap()
	if ip.IsLoopback() {
		through := strings.Join(req.Header.Values("X-Forwarded-For"), ",")
		last := through[strings.LastIndex(through, ",")+1:]
		if from, err := netip.ParseAddr(strings.TrimSpace(last)); err == nil {
			ip = from.Unmap()
		}
	}
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits)
	return p
}

// foreign refuses what a page of another site makes a browser ask: anything
// that is not a person going to a page. Browsers say where a request is from;
// what is not a browser has no cookie that it could be made to send.
func (s *server) foreign(req *http.Request) error {
	from := req.Header.Get("Sec-Fetch-Site")
	other := from == "cross-site" || from == "same-site"
	safe := req.Method == http.MethodGet || req.Method == http.MethodHead || req.Method == http.MethodOptions
	if safe && other && req.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return access.Forbidden{Text: "a page of another site asks this"}
	}
	if safe {
		return nil
	}
	if err := s.origins.Check(req); err != nil {
		return access.Forbidden{Text: "a page of another site asks this: " + err.Error()}
	}
	told := from != "" || req.Header.Get("Origin") != ""
	if !told && (isForm(req.Header) || req.Header.Get("Cookie") != "") {
		return access.Forbidden{Text: "a form, or a request with a cookie, has to say where it is from: Origin is missing"}
	}
	return nil
}

// isForm reports whether a body is of the types that a page of another site can
// send without asking.
func isForm(h http.Header) bool {
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return media == formType || media == "multipart/form-data" || media == "text/plain"
}

const formType = "application/x-www-form-urlencoded"

// unknown is the answer to somebody who shows no token.
type unknown struct{ text string }

func (e unknown) Error() string { return e.text }

// who is the principal that asks.
func (s *server) who(w http.ResponseWriter, req *http.Request) (access.Principal, error) {
	if s.opts.Tokens == nil {
		if forwarded(req.Header) {
			return access.Principal{}, access.Forbidden{Text: "a proxy asks for somebody else: start the worker with --tokens"}
		}
		return access.Principal{Name: "somebody on this machine", Role: access.Onlooker}, nil
	}
	p, known, err := access.Principal{}, false, error(nil)
	header := req.Header.Get("Authorization")
	switch {
	case header != "":
		token, bearer := strings.CutPrefix(header, "Bearer ")
		if bearer {
			p, _, known, err = s.opts.Tokens.Who(strings.TrimSpace(token), s.opts.Now())
		}
		if err == nil && !known {
			return p, s.nobody(w, req)
		}
	default:
		for _, c := range req.CookiesNamed(s.cookie(req)) {
			if p, known, err = s.sessions.Who(c.Value, s.opts.Now()); known || err != nil {
				break
			}
		}
		if err == nil && !known {
			return p, unknown{"a token is needed: send it as \"Authorization: Bearer TOKEN\", or sign in at " + loginPath}
		}
	}
	if err != nil {
		s.opts.Log.Error().Err(err).Msg("nobody is let in")
		return p, refusal{code: http.StatusServiceUnavailable, text: "the tokens cannot be read: nobody is let in"}
	}
	return p, nil
}

// nobody is the answer to a token that is nobody's. Who shows many has to wait;
// who shows one that is good is let in meanwhile, so that a program that goes on
// with a revoked token keeps nobody else out.
func (s *server) nobody(w http.ResponseWriter, req *http.Request) error {
	if err := s.often(w, req, s.failures, "too many tokens that are nobody's"); err != nil {
		return err
	}
	return unknown{"the token is nobody's: it is mistyped, revoked or expired"}
}

// forwarded reports whether a proxy passes a request on.
func forwarded(h http.Header) bool {
	return h.Get("X-Forwarded-For") != "" || h.Get("Forwarded") != "" || h.Get("Via") != ""
}

// turnAway answers somebody who is not let in: a browser is sent to sign in.
func (s *server) turnAway(w http.ResponseWriter, req *http.Request, err error) {
	if _, is := err.(unknown); !is { //nolint:errorlint // as who gives it
		s.fail(w, req, err)
		return
	}
	page := strings.Contains(req.Header.Get("Accept"), "text/html") && !strings.HasPrefix(req.URL.Path, "/v1/")
	signIn := loginPath + "?" + url.Values{"next": {req.URL.RequestURI()}}.Encode()
	switch {
	case req.Header.Get("HX-Request") != "": // a part of a page, whose whole goes elsewhere
		w.Header().Set("HX-Redirect", loginPath)
	case page && (req.Method == http.MethodGet || req.Method == http.MethodHead):
		http.Redirect(w, req, signIn, http.StatusSeeOther)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="trueup"`)
	s.fail(w, req, refusal{code: http.StatusUnauthorized, text: err.Error()})
}

// secure reports whether a browser comes over TLS: ours, or that of a proxy on
// this machine.
func (s *server) secure(req *http.Request) bool {
	at, err := netip.ParseAddrPort(req.RemoteAddr)
	return req.TLS != nil || err == nil && at.Addr().Unmap().IsLoopback() && req.Header.Get("X-Forwarded-Proto") == "https"
}

// ours reports whether a Host header names this worker. A page of another site
// whose name was made to resolve to loopback has that site's name here.
func (s *server) ours(host string) bool {
	name := hostname(host)
	if strings.EqualFold(name, "localhost") {
		return true
	}
	listen := hostname(s.opts.Listen)
	if ip, err := netip.ParseAddr(name); err == nil {
		on, err := netip.ParseAddr(listen)
		// Listening on all addresses, an address is ours; a name is anybody's.
		return ip.IsLoopback() || listen == "" && s.opts.Listen != "" || err == nil && (on == ip || on.IsUnspecified())
	}
	return listen != "" && strings.EqualFold(name, listen) || s.certified(name)
}

// certified reports whether a name is one of the server's certificate.
func (s *server) certified(name string) bool {
	if s.opts.TLS == nil {
		return false
	}
	c := s.opts.TLS()
	return c != nil && c.Leaf != nil && c.Leaf.VerifyHostname(name) == nil
}

// hostname is a host:port without the port and the brackets of an IPv6 address.
func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
}

// now is the time of day, which there is wherever there are tokens.
func (s *server) now() time.Time { return s.opts.Now() }
