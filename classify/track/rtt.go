package track

import (
	"math/bits"

	"chokepoint/classify/fact"
)

// staleProbe is how long an acknowledgement may take to count as a sample, µs:
// what comes later answered something else.
const staleProbe = 60_000_000

// probe starts a round-trip measurement on the leg to the receiver of d, if
// none is under way: one sample a flight is enough, and only of bytes never
// seen before (Karn).
func (f *Flow) probe(w *work, d fact.Dir, end uint32, t int64) {
	p := &w.probes[d]
	if !p.on || t-p.at >= staleProbe*1000 {
		*p = probe{seq: end, at: t, on: true}
	}
}

// sample closes a measurement when ack covers the probe.
func (f *Flow) sample(w *work, d fact.Dir, ack uint32, t int64) {
	p := &w.probes[d]
	if !p.on || before(ack, p.seq) {
		return
	}
	p.on = false
	if t < p.at || t-p.at > staleProbe*1000 {
		return
	}
	us := uint32((t - p.at) / 1000)
	s := &f.sides[d]
	if s.rttMin == 0 || us+1 < s.rttMin {
		s.rttMin = us + 1
	}
	inc16(&s.samples)
	w.rtt[d].add(us)
}

// rttBuckets is the size of a histogram of round trips: two buckets an octave
// from 64 µs to 2 s, and one for all below.
const rttBuckets = 32

type rttHist [rttBuckets]uint16

func (h *rttHist) add(us uint32) {
	v := us >> 5
	if v == 0 {
		v = 1
	}
	top := bits.Len32(v) - 1
	half := 0
	if top > 0 {
		half = int(v >> (top - 1) & 1)
	}
	inc16(&h[min(2*top+half, rttBuckets-1)])
}

// median returns the middle of the bucket that holds it, µs; 0 without samples.
func (h *rttHist) median() uint32 {
	var n, sum uint32
	for _, v := range h {
		n += uint32(v)
	}
	if n == 0 {
		return 0
	}
	for i, v := range h {
		if sum += uint32(v); 2*sum >= n {
			low := uint32(32) << (i / 2)
			if i&1 == 1 {
				low += low / 2
			}
			return low + low/4
		}
	}
	return 0
}
