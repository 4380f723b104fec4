package fact

import (
	"math"
	"net/netip"
	"slices"
)

const (
	// RateBins is how many time bins a direction has (rate-and-calls, section 2.4):
	// when they are full, each two become one.
	RateBins = 64
	// RateWidth is the width of a bin at first, ns: some two round trips of a near
	// server; 64 of them last 4.3 s.
	RateWidth = 1 << 26
	// MaxRates is how many directions the world remembers, those that moved last.
	MaxRates = 512
	// RateMemory is how long the world remembers one after it moved, ns: the
	// differential test compares within ten minutes (rate-and-calls, section 2.7).
	RateMemory = 600_000_000_000
)

// RateBin is what one direction sent in a span of time. Sums stop at their type's end.
type RateBin struct {
	Num      uint64    // its first packet, 0 none
	Bytes    uint64    // innermost IP bytes of all packets
	Payload  uint64    // payload bytes, the same
	Acked    uint64    // payload bytes that the other side said in this time it had got, selectively too
	Out      uint64    // sum of the bytes outstanding, over Windows
	Packets  uint32    // wire segments
	Lost     uint32    // of them, segments that came again, and such as did not come in time
	Pushed   uint32    // frames with PSH
	Idle     uint32    // µs in which the sender had no more to send, as far as that shows
	RTT      [2]uint32 // per [Leg]: sum of clean round trips, µs
	RTTs     [2]uint16 // per [Leg]: how many
	Windows  uint16    // how often what was outstanding was held against the receiver's window
	FullWins uint16    // of these, how often it filled it
}

// Add takes another bin in.
func (b *RateBin) Add(o *RateBin) {
	if b.Num == 0 {
		b.Num = o.Num
	}
	b.Bytes += o.Bytes
	b.Payload += o.Payload
	b.Acked += o.Acked
	b.Out += o.Out
	b.Packets = sum32(b.Packets, o.Packets)
	b.Lost = sum32(b.Lost, o.Lost)
	b.Pushed = sum32(b.Pushed, o.Pushed)
	b.Idle = sum32(b.Idle, o.Idle)
	for l := range b.RTT {
		b.RTT[l] = sum32(b.RTT[l], o.RTT[l])
		b.RTTs[l] = sum16(b.RTTs[l], o.RTTs[l])
	}
	b.Windows = sum16(b.Windows, o.Windows)
	b.FullWins = sum16(b.FullWins, o.FullWins)
}

// Trip is the mean round trip from end to end, s; ok reports that a leg was measured.
// A leg that was not counts as long as its floor, µs.
func (b *RateBin) Trip(floor [2]uint32) (s float64, ok bool) {
	for l, n := range b.RTTs {
		if n > 0 {
			s += float64(b.RTT[l]) / float64(n)
			ok = true
		} else {
			s += float64(floor[l])
		}
	}
	return s / 1e6, ok
}

func sum32(a, b uint32) uint32 {
	if s := a + b; s >= a {
		return s
	}
	return math.MaxUint32
}

func sum16(a, b uint16) uint16 {
	if s := a + b; s >= a {
		return s
	}
	return math.MaxUint16
}

// Rate is the throughput over time of one direction that moves much, while it was
// busy last.
type Rate struct {
	Start, Last int64     // first bin and last packet, ns
	Width       int64     // of a bin, ns
	Before      uint64    // IP bytes that the direction had sent before
	Bytes       uint64    // and in all bins
	Payload     uint64    // payload bytes in them
	Packets     uint64    // wire segments, the same
	Lost        [2]uint32 // per [Leg] behind which they were lost: LegDown came again, LegUp did not come in time
	Filled      uint32    // of those behind LegUp, that came later: what never comes the capture has missed
	Late        uint32    // segments that were only overtaken
	Runs        uint32    // of losses that follow each other
	Floor       [2]uint32 // per [Leg]: the shortest round trip known, µs; 0 none
	Trips       Sketch    // round trips from end to end, µs
	Rises       [2]Sketch // per [Leg]: how far the round trip was above the shortest before each run of losses behind it, µs
	Datagram    bool      // no sequence numbers: neither loss nor windows nor round trips show
	OneWay      bool      // the other direction was not captured
	Stamped     bool      // timestamps both ways: round trips show at the receiver, too
	Bins        [RateBins]RateBin
	Top         int32 // the last bin in which anything ever was
}

