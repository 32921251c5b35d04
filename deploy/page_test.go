package deploy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.yaml.in/yaml/v3"

	"github.com/trueup/trueup/internal/workertest"
)

// commands are those that a page tells people to type in one of its sections.
func commands(t *testing.T, page, section string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+section+"\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	if !found {
		t.Fatalf("%s has no section %s", page, section)
	}
	var out []string
	for i, block := range strings.Split(rest, "\n```") {
		if i%2 == 1 {
			out = append(out, strings.Split(strings.Trim(block, "\n"), "\n")...)
		}
	}
	return out
}

// shell runs commands in the root of the repository, with what they would write
// to the machine put elsewhere.
type shell struct {
	t     *testing.T
	env   []string
	moved *strings.Replacer
}

func (s shell) command(line string) *exec.Cmd {
	cmd := exec.CommandContext(s.t.Context(), "sh", "-e", "-c", s.moved.Replace(line))
	cmd.Dir, cmd.Env = "..", append(os.Environ(), s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func (s shell) run(line string) string {
	s.t.Helper()
	out, err := s.command(line).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// begin starts what goes on until the test ends, and waits until it says a word.
func (s shell) begin(line, word string) {
	s.t.Helper()
	cmd := s.command(line)
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() {
		var all strings.Builder
		for lines := bufio.NewScanner(r); lines.Scan(); {
			if fmt.Fprintln(&all, lines.Text()); strings.Contains(lines.Text(), word) {
				select {
				case said <- "":
				default:
				}
			}
		}
		select {
		case said <- all.String():
		default:
		}
	}()
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		_ = w.Close()
		close(ended)
	}()
	s.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		<-ended
	})
	select {
	case why := <-said:
		if why != "" {
			s.t.Fatalf("%s ended:\n%s", line, why)
		}
	case <-time.After(patient):
		s.t.Fatalf("%s does not say %q", line, word)
	}
}

// freePort is one of this machine that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// What docs/deploy.md tells people to type about the broker does what it says,
// with a real nats-server, the program, and the nats command: at the end a worker
// runs, an event is published, and payroll's and operations' consumers are there.
func TestBrokerAsThePageSays(t *testing.T) {
	tool(t, "nats")
	bin, port, dir := t.TempDir(), freePort(t), t.TempDir()
	secret := filepath.Join(dir, "secret")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "github.com/nats-io/nats-server/v2")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Symlink(workertest.Binary(t, ""), filepath.Join(bin, "trueup")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "my.ndjson"), []byte(told[1].events+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := shell{t, []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + dir, "XDG_CONFIG_HOME=" + dir,
		"TRUEUP_HTTP=127.0.0.1:0", "TRUEUP_DATA=" + filepath.Join(dir, "data"),
	}, strings.NewReplacer(
		"nats.example:4222", "localhost:"+port, "nats.example", "localhost", " secret/", " "+secret+"/", "=secret/", "="+secret+"/", " secret ", " "+secret+" ",
		"/var/lib/nats", filepath.Join(dir, "nats"), "my.ndjson", filepath.Join(dir, "my.ndjson"), "nats.conf", "nats.conf -p "+port,
	)}
	ran := map[string]int{}
	for _, line := range commands(t, "../docs/deploy.md", "The broker") {
		what := strings.Fields(line)[0]
		switch ran[what]++; {
		case strings.Contains(line, "nats-server -c"):
			s.begin(line, "Server is ready")
		case strings.HasPrefix(line, "trueup run"):
			s.begin(line, "ledger:")
		case what == "export":
			_, assignments, _ := strings.Cut(s.moved.Replace(line), " ")
			s.env = append(s.env, strings.Fields(s.run("echo "+assignments))...)
		default:
			s.run(line)
		}
	}
	if ran["nats"] < 2 || ran["trueup"] != 2 || ran["go"] != 1 || ran["env"] != 1 {
		t.Errorf("the page has commands %v, want a server, a worker, something published, two consumers", ran)
	}
	// And what docs/runbook.md has operations look at.
	s.env = append(s.env, "NATS_USER=ops", "NATS_PASSWORD="+strings.TrimSpace(s.run("cut -d: -f2 "+filepath.Join(secret, "ops.creds"))))
	for line, want := range map[string]string{
		"nats --inbox-prefix _INBOX_ops consumer info TRUEUP_IN trueup-default": "Pull Mode: true",
		"nats --inbox-prefix _INBOX_ops stream info TRUEUP_IN":                  "Subjects: crm.",
	} {
		if said := s.run(line); !strings.Contains(said, want) {
			t.Errorf("%s says\n%s\nwithout %q", line, said, want)
		}
	}
	g := guarded{t: t, secrets: secret}
	opts, err := g.login("operator").Options()
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect("tls://localhost:"+port, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for name, subjects := range consumerSubjects {
		c, err := js.Consumer(t.Context(), "TRUEUP_OUT", name)
		if err != nil {
			t.Fatalf("consumer %s: %v", name, err)
		}
		got := c.CachedInfo().Config
		filters := got.FilterSubjects
		if got.FilterSubject != "" {
			filters = append(filters, got.FilterSubject)
		}
		if !slices.Equal(filters, subjects) || got.AckPolicy != jetstream.AckExplicitPolicy || got.DeliverPolicy != jetstream.DeliverAllPolicy || got.DeliverSubject != "" || got.Durable != name {
			t.Errorf("consumer %s is %+v, want to pull all of %v with every acknowledgement", name, got, subjects)
		}
	}
	in, err := js.Stream(t.Context(), "TRUEUP_IN")
	if err != nil {
		t.Fatal(err)
	}
	m, err := in.GetMsg(t.Context(), 1, jetstream.WithGetMsgSubject("crm.default.account.assigned"))
	if err != nil || !bytes.Contains(m.Data, []byte(`"acct-1"`)) {
		t.Errorf("what was published is %v, %v", m, err)
	}
}

