package medialog

import (
	"math/rand/v2"
	"testing"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/wire/rtp"
)

const begun = int64(1_700_000_000e9)

// opaque is media without numbers, one datagram in 20 ms each way; drop says which of
// those that come down do not, and late when they come (ms more).
type opaque struct {
	size         func(ms int) uint32
	drop         func(ms int) bool
	late         func(ms int) int
	up           func(ms int) bool
	milliseconds int
}

func (o opaque) play() *fact.Call {
	l := &Log{}
	r := rand.New(rand.NewPCG(1, 1))
	type one struct {
		d    fact.Dir
		at   int
		size uint32
	}
	var all []one
	for ms := 0; ms < o.milliseconds; ms += 20 {
		if o.up == nil || o.up(ms) {
			all = append(all, one{fact.Up, ms, 90})
		}
		if o.drop == nil || !o.drop(ms) {
			at, size := ms, uint32(60+r.IntN(61))
			if o.late != nil {
				at += o.late(ms)
			}
			if o.size != nil {
				size = o.size(ms)
			}
			all = append(all, one{fact.Down, at, size})
		}
	}
	for at := 0; at < o.milliseconds+1000; at++ {
		for i := range all {
			if all[i].at == at {
				l.Add(all[i].d, &Datagram{Num: uint64(i + 1), Time: begun + int64(at)*1e6, Len: all[i].size + 28, Size: all[i].size})
			}
		}
	}
	return l.Fact(begun + int64(o.milliseconds)*1e6)
}

// TestGaps: a hole is a silence amid even media of which nothing comes later, while
// the other side goes on. All else is none.
func TestGaps(t *testing.T) {
	holes := func(ms int) bool { return ms > 2000 && ms%1100 < 240 }
	small := func(quiet func(int) bool) func(int) uint32 {
		return func(ms int) uint32 {
			if quiet(ms + 100) { // what is sent just before
				return 12
			}
			return 90
		}
	}
	for _, tc := range []struct {
		name string
		o    opaque
		bad  bool
	}{
		{"C6 nothing for 240 ms every 1.1 s", opaque{drop: holes}, true},
		{"N16 all is well", opaque{}, false},
		{"two holes", opaque{drop: func(ms int) bool { return ms > 2000 && ms < 4300 && ms%1100 < 240 }}, false},
		{"what was missing comes at once: held up", opaque{late: func(ms int) int {
			if holes(ms) {
				return 240 - ms%1100
			}
			return 0
		}}, false},
		{"N18 the sender grows quiet before", opaque{drop: holes, size: small(holes)}, false},
		{"N18 one packet in 400 ms for good", opaque{drop: func(ms int) bool { return ms > 3000 && ms%400 != 0 }}, false},
		{"this host stands still, too", opaque{drop: holes, up: func(ms int) bool { return !holes(ms) }}, false},
		{"C6 this side is mute, nobody can tell", opaque{drop: holes, up: func(ms int) bool { return ms%400 == 0 }}, false},
		{"single packets lost", opaque{drop: func(ms int) bool { return ms%140 == 0 }}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.o.milliseconds = 12_000
			c := tc.o.play()
			g := c.Ways[fact.Down].Gaps
			if (g.Bad > 0) != tc.bad {
				t.Errorf("%+v", g)
			}
			if g.Spacing < 18*time.Millisecond || g.Spacing > 22*time.Millisecond && tc.bad {
				t.Errorf("median spacing %v", g.Spacing)
			}
			if up := c.Ways[fact.Up].Gaps; up.Bad > 0 {
				t.Errorf("upwards %+v", up)
			}
		})
	}
}

// stream feeds packets of one source as they are due.
type stream struct {
	h    rtp.Header
	step uint32
	num  uint64
}

func (s *stream) next(l *Log, at int64, keep bool) {
	s.h.Seq++
	s.h.Timestamp += s.step
	s.num++
	if keep {
		h := s.h
		l.Add(fact.Down, &Datagram{Num: s.num, Time: at, Len: 128, Size: 100, RTP: &h})
	}
}

