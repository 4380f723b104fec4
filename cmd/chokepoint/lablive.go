package main

import (
	"io"
	"sync"
	"time"
)

// liveInterval is between two updates of the line: readable, and no load.
const liveInterval = 250 * time.Millisecond

// eraseLine goes to the beginning of the line and clears it (ECMA-48, EL).
const eraseLine = "\r\x1b[K"

// live is a line on a terminal that says what is going on.
type live struct {
	mu    sync.Mutex
	w     io.Writer // nil: there is no terminal
	line  func() string
	drawn bool
	quit  chan struct{}
	done  chan struct{}
}

// startLive shows line() on w until stop is called, nothing when w is nil. The
// line is escaped text.
func startLive(w io.Writer, line func() string) *live {
	l := &live{w: w, line: line, quit: make(chan struct{}), done: make(chan struct{})}
	if w == nil {
		close(l.done)
		return l
	}
	go func() {
		defer close(l.done)
		for {
			l.draw()
			select {
			case <-l.quit:
				l.aside(func() {})
				return
			case <-time.After(liveInterval):
			}
		}
	}()
	return l
}

func (l *live) draw() {
	text := clip(l.line(), labColumns-1) // before the lock: who says something aside may hold what line needs
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drawn = true
	_, _ = io.WriteString(l.w, eraseLine+text) // a terminal that went away: the work matters more
}

// aside does what writes to the terminal itself, with the line wiped.
func (l *live) aside(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.drawn {
		l.drawn = false
		_, _ = io.WriteString(l.w, eraseLine)
	}
	do()
}

// stop wipes the line and returns when nothing more will be written.
func (l *live) stop() {
	close(l.quit)
	<-l.done
}

// liveOut is where the line goes: stderr when it is a terminal.
func (a *app) liveOut() io.Writer {
	if terminal(a.stderr) {
		return a.stderr
	}
	return nil
}
