package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestClientBoundsAnswers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"tenant":"`+strings.Repeat("x", 1<<20)+`"}`)
	}))
	defer s.Close()
	c := NewClient(s.URL, nil).(*client)
	if _, err := c.Status(t.Context()); err != nil {
		t.Errorf("Status of 1 MiB = %v", err)
	}
	c.most = 1 << 20
	if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), "is larger than 1 MiB") {
		t.Errorf("Status beyond the bound = %v", err)
	}
}
