package check

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// project is compose.yaml as docker compose reads it: against its schema, with
// the files it names.
func project(t *testing.T) *types.Project {
	t.Helper()
	o, err := cli.NewProjectOptions([]string{filepath.Join("..", "compose.yaml")}, cli.WithoutEnvironmentResolution, cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Of another part of the tree: what is mounted has to be there, once it is.
var elsewhere = []string{"/prometheus/", "/grafana/"}

func TestCompose(t *testing.T) {
	p := project(t)
	for _, name := range []string{"nats", "trueup", "prometheus", "grafana"} {
		s, err := p.GetService(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Build == nil && (!strings.Contains(s.Image, ":") || strings.HasSuffix(s.Image, ":latest")) {
			t.Errorf("%s: image %s is of no version", name, s.Image)
		}
		if s.Privileged {
			t.Errorf("%s is privileged", name)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s listens on %q, want this machine alone", name, port.Published, port.HostIP)
			}
		}
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(v.Source); err != nil && !missingElsewhere(v.Source) {
				t.Errorf("%s mounts %v", name, err)
			}
		}
	}
	for name, s := range p.Secrets {
		if filepath.Base(s.File) != name || filepath.Base(filepath.Dir(s.File)) != "secret" {
			t.Errorf("secret %s is %s, want it in secret", name, s.File)
		}
	}
	w, _ := p.GetService("trueup")
	if !w.ReadOnly || len(w.CapDrop) != 1 || w.CapDrop[0] != "ALL" {
		t.Errorf("the worker can write its image (%v), or keeps what root can do (%v)", !w.ReadOnly, w.CapDrop)
	}
	given := map[string]bool{}
	for _, s := range w.Secrets {
		given["/run/secrets/"+s.Source] = true
	}
	for name, value := range w.Environment {
		if value != nil && strings.HasPrefix(*value, "/run/secrets/") && !given[*value] {
			t.Errorf("%s=%s, which the worker is not given", name, *value)
		}
	}
}

// missingElsewhere reports whether a file is of a folder that a checkout may be
// without as a whole.
func missingElsewhere(path string) bool {
	for _, part := range elsewhere {
		if at := strings.Index(path, part); at >= 0 {
			_, err := os.Stat(path[:at+len(part)])
			return os.IsNotExist(err)
		}
	}
	return false
}
