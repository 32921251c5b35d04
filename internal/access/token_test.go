package access_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/access"
)

var start = time.Date(2027, time.April, 10, 9, 0, 0, 0, time.UTC)

// give makes a token and adds it to a file.
func give(t *testing.T, file string, kept access.Token) string {
	t.Helper()
	kept.Created = start
	token, kept := access.New(kept)
	if err := access.Add(file, kept); err != nil {
		t.Fatal(err)
	}
	return token
}

func tokensFile(t *testing.T) string { return filepath.Join(t.TempDir(), "tokens") }

func TestTokens(t *testing.T) {
	file := tokensFile(t)
	first := give(t, file, access.Token{Name: "user-1", Role: access.Payee, PayeeID: "csm-1"})
	admin := give(t, file, access.Token{Name: "admin-1", Role: access.Admin, ByRole: "cfo", Expires: start.Add(time.Hour)})
	tokens, err := access.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	who := func(token string, at time.Time, want string) {
		t.Helper()
		p, _, ok, err := tokens.Who(token, at)
		if got := fmt.Sprint(p.Name, " ", p.Role, " ", p.Payee, " ", p.ByRole); err != nil || ok != (want != "") || ok && got != want {
			t.Errorf("Who = %q, %v, %v; want %q", got, ok, err, want)
		}
	}
	who(first, start, "user-1 payee csm-1 payee")
	who(admin, start, "admin-1 admin  cfo")
	who(admin, start.Add(time.Hour), "") // expired
	who("", start, "")
	who(first+"x", start, "")
	who(strings.ToUpper(first), start, "")

	late := give(t, file, access.Token{Name: "user-3", Role: access.Ops}) // while the file is in use
	who(late, start, "user-3 ops  ops")
	if err := access.Revoke(file, "user-1"); err != nil {
		t.Fatal(err)
	}
	who(first, start, "")
	who(late, start, "user-3 ops  ops")

	b, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(b), strings.TrimPrefix(late, "trueup_")) {
		t.Errorf("the file has a token: %s, %v", b, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
	if len(first) < 50 || first == admin {
		t.Errorf("tokens %q, %q", first, admin)
	}
}

// A file that cannot be read any more lets nobody in, until it can be again.
func TestTokensGone(t *testing.T) {
	file := tokensFile(t)
	first := give(t, file, access.Token{Name: "user-1", Role: access.Ops})
	tokens, err := access.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	let := func(want string) {
		t.Helper()
		_, _, ok, err := tokens.Who(first, start)
		if ok != (want == "") || err == nil != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("Who = %v, %v; want %q", ok, err, want)
		}
	}
	let("")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	let("is open to others (mode 0640): chmod 600 " + file)
	let("is open to others (mode 0640)") // and stays so
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	let("")
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	let("no such file")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	let("line 1: not a token in JSON")
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	let("")
}

// What is wrong with a file is told by line, field and value.
func TestMalformed(t *testing.T) {
	good := func(name string) string {
		return fmt.Sprintf(`{"name":%q,"role":"ops","sha256":"%064x","created":"2027-01-01T00:00:00Z"}`, name, name)
	}
	with := func(old, to string) string { return strings.Replace(good("user-1"), old, to, 1) }
	for _, tt := range []struct{ file, want string }{
		{good("user-1") + "\n\n" + with(`"role":"ops"`, `"role":"boss"`), `line 3: role "boss" is not one of payee, manager, admin, ops`},
		{with(`"role":"ops",`, ``), `line 1: role "" is not one of`},
		{with(`"ops"`, `"payee"`), `line 1: payee_id is missing: a payee is one`},
		{with(`"ops"`, `"admin","payee_id":"csm-1"`), `line 1: payee_id "csm-1": admin is not one`},
		{with(`"name":"user-1"`, `"name":""`), `line 1: name is missing`},
		{with(`"name":"user-1"`, `"name":" user-1"`), `line 1: name " user-1" starts or ends with a space`},
		{with(`"name":"user-1"`, `"name":"a\u0007"`), `line 1: name "a\a" has a character that cannot be`},
		{with(`"name":"user-1"`, `"name":7`), `line 1: name is a number, not a string`},
		{with(`"role"`, `"rule"`), `line 1: unknown field "rule"`},
		{with(`"sha256":"`, `"sha256":"x`), `line 1: sha256 "x0000`},
		{with(`2027-01-01T00:00:00Z`, `yesterday`), `line 1: "yesterday" is not an instant like`},
		{with(`,"created":"2027-01-01T00:00:00Z"`, ``), `line 1: created is missing`},
		{with(`"created"`, `"expires":"2026-01-01T00:00:00Z","created"`), `line 1: expires 2026-01-01T00:00:00Z is not after created 2027-01-01T00:00:00Z`},
		{good("user-1") + "\n" + good("user-1"), `line 2: name user-1 is that of line 1`},
		{good("user-1") + "\n" + strings.Replace(good("user-1"), "user-1", "user-2", 1), `line 2: sha256 `},
		{good("user-1") + good("user-2"), `line 1: there is more than one token on it`},
		{"tokens:\n", `line 1: not a token in JSON: invalid character 'o'`},
	} {
		file := tokensFile(t)
		if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := access.Open(file); err == nil || !strings.HasPrefix(err.Error(), "tokens file "+file+", "+tt.want) {
			t.Errorf("%s\n= %v\nwant %s", tt.file, err, tt.want)
		}
	}
}

