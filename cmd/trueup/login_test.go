package main

import "testing"

func TestWithoutPasswords(t *testing.T) {
	for urls, want := range map[string]string{
		"nats://127.0.0.1:4222":                    "nats://127.0.0.1:4222",
		"tls://ops:secret@a.example:4222":          "tls://a.example:4222",
		"nats://token@a:1, ops:secret@b:2,c":       "nats://a:1,nats://b:2,nats://c",
		"nats://a:1?password=secret":               "nats://a:1",
		"nats://ops:sec%zzret@a:1,nats://[::1]:22": "…,nats://[::1]:22",
	} {
		if got := withoutPasswords(urls); got != want {
			t.Errorf("withoutPasswords(%q) = %q, want %q", urls, got, want)
		}
	}
}
