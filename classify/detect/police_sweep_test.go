package detect_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"chokepoint/classify/detect"
	"chokepoint/classify/finding"
)

// drawn is a path drawn at random, with a policer on it or without.
type drawn struct {
	download
	policed    bool
	bps, burst float64 // of the policer, bits/s and bytes
	what       string
}

// dice draws settings.
type dice struct{ *rand.Rand }

// between draws evenly by magnitude.
func (d dice) between(a, b float64) float64 {
	return a * math.Exp(d.Float64()*math.Log(b/a))
}

// path draws what holds a transfer up: rates, queues, buckets, losses and round trips
// over all that is common.
func (d dice) path() drawn {
	rate, rtt := d.between(100e3, 6e6), int64(d.between(8, 300))
	out := drawn{download: download{rtt: rtt, responses: 1 + d.IntN(12), pause: int64(d.between(20, 2500))}}
	bytes := rate / 8 * (8 + 17*d.Float64())
	switch d.IntN(7) {
	case 0, 1, 2:
		out.policed, out.bps, out.burst = true, rate, d.between(12e3, 1e6)
		out.path = policer(rate, out.burst)
		out.what = fmt.Sprintf("a policer of %.0f kbit/s and %.0f kB", rate/1e3, out.burst/1e3)
		bytes += out.burst
	case 3:
		share := d.between(0.003, 0.06)
		out.path, out.what = randomLoss(share, d.between(1e6, 20e6), d.Rand), fmt.Sprintf("random loss of %.1f %%", 100*share)
		bytes = d.between(3e5, 3e6)
		if d.IntN(3) == 0 {
			out.steady, out.appBps = true, rate
		}
	case 4:
		queue := d.between(4e3, 500e3)
		out.path, out.what = dropTail(rate, queue), fmt.Sprintf("a queue of %.0f kB before %.0f kbit/s", queue/1e3, rate/1e3)
	case 5:
		out.path, out.what = d.bursts(d.between(0.001, 0.01), 2+d.IntN(8)), "losses in bursts"
		bytes = d.between(3e5, 3e6)
	case 6:
		queue, share := d.between(4e3, 500e3), d.between(0.002, 0.03)
		link := dropTail(rate, queue)
		out.path = func(now int64, n float64) (bool, int64) {
			if d.Float64() < share {
				return true, 0
			}
			return link(now, n)
		}
		out.what = fmt.Sprintf("a queue of %.0f kB before %.0f kbit/s, and random loss of %.1f %%", queue/1e3, rate/1e3, 100*share)
	}
	out.bytes = max(int(bytes)/out.responses, 20_000)
	out.what += fmt.Sprintf(", %d ms, %d answers of %d kB, %d ms apart", rtt, out.responses, out.bytes/1000, out.pause)
	return out
}

// bursts loses several packets in a row, now and then.
func (d dice) bursts(share float64, length int) bottleneck {
	link, left := dropTail(d.between(1e6, 20e6), 1e9), 0
	return func(now int64, n float64) (bool, int64) {
		if left == 0 && d.Float64() < share {
			left = length
		}
		if left > 0 {
			left--
			return true, 0
		}
		return link(now, n)
	}
}

// resolved reports a policer that a tap can tell: a bucket of several round trips, as
// large as is called one, and much that went beyond it.
func (d *drawn) resolved() bool {
	return d.policed && d.burst >= 30e3 && d.burst >= 8*d.bps/8*float64(d.rtt)/1e3 && d.bps >= 500e3
}

// policedIn is the finding of a policer that is likely or surer, if there is one.
func policedIn(j detect.Judgement) *finding.Finding {
	for i := range j.Findings {
		if f := &j.Findings[i]; f.Kind == finding.RatePoliced && f.Verdict.Rank() >= finding.Likely.Rank() {
			return f
		}
	}
	return nil
}

// TestPathsDrawnAtRandom: at either end nobody is called a policer who is none, and
// those that can be told are found with their rate. CHOKEPOINT_SWEEP=n draws others.
func TestPathsDrawnAtRandom(t *testing.T) {
	seed, _ := strconv.ParseUint(os.Getenv("CHOKEPOINT_SWEEP"), 10, 64)
	d := dice{rand.New(rand.NewPCG(seed, 99))}
	var off []float64
	found, clear := map[string]int{}, 0
	for range 240 {
		p := d.path()
		if p.resolved() {
			clear++
		}
		for tap, j := range judgeTaps(p.download) {
			switch f := policedIn(j); {
			case f == nil:
			case !p.policed:
				t.Errorf("%s tap: %s %s at %.0f kbit/s of %s: %v", tap, f.Verdict, f.Kind, *f.RateBps/1e3, p.what, j.Saw)
			default:
				off = append(off, math.Abs(*f.RateBps/p.bps-1))
				if p.resolved() {
					found[tap]++
				}
			}
		}
	}
	slices.Sort(off)
	n := len(off)
	t.Logf("%d policers that can be told, found: %v; rates off by %.2f %% at the median, %.1f %% at the 90th percentile, %.0f %% at most", clear, found, 100*off[n/2], 100*off[n*9/10], 100*off[n-1])
	if off[n/2] > 0.03 || off[n*9/10] > 0.06 {
		t.Error("the rates are off by more")
	}
	for _, tap := range [...]string{"server", "client"} {
		if 100*found[tap] < 75*clear { // of some the buckets are hardly ever emptied
			t.Errorf("%s tap: %d found of %d", tap, found[tap], clear)
		}
	}
}
