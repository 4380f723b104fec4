package medialog

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"chokepoint/classify/fact"
	"chokepoint/classify/wire/rtp"
)

// arrival is a packet as it comes.
type arrival struct {
	seq   uint16
	stamp uint32
	at    int64
}

// spoken makes n packets of a source, one in 20 ms, with some ms of jitter, in order.
func spoken(r *rand.Rand, n, clock int, first uint16, jitterMs float64) (out []arrival) {
	base := r.Uint32()
	for i := range n {
		out = append(out, arrival{
			seq: first + uint16(i), stamp: base + uint32(i*clock/50), at: 1_700_000_000e9 + int64(i)*20e6 + int64(r.Float64()*jitterMs*1e6),
		})
	}
	return out
}

// taken feeds a source.
func taken(list []arrival) (*source, *[fact.LossRuns]uint32) {
	s, runs := &source{}, &[fact.LossRuns]uint32{}
	for i, a := range list {
		h := rtp.Header{SSRC: 7, Seq: a.seq, Timestamp: a.stamp, Type: 111}
		if i == 0 {
			s.begin(&h, a.at)
			continue
		}
		s.add(&h, a.at, runs)
	}
	return s, runs
}

func TestSourceSize(t *testing.T) {
	if n := unsafe.Sizeof(source{}); n > 120 {
		t.Errorf("a source takes %d bytes", n)
	} else {
		t.Logf("a source takes %d bytes, a call %d", n, unsafe.Sizeof(Log{}))
	}
}

// TestLossIsExact: whatever is lost, doubled or overtaken within 64 packets, and
// wherever the numbers wrap.
func TestLossIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		n := 200 + r.IntN(2000)
		all := spoken(r, n, 48000, uint16(r.Uint32()), 5)
		lost, twice := map[int]bool{}, uint32(0)
		for i := 2; i < n-1; i++ {
			if r.Float64() < 0.02 {
				for k := i; k < min(i+1+r.IntN(9), n-1); k++ {
					lost[k] = true
				}
			}
		}
		var list []arrival
		for i, a := range all {
			if !lost[i] {
				list = append(list, a)
				if i > 2 && r.Float64() < 0.01 {
					list = append(list, a)
					twice++
				}
			}
		}
		for i := 3; i < len(list)-1; i++ { // overtaken by up to 20, all but the last
			if r.Float64() < 0.01 {
				j := min(i+r.IntN(20), len(list)-2)
				a := list[i]
				copy(list[i:j], list[i+1:j+1])
				list[j] = a
			}
		}
		s, runs := taken(list)
		m := s.fact(runs)
		if m.Expected != uint32(n) || m.Lost != uint32(len(lost)) || m.Twice != twice {
			t.Fatalf("round %d: expected %d lost %d twice %d; want %d, %d, %d", round, m.Expected, m.Lost, m.Twice, n, len(lost), twice)
		}
		want := counted(lost, n)
		if m.Runs != want.runs || m.Longest != want.longest || *runs != want.hist {
			t.Fatalf("round %d: %d runs, longest %d, %v; want %+v", round, m.Runs, m.Longest, runs, want)
		}
		if m.Bursts != want.bursts || m.BurstLost != want.burstLost || m.BurstLen != want.burstLen {
			t.Fatalf("round %d: %d bursts with %d of %d; want %+v", round, m.Bursts, m.BurstLost, m.BurstLen, want)
		}
	}
}

// reference is what RFC 3611 section 4.7.2 says of a list of losses, by its words.
type reference struct {
	runs, longest               uint32
	hist                        [fact.LossRuns]uint32
	bursts, burstLost, burstLen uint32
}

func counted(lost map[int]bool, n int) (w reference) {
	run, last, first, inBurst := uint32(0), -1, -1, uint32(0)
	end := func() {
		if inBurst > 1 {
			w.bursts++
			w.burstLost += inBurst
			w.burstLen += uint32(last - first + 1)
		}
		inBurst = 0
	}
	for i := range n {
		if !lost[i] {
			if run > 0 {
				w.runs++
				w.longest = max(w.longest, run)
				w.hist[min(run, fact.LossRuns)-1]++
			}
			run = 0
			continue
		}
		run++
		if inBurst > 0 && i-last-1 >= gmin {
			end()
		}
		if inBurst == 0 {
			first = i
		}
		inBurst++
		last = i
	}
	end()
	return w
}

