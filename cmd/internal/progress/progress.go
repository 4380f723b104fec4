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
	bar := newBar(w, read().Total) // now, so that its rates count from here
	go func() {
		defer close(done)
		if !wait(quit, patience) {
			return
		}
		for begun, last := time.Now().Add(-patience), uint64(0); ; {
			f := read()
			rate := float64(f.Packets-last) / time.Since(begun).Seconds()
			begun, last = time.Now(), f.Packets
			bar.Describe(fmt.Sprintf("%s  %s packets/s", shorten(report.Text(name)), SI(rate)))
			bar.Set64(f.Done) // an error is a terminal that went away: the work matters more
			if !wait(quit, interval) {
				bar.Clear()
				return
			}
		}
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

func newBar(w io.Writer, total int64) *progressbar.ProgressBar {
	if total == 0 {
		total = -1 // a spinner
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowCount(),
		progressbar.OptionSetSpinnerChangeInterval(0), // else a goroutine of its own draws on after the end
		progressbar.OptionSetWidth(16),
		progressbar.OptionSetPredictTime(true),
	)
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