// TestWindows: bad ones, by what they are bad for, and the last if it is long enough.
func TestWindows(t *testing.T) {
	for _, tc := range []struct {
		name         string
		seconds      int
		keep         func(i int) bool
		late         func(i int) int64
		windows, bad uint32
	}{
		{"a clean one and a half", 16, func(int) bool { return true }, nil, 2, 0},
		{"too short", 4, func(i int) bool { return i%4 > 0 }, nil, 0, 0},
		{"5.9 s are enough", 6, func(i int) bool { return i%10 > 0 }, nil, 1, 1},
		{"C4 one in ten", 16, func(i int) bool { return i%10 > 0 }, nil, 2, 2},
		{"one in twenty five", 16, func(i int) bool { return i%25 > 0 }, nil, 2, 0},
		{"one run of 220 ms", 10, func(i int) bool { return i < 100 || i > 110 }, nil, 1, 1},
		{"frames of 60 ms, five at a time", 10, func(i int) bool { return true }, func(i int) int64 { return int64(4-i%5)*60e6 + int64(i)*40e6 }, 3, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, s := &Log{}, &stream{h: rtp.Header{SSRC: 9, Type: 111, Seq: 65500}, step: 960}
			for i := range tc.seconds * 50 {
				at := begun + int64(i)*20e6
				if tc.late != nil {
					at += tc.late(i)
				}
				s.next(l, at, i == 0 || i == 1 || tc.keep(i))
			}
			h := l.Fact(begun).Ways[fact.Down].Held
			if h.Windows != tc.windows || h.Bad != tc.bad {
				t.Errorf("%+v", h)
			}
			if bad := l.Bad(); bad != (tc.bad > 0) {
				t.Errorf("Bad is %v", bad)
			}
		})
	}
}

// TestRepairs: retransmissions have the timestamps of what they repeat; another
// picture has its own.
func TestRepairs(t *testing.T) {
	for _, own := range []bool{false, true} {
		l := &Log{}
		video := &stream{h: rtp.Header{SSRC: 1, Type: 96, Timestamp: 5000}, step: 3000}
		other := &stream{h: rtp.Header{SSRC: 2, Type: 97, Timestamp: 5000}, step: 3000}
		if own {
			other.h.Timestamp += 1 << 31
		}
		for i := range 400 {
			at := begun + int64(i)*33e6
			video.next(l, at, true)
			other.next(l, at+5e6, i%2 == 0 || i < 4)
		}
		w := l.Fact(begun).Ways[fact.Down]
		if len(w.Sources) != 2 || w.Sources[0].Repairs || w.Sources[1].Repairs == own {
			t.Errorf("own timestamps %v: %+v", own, w.Sources)
		}
		if _, lost, _ := w.Lost(); (lost > 0) != own {
			t.Errorf("own timestamps %v: %d lost of what is no repair", own, lost)
		}
	}
}

// TestNoiseIsNoSource: what parses as RTP by chance is never accepted, and makes no
// room for itself beside what is.
func TestNoiseIsNoSource(t *testing.T) {
	l, r := &Log{}, rand.New(rand.NewPCG(2, 2))
	voice := &stream{h: rtp.Header{SSRC: 1, Type: 111}, step: 960}
	for i := range 2000 {
		at := begun + int64(i)*20e6
		voice.next(l, at, true)
		h := rtp.Header{SSRC: r.Uint32(), Seq: uint16(r.Uint32()), Timestamp: r.Uint32(), Type: uint8(r.IntN(64))}
		l.Add(fact.Down, &Datagram{Num: 1, Time: at + 1e6, Len: 100, Size: 72, RTP: &h})
	}
	w := l.Fact(begun).Ways[fact.Down]
	if len(w.Sources) != 1 || w.Sources[0].Expected != 2000 || w.Sources[0].Lost != 0 || w.RTP != 2000 {
		t.Errorf("%d of %d in %+v", w.RTP, w.Media, w.Sources)
	}
}