func TestEdits(t *testing.T) {
	file := tokensFile(t)
	give(t, file, access.Token{Name: "user-1", Role: access.Ops})
	before, _ := os.ReadFile(file)
	_, again := access.New(access.Token{Name: "user-1", Role: access.Admin, Created: start})
	if err := access.Add(file, again); err == nil || err.Error() != `name "user-1" has a token already: revoke it, or give another name` {
		t.Errorf("a second user-1 = %v", err)
	}
	if err := access.Revoke(file, "user-2"); err == nil || !strings.HasPrefix(err.Error(), `no token of the name "user-2" in `) {
		t.Errorf("Revoke(user-2) = %v", err)
	}
	if err := os.WriteFile(file+".new", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := access.Revoke(file, "user-1"); err == nil || !strings.Contains(err.Error(), ".new is there: another edit is under way") {
		t.Errorf("Revoke amid another edit = %v", err)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the file is %s, %v; want it as it was", after, err)
	}
}

func TestSessions(t *testing.T) {
	file := tokensFile(t)
	first := give(t, file, access.Token{Name: "user-1", Role: access.Ops, Expires: start.Add(time.Hour)})
	second := give(t, file, access.Token{Name: "user-2", Role: access.Ops})
	tokens, err := access.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	s := access.NewSessions(tokens)
	begin := func(token string) string {
		t.Helper()
		id, ok, err := s.Begin(token, start)
		if err != nil || !ok {
			t.Fatalf("Begin = %v, %v", ok, err)
		}
		return id
	}
	who := func(id string, at time.Time, want string) {
		t.Helper()
		p, ok, err := s.Who(id, at)
		if err != nil || ok != (want != "") || p.Name != want {
			t.Errorf("Who = %q, %v, %v; want %q", p.Name, ok, err, want)
		}
	}
	if _, ok, err := s.Begin("trueup_x", start); ok || err != nil {
		t.Errorf("Begin with nobody's token = %v, %v", ok, err)
	}
	one, other, third := begin(first), begin(second), begin(second)
	who(one, start.Add(time.Minute), "user-1")
	who(one, start.Add(time.Hour), "") // the token has expired
	who(other, start.Add(access.SessionLife-1), "user-2")
	who(other, start.Add(access.SessionLife), "")
	who(first, start, "") // a token is no session
	who("", start, "")
	s.End(third)
	who(third, start, "")
	who(other, start, "user-2")
	if err := access.Revoke(file, "user-2"); err != nil {
		t.Fatal(err)
	}
	who(other, start, "")
}

// Sessions are bounded: the one that began first makes room.
func TestManySessions(t *testing.T) {
	file := tokensFile(t)
	first := give(t, file, access.Token{Name: "user-1", Role: access.Ops})
	tokens, err := access.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	s := access.NewSessions(tokens)
	var ids []string
	for range 10_001 {
		id, _, err := s.Begin(first, start)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for i, want := range map[int]bool{0: false, 1: true, 10_000: true} {
		if _, ok, err := s.Who(ids[i], start); ok != want || err != nil {
			t.Errorf("session %d: %v, %v; want %v", i, ok, err, want)
		}
	}
}
