package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what the server has used with all its processes: those that ended
// count for the first of them, from when it takes note of it.
func (p *postgres) usage() used {
	for range 1000 {
		before := childrenOf(p.pid())
		if u, still := p.sum(); still && childrenOf(p.pid()) == before {
			return u
		}
		time.Sleep(time.Millisecond) // one ended meanwhile: it would count twice or never
	}
	u, _ := p.sum()
	return u
}

// sum adds up the server's processes, and reports whether none of them has
// ended without being taken note of.
func (p *postgres) sum() (all used, still bool) {
	pid := p.pid()
	all, still = usageOf(pid), true
	all.cpu += childrenOf(pid)
	others, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range others {
		child := filepath.Base(dir)
		f := statOf(child)
		if len(f) < 2 || f[1] != pid {
			continue
		}
		u := usageOf(child)
		all.cpu += u.cpu
		all.written += u.written
		still = still && f[0] != "Z" && f[0] != "X" && u.peak != "" // what it keeps to its end
	}
	return all, still
}

// childrenOf is the time on the processor of a process's children that ended.
func childrenOf(pid string) time.Duration {
	f := statOf(pid)
	if len(f) < 15 {
		return 0
	}
	user, _ := strconv.ParseInt(f[13], 10, 64)
	system, _ := strconv.ParseInt(f[14], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}

// statOf are the fields of a process's stat, from its state on.
func statOf(pid string) []string {
	b, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return nil
	}
	i := strings.LastIndex(string(b), ") ")
	return strings.Fields(string(b)[i+1:])
}