// Begin starts a busy time of a direction that had sent so many IP bytes before. What
// was there is wiped as far as it was used: thousands of bytes are touched for nothing
// else by flows of a few packets.
func (r *Rate) Begin(now int64, before uint64) {
	clear(r.Bins[:r.Top+1])
	r.Top = 0
	r.Start, r.Last, r.Width, r.Before = now, now, RateWidth, before
	r.Bytes, r.Payload, r.Packets = 0, 0, 0
	r.Lost, r.Filled, r.Late, r.Runs = [2]uint32{}, 0, 0, 0
	r.Floor = [2]uint32{}
	r.Trips.reset()
	for leg := range r.Rises {
		r.Rises[leg].reset()
	}
	r.Datagram, r.OneWay, r.Stamped = false, false, false
}

// CopyTo writes r over another. Bins behind the last packet are left out.
func (r *Rate) CopyTo(to *Rate) {
	used := r.Used()
	clear(to.Bins[min(used, to.Used()):to.Used()])
	copy(to.Bins[:used], r.Bins[:used])
	to.Start, to.Last, to.Width, to.Before = r.Start, r.Last, r.Width, r.Before
	to.Bytes, to.Payload, to.Packets = r.Bytes, r.Payload, r.Packets
	to.Lost, to.Filled, to.Late, to.Runs = r.Lost, r.Filled, r.Late, r.Runs
	to.Floor, to.Trips, to.Rises = r.Floor, r.Trips, r.Rises
	to.Datagram, to.OneWay, to.Stamped = r.Datagram, r.OneWay, r.Stamped
	to.Top = int32(max(used-1, 0))
}

// Used is how many bins there are up to the last packet.
func (r *Rate) Used() int {
	if r.Width == 0 {
		return 0
	}
	return int(min((r.Last-r.Start)/r.Width+1, RateBins))
}

// At is the bin of a time not before the first, widening all bins as far as that needs.
func (r *Rate) At(now int64) *RateBin {
	if d := now - r.Start - int64(r.Top)*r.Width; d >= 0 && d < r.Width { // as mostly: no division
		return &r.Bins[r.Top]
	}
	for now-r.Start >= RateBins*r.Width {
		r.double()
	}
	i := max(now-r.Start, 0) / r.Width
	r.Top = max(r.Top, int32(i))
	return &r.Bins[i]
}

func (r *Rate) double() {
	for i := range RateBins / 2 {
		r.Bins[i] = r.Bins[2*i]
		r.Bins[i].Add(&r.Bins[2*i+1])
	}
	clear(r.Bins[RateBins/2:])
	r.Top /= 2
	r.Width *= 2
}

// Idled notes that the sender had nothing to send between two times. Both lie in the
// bins.
func (r *Rate) Idled(from, to int64) {
	for from = max(from, r.Start); from < to; {
		i := (from - r.Start) / r.Width
		end := min(to, r.Start+(i+1)*r.Width)
		b := &r.Bins[i]
		b.Idle = sum32(b.Idle, uint32(min((end-from)/1000, math.MaxUint32)))
		from = end
	}
}

// Sketch is a histogram of round trips, µs, whose quantiles are right within 5 %
// (DDSketch, Masson et al., VLDB 2019, with a fixed number of buckets: from 50 µs to
// some 17 s).
type Sketch struct {
	N    uint32
	Bins [128]uint16
}

// sketchFrom is the end of the first bucket, µs, and sketchStep the ratio of two ends:
// (1+a)/(1-a) with a = 5 %.
const sketchFrom = 50

var sketchStep = math.Log(1.05 / 0.95)

// Add takes a value.
func (s *Sketch) Add(us uint32) {
	i := 0
	if us > sketchFrom {
		i = min(int(math.Ceil(math.Log(float64(us)/sketchFrom)/sketchStep)), len(s.Bins)-1)
	}
	s.Bins[i] = sum16(s.Bins[i], 1)
	s.N = sum32(s.N, 1)
}

func (s *Sketch) reset() {
	if s.N != 0 {
		*s = Sketch{}
	}
}

// Quantile returns the value below which a share q of all lies, µs; 0 without any.
func (s *Sketch) Quantile(q float64) float64 {
	var all, n float64
	for _, c := range s.Bins {
		all += float64(c)
	}
	if all == 0 {
		return 0
	}
	for i, c := range s.Bins {
		if n += float64(c); n > q*(all-1) {
			return sketchFrom * math.Exp((float64(i)-0.5)*sketchStep)
		}
	}
	return 0
}