// TestEvents: what is lost is kept beside what came; what was only overtaken is not
// lost.
func TestEvents(t *testing.T) {
	l := &Log{}
	s := &stream{h: rtp.Header{SSRC: 3, Type: 111}, step: 960}
	var kept *Datagram
	for i := range 3 * MaxEvents {
		at := begun + int64(i)*20e6
		if i == 500 { // overtaken by the two that follow
			s.next(l, at, false)
			h := s.h
			kept = &Datagram{Num: s.num, Time: at + 50e6, Len: 128, Size: 100, RTP: &h}
			continue
		}
		s.next(l, at, i%10 > 0)
		if l.Wants(fact.Down) {
			l.Lend(fact.Down, make([]fact.MediaEvent, 0, MaxEvents))
		}
		if i == 502 {
			l.Add(fact.Down, kept)
			ev := l.Fact(begun).Ways[fact.Down].Events
			lost, void := 0, 0
			for _, e := range ev {
				lost, void = lost+int(count(e.Lost)), void+int(count(e.Void))
			}
			if void != 1 || lost != 49 {
				t.Fatalf("%d lost and %d void of %d events", lost, void, len(ev))
			}
		}
	}
	ev := l.Fact(begun).Ways[fact.Down].Events
	if len(ev) > MaxEvents || len(ev) < MaxEvents/2 || ev[len(ev)-1].Num != s.num {
		t.Errorf("%d events, the last of packet %d", len(ev), ev[len(ev)-1].Num)
	}
	for i := 1; i < len(ev); i++ {
		if ev[i].Time < ev[i-1].Time {
			t.Fatalf("event %d is before the one ahead of it", i)
		}
	}
	if b := l.Return(); cap(b[fact.Down]) != MaxEvents || l.Events(fact.Down) {
		t.Error("the buffer was not given back")
	}
}

// TestReports: what the far end says in the clear of what this side sends.
func TestReports(t *testing.T) {
	l, s := &Log{}, &stream{h: rtp.Header{SSRC: 4, Type: 0}, step: 160}
	for i := range 100 {
		s.next(l, begun+int64(i)*20e6, true)
	}
	l.Report(fact.Up, &rtp.Block{SSRC: 4, Lost: 12, Fraction: 30, Jitter: 80}, fact.Mark{Num: 5})
	l.Report(fact.Up, &rtp.Block{SSRC: 5, Lost: 99}, fact.Mark{Num: 6})
	l.Report(fact.Down, &rtp.Block{SSRC: 4, Lost: 98}, fact.Mark{Num: 7})
	if got := l.Fact(begun).Ways[fact.Down].Sources[0].Told; got.Reports != 1 || got.Lost != 12 || got.At.Num != 5 {
		t.Errorf("%+v", got)
	}
}

// TestTrips: round trips by transaction; what is asked twice tells nothing.
func TestTrips(t *testing.T) {
	var x trips
	for i := range 20 {
		at := begun + int64(i)*1e9
		x.ask(uint32(i), at)
		d := int64(40e6)
		if i >= 17 {
			d = 200e6
		}
		x.answer(uint32(i), at+d)
		x.answer(uint32(i), at+500e6) // the same again
	}
	x.ask(100, begun+30e9)
	x.ask(100, begun+31e9)
	x.answer(100, begun+31e9+1e6)
	x.ask(101, begun+32e9)
	got := x.fact(begun + 40e9)
	if got.N != 20 || got.Floor != 40*time.Millisecond || got.P90 < 180*time.Millisecond || got.P90 > 250*time.Millisecond || got.Unanswered != 1 {
		t.Errorf("%+v", got)
	}
}

// TestSeconds: bytes by second, back to the oldest that is kept, and none where
// nothing came.
func TestSeconds(t *testing.T) {
	l := &Log{}
	for i := range 100 {
		if i == 70 {
			continue
		}
		l.Add(fact.Down, &Datagram{Num: 1, Time: begun + int64(i)*1e9, Len: uint32(i), Size: uint32(10 * i)})
	}
	s := l.Fact(begun).Ways[fact.Down].Seconds
	if len(s.Bytes) != fact.MediaSeconds || s.From != begun+36e9 || s.Bytes[0] != 36 || s.Bytes[34] != 0 || s.Large[20] != 56 || s.Large[0] != 0 {
		t.Errorf("%+v", s)
	}
}

// TestLogAllocs: a datagram costs no allocation.
func TestLogAllocs(t *testing.T) {
	l, s := &Log{}, &stream{h: rtp.Header{SSRC: 9, Type: 111}, step: 960}
	h, at, i := rtp.Header{}, begun, 0
	d := Datagram{Len: 128, Size: 100, RTP: &h}
	l.Lend(fact.Down, make([]fact.MediaEvent, 0, MaxEvents))
	if n := testing.AllocsPerRun(10_000, func() {
		i++
		at += 20e6
		s.h.Seq += uint16(1 + i%7/6)
		s.h.Timestamp += 960
		h, d.Time = s.h, at
		l.Add(fact.Down, &d)
		l.Ask(uint32(i), at)
		l.Answer(uint32(i), at+1)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
