package fact

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestBinsWidenWithoutLosingAnything(t *testing.T) {
	r := Rate{Width: RateWidth}
	for i := range int64(1000) {
		now := i * RateWidth
		b := r.At(now)
		r.Last = now
		if b.Num == 0 {
			b.Num = uint64(i + 1)
		}
		b.Bytes += 100
		b.Packets++
		b.Lost += uint32(i % 2)
		b.RTT[LegUp] += 5
		b.RTTs[LegUp]++
		b.FullWins += uint16(i % 2)
	}
	var sum RateBin
	for i := range r.Bins {
		sum.Add(&r.Bins[i])
	}
	if sum.Bytes != 100_000 || sum.Packets != 1000 || sum.Lost != 500 || sum.RTT[LegUp] != 5000 || sum.RTTs[LegUp] != 1000 || sum.FullWins != 500 || sum.Num != 1 {
		t.Errorf("%+v", sum)
	}
	if r.Width != 16*RateWidth || r.Used() != 63 || r.Bins[1].Num != 17 {
		t.Errorf("%d bins of %d, the second begins with packet %d", r.Used(), r.Width, r.Bins[1].Num)
	}
}

func TestSumsStopAtTheirEnd(t *testing.T) {
	a := RateBin{Packets: math.MaxUint32, RTTs: [2]uint16{math.MaxUint16, 3}}
	a.Add(&RateBin{Packets: 2, RTTs: [2]uint16{2, 4}})
	if a.Packets != math.MaxUint32 || a.RTTs != [2]uint16{math.MaxUint16, 7} {
		t.Errorf("%+v", a)
	}
}

func TestIdleTimeIsInTheBinsInWhichItWas(t *testing.T) {
	r := Rate{Width: 1_000_000}
	r.At(9_500_000)
	r.Idled(1_500_000, 3_250_000)
	for i, want := range map[int]uint32{0: 0, 1: 500, 2: 1000, 3: 250, 4: 0} {
		if r.Bins[i].Idle != want {
			t.Errorf("bin %d: %d µs, want %d", i, r.Bins[i].Idle, want)
		}
	}
}

// TestTripOfALegThatWasNotMeasuredIsItsFloor: see also what is measured of one.
func TestTripOfALegThatWasNotMeasuredIsItsFloor(t *testing.T) {
	b := RateBin{RTT: [2]uint32{LegUp: 30_000}, RTTs: [2]uint16{LegUp: 3}}
	if s, ok := b.Trip([2]uint32{LegDown: 5_000, LegUp: 8_000}); !ok || math.Abs(s-0.015) > 1e-9 {
		t.Errorf("%v %v", s, ok)
	}
	if s, ok := (&RateBin{}).Trip([2]uint32{5_000, 8_000}); ok || math.Abs(s-0.013) > 1e-9 {
		t.Errorf("%v %v", s, ok)
	}
}

func TestSketchIsRightWithinFivePercent(t *testing.T) {
	var s Sketch
	var all []uint32
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		us := uint32(math.Exp(rng.Float64()*10) * 60) // 60 µs to 1.3 s
		all = append(all, us)
		s.Add(us)
	}
	for _, q := range []float64{0.05, 0.1, 0.5, 0.9, 0.99} {
		n := 0
		got := s.Quantile(q)
		for _, us := range all {
			if float64(us) <= got*1.06 {
				n++
			}
		}
		m := 0
		for _, us := range all {
			if float64(us) < got/1.06 {
				m++
			}
		}
		if float64(n) < q*float64(len(all)) || float64(m) > q*float64(len(all)) {
			t.Errorf("quantile %.2f is %.0f: %d below 6 %% more, %d below 6 %% less", q, got, n, m)
		}
	}
	if (&Sketch{}).Quantile(0.5) != 0 {
		t.Error("a quantile of nothing")
	}
}

func TestTheWorldKeepsTheRatesThatMovedLast(t *testing.T) {
	w := &World{}
	for i := range MaxRates + 100 {
		w.Now = int64(i) * 1_000_000_000
		w.SawRate(&RateSeries{Flow: FlowID(i + 1), Dir: Down, Rate: Rate{Last: w.Now}})
	}
	if len(w.Rates) > MaxRates || len(w.Rates) < MaxRates/2 || len(w.rateAt) != len(w.Rates) {
		t.Fatalf("%d of %d, %d known", len(w.Rates), MaxRates, len(w.rateAt))
	}
	last := w.Rates[len(w.Rates)-1]
	if last.Flow != MaxRates+100 || w.Rates[0].Flow == 1 {
		t.Errorf("from %v to %v", w.Rates[0].Flow, last.Flow)
	}
	rev, n := w.RatesRev, len(w.Rates)
	w.SawRate(&RateSeries{Flow: last.Flow, Dir: Down, Rate: Rate{Last: 7, Bytes: 9}})
	if len(w.Rates) != n || w.Rates[n-1].Rate.Bytes != 9 || w.RatesRev == rev {
		t.Error("what is told again is not kept in place of what was told before")
	}
	w.SawRate(&RateSeries{Flow: last.Flow, Dir: Up})
	w.SawRate(&RateSeries{Flow: last.Flow, Dir: Down, Rate: Rate{Start: 5}})
	if len(w.Rates) != n+2 {
		t.Error("the other direction, or another busy time, is the same")
	}
}
