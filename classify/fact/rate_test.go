package fact

import (
	"math"
	"math/rand/v2"
	"reflect"
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

// TestACopyIsTheSame: whatever was there before.
func TestACopyIsTheSame(t *testing.T) {
	filled := func(n int64) (r Rate) {
		v := reflect.ValueOf(&r).Elem()
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
		r.Start, r.Width, r.Last, r.Top = 0, 10, 10*n-1, int32(n-1)
		clear(r.Bins[n:])
		return r
	}
	for _, used := range []int64{1, 7, RateBins} {
		for _, before := range []int64{0, 3, RateBins} {
			to := Rate{}
			if before > 0 {
				to = filled(before)
			}
			r := filled(used)
			r.CopyTo(&to)
			if to != r {
				t.Errorf("of %d bins over %d: %+v", used, before, to)
			}
		}
	}
	r, to := filled(3), Rate{}
	r.Bins[5].Acked = 9 // acknowledged after the last packet
	if r.CopyTo(&to); to.Bins[5] != (RateBin{}) {
		t.Error("a bin behind the last packet is copied")
	}
}

// TestBeginsAnew: nothing of the busy time before is left, wherever in the bins it was.
func TestBeginsAnew(t *testing.T) {
	r := Rate{}
	r.Begin(5, 7)
	for _, at := range []int64{5, 9 * RateWidth, 3 * RateWidth, 90 * RateWidth, 100 * RateWidth} {
		b := r.At(at)
		b.Acked++
		r.Idled(at, at+1000)
		r.Trips.Add(50)
		r.Rises[LegUp].Add(60)
		r.Bytes, r.Lost, r.Filled, r.Late, r.Runs, r.Floor = 1, [2]uint32{1, 2}, 3, 4, 5, [2]uint32{6, 7}
		r.Payload, r.Packets, r.Datagram, r.OneWay, r.Stamped = 8, 9, true, true, true
	}
	if r.Begin(1000, 70); r != (Rate{Start: 1000, Last: 1000, Width: RateWidth, Before: 70}) {
		t.Errorf("%+v", r)
	}
}

// fill sets all there is in a value to something.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch {
	case v.CanInt():
		v.SetInt(1 + rand.Int64N(100))
	case v.CanUint():
		v.SetUint(1 + rand.Uint64N(100))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	default:
		t.Fatalf("a %v", v.Kind())
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

// TestLossesBesideAreThoseThatAreRemembered: of one client, interface and direction, as
// they were told last.
func TestLossesBesideAreThoseThatAreRemembered(t *testing.T) {
	w := &World{}
	say := func(flow FlowID, n int, d Dir, last int64, lost uint32) *RateSeries {
		s := &RateSeries{Flow: flow, Client: client(n), Dir: d, Rate: Rate{Last: last, Lost: [2]uint32{lost, 1}}}
		if free := w.SawRate(s); free == s {
			t.Error("what is kept is given back")
		}
		return s
	}
	a, b := say(1, 1, Down, 10, 5), say(2, 1, Down, 20, 7)
	if a.Beside != b.Beside || a.Beside.Lost != 14 {
		t.Errorf("%+v beside %+v", a.Beside, b.Beside)
	}
	for _, other := range []*RateSeries{say(3, 1, Up, 30, 9), say(4, 2, Down, 30, 9)} {
		if other.Beside.Lost != 10 {
			t.Errorf("another client or direction: %+v", other.Beside)
		}
	}
	if say(1, 1, Down, 40, 6); b.Beside.Lost != 15 {
		t.Errorf("told again: %+v", b.Beside)
	}
	for i := range MaxRates {
		say(FlowID(100+i), 9, Down, 50, 0)
	}
	if w.Rates[0].Client != client(9) || len(w.beside) != 1 || w.Rates[0].Beside.Lost != uint64(len(w.Rates)) {
		t.Errorf("of %v and %d others is left %+v", w.Rates[0].Client, len(w.beside), w.Rates[0].Beside)
	}
}
