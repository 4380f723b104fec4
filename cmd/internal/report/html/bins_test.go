package html

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

// sumOf adds up what is in bins between two times, ns.
func sumOf(b *busyBins, from, to int64) (n int) {
	for i := range b.list {
		if at := b.start(i); at >= from && at < to {
			n += b.list[i].worked
		}
	}
	return n
}

// TestBinsLoseNothing: whatever order things come in, each is in the bin of its time, and
// there are never too many.
func TestBinsLoseNothing(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for _, span := range []int64{1e6, 1e9, 3600e9, 86400e9 * 365} {
		var b busyBins
		var times []int64
		for range 2000 {
			at := 1_700_000_000e9 + dice.Int64N(span) - span/2
			times = append(times, at)
			b.at(at).worked++
			if len(b.list) > maxBins {
				t.Fatalf("%d bins", len(b.list))
			}
		}
		for _, wide := range []int64{b.width, 4 * b.width} {
			w := b.wide(wide)
			if w.width != wide {
				t.Fatalf("bins are %d ns wide, not %d", w.width, wide)
			}
			for i := range w.list {
				from, to := w.start(i), w.start(i)+w.width
				want := 0
				for _, at := range times {
					if at >= from && at < to {
						want++
					}
				}
				if got := sumOf(&w, from, to); got != want {
					t.Fatalf("span %d: a bin of %d ns has %d, not %d", span, w.width, got, want)
				}
			}
			if got := sumOf(&w, math.MinInt64, math.MaxInt64); got != len(times) {
				t.Errorf("span %d: %d of %d are left", span, got, len(times))
			}
		}
	}
}

func TestBinsLieAtMultiplesOfTheirWidth(t *testing.T) {
	var a, b busyBins
	a.at(1_000_000_000).worked++
	b.at(1_000_000_000+7*firstWidth).worked++
	a.at(30e9).worked++
	b.at(90e9).worked++
	x, y := a.wide(max(a.width, b.width)), b.wide(max(a.width, b.width))
	if x.width != y.width || x.start(0)%x.width != 0 || y.start(0)%y.width != 0 {
		t.Errorf("%d at %d beside %d at %d", x.width, x.start(0), y.width, y.start(0))
	}
	if floorDiv(-1, 10) != -1 || floorDiv(-10, 10) != -1 || floorDiv(9, 10) != 0 {
		t.Error("times before 1970")
	}
}

func TestFiguresOfPlots(t *testing.T) {
	out, err := json.Marshal(nums{1, math.NaN(), 0.1234567, -2e9, math.Inf(1)})
	if err != nil || string(out) != "[1,null,0.123457,-2000000000,null]" {
		t.Errorf("%s, %v", out, err)
	}
	if out, _ := json.Marshal(nums{}); string(out) != "[]" {
		t.Errorf("%s", out)
	}
}
