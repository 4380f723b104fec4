package medialog

import (
	"time"

	"chokepoint/classify/fact"
)

const (
	// windowEnough is how many packets a window must expect to be judged: ten
	// seconds of the longest frames that messengers use, 160 ms (rate-and-calls,
	// section 2.9), less what a pause takes. Comfort noise alone is not judged.
	windowEnough = 50
	// lossesEnough is the least that is called loss at all: one packet of fifty is
	// two in a hundred by its own.
	lossesEnough = 3
	// lastSpan is how long the last window, which the end of the call cut, must be to
	// be judged, ns.
	lastSpan = fact.MediaSpan / 2
	// longFrame bounds the spacing of packets by which lost ones are told in time, ns:
	// between words there are fewer.
	longFrame = 60_000_000
)

// window is what ten seconds of a source showed.
type window struct {
	from, to       int64
	expected, lost uint32
	runs           uint32
	longest        time.Duration
	jitter         time.Duration // mean
}

// close ends the window of a source, and returns what it showed.
func (s *source) close() window {
	w := window{from: s.since, to: s.at, expected: s.expected() - s.had}
	if s.lost > s.winLost { // what came late may have been lost in the window before
		w.lost = s.lost - s.winLost
	}
	if s.runs > s.winRuns {
		w.runs = uint32(s.runs - s.winRuns)
	}
	if s.winN > 0 {
		w.jitter = time.Duration(1000 * s.winJitter / float32(s.winN))
	}
	spacing := min((w.to-w.from)/int64(max(w.expected, 1)), longFrame)
	w.longest = time.Duration(spacing * int64(max(s.longest, s.run)))
	return w
}

// open begins a window.
func (s *source) open(at int64) {
	s.since, s.had, s.winLost, s.winRuns = at, s.expected(), s.lost, s.runs
	s.winJitter, s.winN, s.longest = 0, 0, 0
}

// book adds a window that is over, and reports whether it was bad.
func book(b *fact.BadSpan, w *window) bool {
	if w.expected < windowEnough {
		return false
	}
	b.Windows++
	loss := w.lost >= lossesEnough && float64(w.lost) > fact.BadLoss*float64(w.expected)
	run, jitter := w.lost > 0 && w.longest > fact.BadRun, w.jitter > fact.BadJitter
	if !loss && !run && !jitter {
		return false
	}
	b.Loss, b.Run, b.Jitter = b.Loss+count(loss), b.Run+count(run), b.Jitter+count(jitter)
	if b.Bad == 0 || w.from < b.First {
		b.First = w.from
	}
	b.Bad++
	b.Last = max(b.Last, w.to)
	b.Expected, b.Lost, b.Runs = b.Expected+w.expected, b.Lost+w.lost, b.Runs+w.runs
	b.Longest, b.WorstJitter = max(b.Longest, w.longest), max(b.WorstJitter, w.jitter)
	return true
}

func count(yes bool) uint32 {
	if yes {
		return 1
	}
	return 0
}
