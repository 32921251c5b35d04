package access

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/trueup/trueup/domain/event"
)

// Token is what is kept of a token: not the token itself, which only its bearer
// has.
type Token struct {
	Name    string    `json:"name"` // of who bears it; decisions carry it as by
	Role    Role      `json:"role"`
	PayeeID string    `json:"payee_id,omitempty"` // of a payee and a manager, and of nobody else
	ByRole  string    `json:"by_role,omitempty"`  // their role in the company, as decisions carry it; empty: the role
	SHA256  string    `json:"sha256"`             // of the token, in hexadecimal
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
}

// sum is the fingerprint of a token.
type sum = [sha256.Size]byte

// prefix lets people, and what looks for secrets in the wrong places, see what
// a token is.
const prefix = "trueup_"

// New makes a token of 256 random bits and what is to be kept of it.
func New(t Token) (token string, kept Token) {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	token = prefix + base64.RawURLEncoding.EncodeToString(secret[:])
	of := sha256.Sum256([]byte(token))
	t.SHA256 = hex.EncodeToString(of[:])
	return token, t
}

// principal is who bears the token.
func (t Token) principal() Principal {
	p := Principal{Name: t.Name, Role: t.Role, Payee: event.PayeeID(t.PayeeID), ByRole: t.ByRole}
	if p.ByRole == "" {
		p.ByRole = string(t.Role)
	}
	return p
}

// Expired reports whether the token has had its time.
func (t Token) Expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

// Check reports what is wrong with a token, by field and value.
func (t Token) Check() error {
	if why := unfit(t.Name); why != "" {
		return fmt.Errorf("name %s", why)
	}
	if t.ByRole != "" {
		if why := unfit(t.ByRole); why != "" {
			return fmt.Errorf("by_role %s", why)
		}
	}
	paid := t.Role == Payee || t.Role == Manager
	raw, err := hex.DecodeString(t.SHA256)
	switch {
	case !slices.Contains(Roles(), t.Role):
		return fmt.Errorf("role %q is not one of %s", t.Role, strings.Join(names(Roles()), ", "))
	case paid && t.PayeeID == "":
		return fmt.Errorf("payee_id is missing: a %s is one", t.Role)
	case !paid && t.PayeeID != "":
		return fmt.Errorf("payee_id %q: %s is not one", t.PayeeID, t.Role)
	case err != nil || len(raw) != sha256.Size:
		return fmt.Errorf("sha256 %q is not %d hexadecimal digits", t.SHA256, 2*sha256.Size)
	case t.Created.IsZero():
		return errors.New("created is missing")
	case !t.Expires.IsZero() && !t.Expires.After(t.Created):
		return fmt.Errorf("expires %s is not after created %s", t.Expires.Format(time.RFC3339), t.Created.Format(time.RFC3339))
	}
	return nil
}

// maxName is how long a name may be: decisions carry it.
const maxName = 128

// unfit says what is wrong with a name, as the events that carry it would.
func unfit(name string) string {
	switch {
	case name == "":
		return "is missing"
	case len(name) > maxName:
		return fmt.Sprintf("is longer than %d bytes", maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Sprintf("%q has a character that cannot be", name)
	case strings.TrimSpace(name) != name:
		return fmt.Sprintf("%q starts or ends with a space", name)
	}
	return ""
}

func names(roles []Role) []string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = string(r)
	}
	return out
}

// decode reads a file of tokens: one a line, as JSON. Its errors name the line,
// the field and the value.
func decode(b []byte) ([]Token, error) {
	var out []Token
	at := map[string]int{} // of names and sums
	for n, line := range bytes.Split(b, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var t Token
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		err := d.Decode(&t)
		if err == nil {
			if _, more := d.Token(); !errors.Is(more, io.EOF) {
				err = errors.New("there is more than one token on it")
			}
		}
		if err == nil {
			err = t.Check()
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %s", n+1, plainly(err))
		}
		for _, key := range []string{"name " + t.Name, "sha256 " + strings.ToLower(t.SHA256)} {
			if first, twice := at[key]; twice {
				return nil, fmt.Errorf("line %d: %s is that of line %d", n+1, key, first)
			}
			at[key] = n + 1
		}
		out = append(out, t)
	}
	return out, nil
}

// plainly is what a JSON decoder complains of, in words of the file.
func plainly(err error) string {
	var wrong *json.UnmarshalTypeError
	var when *time.ParseError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Sprintf("%s is a %s, not a string", wrong.Field, wrong.Value)
	case errors.As(err, &when):
		return fmt.Sprintf("%q is not an instant like 2027-02-10T15:04:05Z", strings.Trim(when.Value, `"`))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, new(*json.SyntaxError)):
		return "not a token in JSON: " + err.Error()
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// encode is decode's other direction.
func encode(tokens []Token) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out) // a token on each line
	for _, t := range tokens {
		if err := e.Encode(t); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}
