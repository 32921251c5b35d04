package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"
)

// progress tells how far something is: on a terminal in one line that is
// written over, else nowhere. Several may tell at once.
type progress struct {
	w io.Writer // nil: nowhere

	mu    sync.Mutex
	shown int  // characters on the line
	news  bool // something was said since the last tick
}

func newProgress(w io.Writer) *progress {
	if terminalOf(w) == nil {
		w = nil
	}
	return &progress{w: w}
}

func (p *progress) say(format string, args ...any) {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.news = true
	p.write(fmt.Sprintf(format, args...))
}

func (p *progress) write(text string) {
	n := utf8.RuneCountInString(text)
	fmt.Fprintf(p.w, "\r%s%s", text, strings.Repeat(" ", max(0, p.shown-n)))
	p.shown = n
}

// done ends the line.
func (p *progress) done() {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.shown))
		p.shown = 0
	}
}

// patience is how long nobody is told what is going on.
const patience = time.Second

// waiting says what is waited for and for how long, after a second and as long
// as nothing else is said, until the function it gives is called.
func (p *progress) waiting(what string) (stop func()) {
	if p.w == nil {
		return func() {}
	}
	ended := make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		ticker := time.NewTicker(patience)
		defer ticker.Stop()
		for n := 1; ; n++ {
			select {
			case <-ended:
				return
			case <-ticker.C:
				p.mu.Lock()
				if !p.news {
					p.write(fmt.Sprintf("%s, %d s", what, n))
				}
				p.news = false
				p.mu.Unlock()
			}
		}
	})
	return func() {
		close(ended)
		telling.Wait()
		p.done()
	}
}

// quietLog logs nothing: commands answer with their error.
func quietLog() zerolog.Logger { return zerolog.Nop() }