// Above returns how many of the values lie above one, µs.
func (s *Sketch) Above(us float64) (n uint32) {
	for i, c := range s.Bins {
		if sketchFrom*math.Exp((float64(i)-0.5)*sketchStep) > us {
			n += uint32(c)
		}
	}
	return n
}

// RateSeries is a direction that moved much, as the world knows it: one busy time of it.
type RateSeries struct {
	Flow           FlowID
	Dir            Dir
	Client, Server netip.Addr
	Port           uint16 // of the server
	Proto          uint8
	If             uint16
	QUIC           bool
	Name           string // foreign text
	Service        string // "" unknown
	Function       string
	Owner          string // as in [Control]
	Rate           Rate
	Openings       [2]Opening // per [Leg], of its transmission log; nothing where it was not seen from its beginning
	Trip           float64    // median of its round trips, µs; 0 none. SawRate fills it in
	Beside         *Beside    // SawRate fills it in
}

// Beside is what directions of one client and interface have in common.
type Beside struct {
	series int
	Lost   uint64 // segments, of all of them that the world remembers
}

// besideKey is whose directions they are.
type besideKey struct {
	client netip.Addr
	ifc    uint16
	dir    Dir
}

// rateKey names a busy time of a direction.
type rateKey struct {
	flow  FlowID
	dir   Dir
	start int64
}

func (s *RateSeries) key() rateKey { return rateKey{s.Flow, s.Dir, s.Rate.Start} }

// SawRate takes in what is known of a direction now: it keeps s, and gives back one that
// nobody needs any more. Calls come in packet order.
func (w *World) SawRate(s *RateSeries) (free *RateSeries) {
	if w.rateAt == nil {
		w.rateAt = map[rateKey]int{}
	}
	w.RatesRev++
	s.Trip = s.Rate.Trips.Quantile(0.5)
	k := s.key()
	i, known := w.rateAt[k]
	if known {
		free = w.Rates[i]
		s.Beside = free.Beside
		s.Beside.Lost -= free.lost()
		w.Rates[i] = s
	} else {
		if len(w.Rates) >= w.Scarce.of(MaxRates) {
			w.forgetRates()
		}
		free = w.spareRate()
		s.Beside = w.besides(s)
		w.rateAt[k] = len(w.Rates)
		w.Rates = append(w.Rates, s)
	}
	s.Beside.Lost += s.lost()
	return free
}

func (s *RateSeries) lost() uint64 { return uint64(s.Rate.Lost[0]) + uint64(s.Rate.Lost[1]) }

// besides returns what a direction that is new is beside.
func (w *World) besides(s *RateSeries) *Beside {
	if w.beside == nil {
		w.beside = map[besideKey]*Beside{}
	}
	k := besideKey{s.Client, s.If, s.Dir}
	b := w.beside[k]
	if b == nil {
		b = &Beside{}
		w.beside[k] = b
	}
	b.series++
	return b
}

// forgetRate takes a direction from those it is beside.
func (w *World) forgetRate(s *RateSeries) {
	s.Beside.Lost -= s.lost()
	if s.Beside.series--; s.Beside.series == 0 {
		delete(w.beside, besideKey{s.Client, s.If, s.Dir})
	}
	w.rateSpare = append(w.rateSpare, s)
}

// forgetRates makes room: what moved too long ago goes, and else the eighth that moved
// longest ago.
func (w *World) forgetRates() {
	last := make([]int64, 0, len(w.Rates))
	for _, s := range w.Rates {
		last = append(last, s.Rate.Last)
	}
	slices.Sort(last)
	limit := max(last[len(last)/8], w.Now-RateMemory)
	w.Rates = slices.DeleteFunc(w.Rates, func(s *RateSeries) bool {
		if s.Rate.Last > limit {
			return false
		}
		w.forgetRate(s)
		return true
	})
	clear(w.rateAt)
	for i, s := range w.Rates {
		w.rateAt[s.key()] = i
	}
}

// spareRate is a place for one more: that of one that was forgotten, if there is any.
func (w *World) spareRate() *RateSeries {
	n := len(w.rateSpare)
	if n == 0 {
		return &RateSeries{}
	}
	s := w.rateSpare[n-1]
	w.rateSpare = w.rateSpare[:n-1]
	return s
}
