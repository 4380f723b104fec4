// Package progress shows on a terminal how far an input has been read: bytes,
// packets per second, time left. Short work shows nothing.
package progress

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"chokepoint/cmd/internal/report"
)

const (
	patience = time.Second            // work shorter than this is not worth a line (contract)
	interval = 250 * time.Millisecond // between two updates: readable, and no load
	maxName  = 24                     // characters of a name, so that the rest fits into 80 columns
)

// Figures is how far the work has come.
type Figures struct {
	Done, Total int64  // bytes of the input; Total 0: unknown, as of a pipe
	Packets     uint64 // read
}

// Start shows the progress of reading name on w, a terminal, until stop is
// called, which wipes the line and returns when nothing more will be written.
// read is called from another goroutine.
func Start(w io.Writer, name string, read func() Figures) (stop func()) {
	return start(w, name, read, patience, interval)
}

func start(w io.Writer, name string, read func() Figures, patience, interval time.Duration) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	l := newLine(w, name, read)
	go func() {
		defer close(done)
		if !wait(quit, patience) {
			return
		}
		for l.draw(); wait(quit, interval); l.draw() {
		}
		l.wipe()
	}()
	return func() {
		close(quit)
		<-done
	}
}

// wait reports whether d has passed; false: it is time to quit.
func wait(quit <-chan struct{}, d time.Duration) bool {
	select {
	case <-quit:
		return false
	case <-time.After(d):
		return true
	}
}

// line is the line of the terminal.
type line struct {
	out   gate
	bar   *progressbar.ProgressBar
	name  string
	read  func() Figures
	begun time.Time
}

func newLine(w io.Writer, name string, read func() Figures) *line {
	f := read()
	if f.Total == 0 {
		f.Total = -1 // a spinner
	}
	l := &line{out: gate{w: w}, name: shorten(report.Text(name)), read: read, begun: time.Now()}
	l.bar = progressbar.NewOptions64(f.Total,
		progressbar.OptionSetWriter(&l.out),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(16),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetSpinnerChangeInterval(0), // else a goroutine of its own draws on after the end
	)
	_ = l.bar.Set64(f.Done) // starts the clock its rates are taken by
	return l
}

// draw brings the line up to date. Errors are a terminal that went away: the
// work matters more.
func (l *line) draw() {
	f := l.read()
	rate := float64(f.Packets) / time.Since(l.begun).Seconds()
	l.bar.Describe(fmt.Sprintf("%s  %s packets/s", l.name, SI(rate)))
	l.out.open = true // both calls draw, once is enough
	_ = l.bar.Set64(f.Done)
	l.out.open = false
}

func (l *line) wipe() {
	l.out.open = true
	_ = l.bar.Clear()
}

// gate is a writer that can be shut.
type gate struct {
	w    io.Writer
	open bool
}

// Write implements io.Writer.
func (g *gate) Write(b []byte) (int, error) {
	if !g.open {
		return len(b), nil
	}
	return g.w.Write(b)
}

func shorten(s string) string {
	r := []rune(s)
	if len(r) <= maxName {
		return s
	}
	return "…" + string(r[len(r)-maxName+1:]) // the end of a path tells more
}

// SI writes a count in three figures with the usual prefix: 2.76 M.
func SI(x float64) string {
	for _, unit := range []string{"", " k", " M", " G"} {
		if x < 999.5 || unit == " G" {
			return fmt.Sprintf("%.3g%s", x, unit)
		}
		x /= 1000
	}
	panic("unreachable")
}
