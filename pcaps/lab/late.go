package lab

import (
	"fmt"
	"sync"
	"time"
)

// Lateness is by how much a machine was late while it played: what a truth says of
// times is then not what was recorded.
type Lateness struct {
	Worst        time.Duration // of a frame that the middlebox sent
	Slow, Frames uint64        // frames that it sent too late to matter ([wire.Slow]), and all
	// Stalled is how often the whole program stood still for longer than stall, of
	// Beats. The hosts are in it.
	Stalled, Beats int
}

const (
	beat  = 10 * time.Millisecond // how often it is looked whether the program runs
	stall = 30 * time.Millisecond // a pause that turns the order of things at sites 30 ms apart
	// tooOften is the share of frames or beats that may be late: of the few that tell
	// what was done, none then is, most of the time.
	tooOften = 0.01
)

// Starved reports whether what was recorded is the machine's doing as much as the
// scenario's.
func (l Lateness) Starved() bool {
	return float64(l.Slow) > tooOften*float64(l.Frames) || float64(l.Stalled) > tooOften*float64(l.Beats)
}

// String is the lateness in a few words.
func (l Lateness) String() string {
	return fmt.Sprintf("%d of %d frames were sent too late, by up to %v; the program stood still %d times in %d",
		l.Slow, l.Frames, l.Worst.Round(100*time.Microsecond), l.Stalled, l.Beats)
}

// pulse looks whether the program runs.
type pulse struct {
	mu   sync.Mutex
	seen Lateness
}

// run looks until done is closed.
func (p *pulse) run(done <-chan struct{}) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		now := time.Now()
		p.mu.Lock()
		p.seen.Beats++
		if now.Sub(last) > beat+stall {
			p.seen.Stalled++
		}
		p.mu.Unlock()
		last = now
	}
}

// late is how well the machine kept up so far.
func (w *World) late() Lateness {
	w.pulse.mu.Lock()
	defer w.pulse.mu.Unlock()
	l := w.pulse.seen
	if w.line != nil {
		st := w.line.Stats()
		l.Worst, l.Slow, l.Frames = st.Late, st.Slow, st.Sent[0]+st.Sent[1]
	}
	return l
}
