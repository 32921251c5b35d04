package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// trueup runs a command of the program in this process.
func trueup(t testing.TB, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), env{args, strings.NewReader(stdin), &out, &errs, func(string) string { return "" }, time.Now})
	return code, out.String(), errs.String()
}