// What compose.yaml says at its top makes secrets with which its Prometheus, as
// it is configured, is told the metrics of a worker over TLS, without amounts.
func TestPrometheusOfCompose(t *testing.T) {
	text, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	s := shell{t: t, moved: strings.NewReplacer("deploy/secret ", secret+" ", "deploy/secret/", secret+"/", "bin/trueup", workertest.Binary(t, ""))}
	for line := range strings.Lines(string(text)) {
		command, is := strings.CutPrefix(line, "#   ")
		if command = strings.TrimSpace(command); is && !strings.HasPrefix(command, "chown ") && !strings.HasPrefix(command, "docker ") {
			s.run(command + " ")
		}
	}
	var conf struct {
		Scrape []struct {
			Path          string `yaml:"metrics_path"`
			Scheme        string
			Authorization struct {
				File string `yaml:"credentials_file"`
			}
			TLS struct {
				CA string `yaml:"ca_file"`
			} `yaml:"tls_config"`
			Static []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	text, err = os.ReadFile("prometheus/prometheus.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &conf)
	}
	if err != nil || len(conf.Scrape) != 1 || len(conf.Scrape[0].Static) != 1 || len(conf.Scrape[0].Static[0].Targets) != 1 {
		t.Fatalf("prometheus.yaml is %+v, %v", conf, err)
	}
	job := conf.Scrape[0]
	w := workertest.Start(t, "--data", t.TempDir(), "--tokens", filepath.Join(secret, "tokens"),
		"--tls-cert", filepath.Join(secret, "trueup.pem"), "--tls-key", filepath.Join(secret, "trueup.key"))
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(secret, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	authorities := x509.NewCertPool()
	host, _, _ := net.SplitHostPort(job.Static[0].Targets[0])
	if !authorities.AppendCertsFromPEM(read(job.TLS.CA)) || job.Scheme != "https" || !strings.HasPrefix(w.Answers(), "https://") {
		t.Fatalf("%s over %s of %s", job.TLS.CA, job.Scheme, w.Answers())
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, ServerName: host}}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Answers()+job.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = job.Static[0].Targets[0]
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(read(job.Authorization.File))))
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("\ntrueup_build_info{")) || bytes.Contains(body, []byte("trueup_payable")) {
		t.Errorf("Prometheus is told %d %.300s, %v", resp.StatusCode, body, err)
	}
}