// TestJitterIsRFC3550s: by the formula of section 6.4.1 over all packets in the order
// of arrival, once the clock is known; what came before is forgotten by then.
func TestJitterIsRFC3550s(t *testing.T) {
	for _, clock := range clocks {
		r := rand.New(rand.NewPCG(3, uint64(clock)))
		list := spoken(r, 1500, int(clock), 65000, 15)
		s, _ := taken(list)
		var j float64
		for i := 1; i < len(list); i++ {
			a, b := list[i-1], list[i]
			d := float64(b.at-a.at) - float64(int32(b.stamp-a.stamp))*1e9/float64(clock)
			j += (math.Abs(d) - j) / 16
		}
		if s.clock != clock {
			t.Errorf("%d Hz taken for %d", clock, s.clock)
		}
		if off := math.Abs(float64(s.jitter) - j); off > 1000 {
			t.Errorf("%d Hz: jitter %v, want %v", clock, time.Duration(s.jitter), time.Duration(j))
		}
	}
}

// TestSourcesThatAreSpecial: what is no loss although numbers or times leap.
func TestSourcesThatAreSpecial(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	plain := func() []arrival { return spoken(r, 600, 48000, 100, 2) }
	for _, tc := range []struct {
		name string
		list func() []arrival
		ok   func(fact.MediaSource) bool
	}{
		{"N18 comfort noise: one packet in 400 ms", func() []arrival {
			l := plain()
			for i := 300; i < len(l); i++ {
				shift := int64(i-299) * 380e6
				if i > 320 {
					shift = 21 * 380e6
				}
				l[i].at += shift
				l[i].stamp += uint32(shift / 1e6 * 48)
			}
			return l
		}, func(m fact.MediaSource) bool {
			return m.Lost == 0 && m.Jitter < 3*time.Millisecond && m.Clock == 48000
		}},
		{"a clock that stops while the sender is mute", func() []arrival {
			l := plain()
			for i := 300; i < len(l); i++ {
				l[i].at += 7e9
			}
			return l
		}, func(m fact.MediaSource) bool { return m.Lost == 0 && m.Jitter < 3*time.Millisecond }},
		{"timestamps that begin anew", func() []arrival {
			l := plain()
			for i := 300; i < len(l); i++ {
				l[i].stamp += 1 << 30
			}
			return l
		}, func(m fact.MediaSource) bool { return m.Lost == 0 && m.Jitter < 3*time.Millisecond }},
		{"numbers that begin anew", func() []arrival {
			l := plain()
			for i := 300; i < len(l); i++ {
				l[i].seq += 20_000
			}
			return l
		}, func(m fact.MediaSource) bool {
			return m.Lost == 0 && m.Restarts == 1 && m.Expected >= 598 && m.Expected <= 600
		}},
		{"one wild number", func() []arrival {
			l := plain()
			l[300].seq += 30_000
			return l
		}, func(m fact.MediaSource) bool { return m.Lost == 1 && m.Restarts == 0 && m.Expected == 600 }},
		{"a capture that begins late does not miss what came before", func() []arrival { return plain()[200:] },
			func(m fact.MediaSource) bool { return m.Lost == 0 && m.Expected == 400 }},
		{"a packet that is 70 late is lost", func() []arrival {
			l := plain()
			a := l[300]
			l = append(l[:300:300], l[301:]...)
			return append(append(l[:370:370], a), l[370:]...)
		}, func(m fact.MediaSource) bool { return m.Lost == 1 && m.Misordered == 1 }},
		{"no clock of media", func() []arrival {
			l := plain()
			for i := range l {
				l[i].stamp = uint32(i) * 13
			}
			return l
		}, func(m fact.MediaSource) bool { return m.Clock == 0 && m.Jitter == 0 && m.Lost == 0 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, runs := taken(tc.list())
			if m := s.fact(runs); !tc.ok(m) {
				t.Errorf("%+v", m)
			}
		})
	}
}

// TestBurstRatio: 1 for losses by chance, the length of runs where they come in runs.
func TestBurstRatio(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, length := range []int{1, 5} {
		all := spoken(r, 20000, 48000, 0, 0)
		var list []arrival
		for i := 0; i < len(all); i++ {
			if i > 1 && r.Float64() < 0.08/float64(length) {
				i += length - 1
				continue
			}
			list = append(list, all[i])
		}
		s, runs := taken(list)
		m := s.fact(runs)
		if got := m.BurstRatio(); math.Abs(got/float64(length)-1) > 0.1 {
			t.Errorf("in runs of %d: burst ratio %.2f at a loss of %.3f", length, got, m.Share())
		}
	}
	if (&fact.MediaSource{Expected: 10}).BurstRatio() != 0 {
		t.Error("a burst ratio of nothing lost")
	}
}
