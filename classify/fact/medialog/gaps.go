package medialog

import (
	"time"

	"chokepoint/classify/fact"
)

const (
	// gapsEnough is how many datagrams a direction must have sent for its medians to
	// hold.
	gapsEnough = 50
	// evenEnough is how many datagrams must have come since the last silence for the
	// next to be one amid media.
	evenEnough = 10
	// gapFactor times the median spacing is no gap yet (rate-and-calls, 2.10).
	gapFactor = 3
	// loudShare of the median size is what a sender sends who has not grown quiet: what
	// codecs send before they fall silent is smaller.
	loudShare = 0.7
	// settleIn is for how long after a silence it is watched what comes, ns.
	settleIn = 100_000_000

	spacingUnit, spacings = 2_000_000, 33 // ns; the last: longer
	sizeUnit, sizes       = 32, 49        // bytes
	rates                 = 64            // of datagrams in 100 ms
)

// gaps follows the spacing of one direction's media, whatever they are.
type gaps struct {
	last    int64
	n       uint32
	beside  uint16 // datagrams of the other direction since
	even    uint16 // datagrams since the last silence
	size    float32
	spacing [spacings]uint16
	sizes   [sizes]uint16
	rates   [rates]uint16
	bin     int64 // when the 100 ms under way began, ns
	inBin   uint16

	since   silence // that ended a moment ago, and is looked at
	window  int64   // when it began, ns
	inHoles uint32
	silent  int64
	out     fact.MediaGaps // counts only
}

// silence is one that ended.
type silence struct {
	from, to int64
	after    uint16 // datagrams since
	on       bool
}

// add books a datagram; other is the other direction. It reports whether a silence
// began to be looked at, and whether a window just closed that was bad.
func (g *gaps) add(at int64, size uint32, other *gaps) (opened, bad bool) {
	if g.n == 0 {
		g.bin, g.window, g.last = at, at, at
	}
	gap := max(at-g.last, 0)
	bad = g.roll(at)
	if g.since.on {
		g.watch(at)
	}
	if g.n >= gapsEnough && gap >= int64(fact.MediaGap) && gap > gapFactor*g.medianSpacing() {
		opened = g.ends(at, gap, other)
		g.even = 0
	}
	g.n++
	g.count(at, gap, size)
	g.last, g.beside = at, 0
	other.beside = sum16(other.beside, 1)
	return opened, bad
}

// count books what every datagram tells.
func (g *gaps) count(at, gap int64, size uint32) {
	if g.n > 1 {
		tally(&g.spacing[min(gap/spacingUnit, spacings-1)])
	}
	tally(&g.sizes[min(size/sizeUnit, sizes-1)])
	g.even = sum16(g.even, 1)
	if g.size == 0 {
		g.size = float32(size)
	}
	g.size += (float32(size) - g.size) / 4
	for at-g.bin >= settleIn {
		tally(&g.rates[min(g.inBin, rates-1)])
		g.bin, g.inBin = g.bin+settleIn, 0
		if at-g.bin > int64(time.Minute) {
			g.bin = at
		}
	}
	g.inBin = sum16(g.inBin, 1)
}

// ends looks at a silence that this datagram ends.
func (g *gaps) ends(at, gap int64, other *gaps) bool {
	loud := float64(g.size) >= loudShare*float64(sizeUnit*median(g.sizes[:]))
	// The other direction must have gone on meanwhile: else it was the host, or the
	// capture, that stood still.
	due := gap / settleIn * int64(median(other.rates[:])) / 2
	if g.even < evenEnough || !loud || due == 0 || int64(g.beside) < due {
		g.out.Pauses++
		return false
	}
	g.since = silence{from: g.last, to: at, on: true}
	return true
}

// watch says what a silence was by what came in its wake.
func (g *gaps) watch(at int64) {
	s := &g.since
	if at-s.to < settleIn {
		s.after++
		return
	}
	s.on = false
	per, n := int64(median(g.rates[:])), int64(s.after)+1
	missing := (s.to - s.from) * per / settleIn
	switch {
	case n < max(per/2, 2):
		g.out.Pauses++
	case n >= per+missing/2:
		g.out.Delays++
	default:
		g.out.Holes++
		g.inHoles++
		g.silent += s.to - s.from
		g.out.Longest = max(g.out.Longest, time.Duration(s.to-s.from))
	}
}

// roll ends a window whose time is over, and reports whether it was bad.
func (g *gaps) roll(at int64) bool {
	if at-g.window < fact.MediaSpan {
		return false
	}
	bad := g.close(&g.out)
	g.window, g.inHoles, g.silent = at, 0, 0
	return bad
}

// close books a window on what is told.
func (g *gaps) close(out *fact.MediaGaps) bool {
	out.Windows++
	if g.inHoles < fact.BadGaps {
		return false
	}
	if out.Bad == 0 {
		out.First = g.window
	}
	out.Bad++
	out.Last = g.last
	out.BadHoles += g.inHoles
	out.Silent += time.Duration(g.silent)
	return true
}

// fact writes the gaps out; last: the call is over or looked at, and its last window
// counts if it is long enough.
func (g *gaps) fact() fact.MediaGaps {
	out := g.out
	if g.last-g.window >= lastSpan {
		g.close(&out)
	}
	out.Spacing = time.Duration(g.medianSpacing())
	out.Size = sizeUnit*uint32(median(g.sizes[:])) + sizeUnit/2
	out.Per100 = uint32(median(g.rates[:]))
	return out
}

func (g *gaps) medianSpacing() int64 {
	return int64(median(g.spacing[:]))*spacingUnit + spacingUnit/2
}

// tally counts; when a place is full nothing is added, the shape stays as it was.
func tally(v *uint16) {
	if *v < 1<<16-1 {
		*v++
	}
}

// median is the bucket with the middle of a histogram.
func median(h []uint16) int {
	all := 0
	for _, n := range h {
		all += int(n)
	}
	sum := 0
	for i, n := range h {
		if sum += int(n); 2*sum >= all && all > 0 {
			return i
		}
	}
	return 0
}
