package detect

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// voice is a minute of a WhatsApp call with numbers, of which bad windows lost so many
// of 500 packets in so many runs.
func voice(windows, lost, runs uint32) *fact.Flow {
	f := datagrams(fact.AskRelay, 3478, 0)
	f.Start, f.Last, f.Now = sec(0), sec(60), sec(61)
	f.App, f.Sides[fact.Down].Packets = "rtp", 3000
	way := func(lost, runs uint32) fact.MediaWay {
		m := fact.MediaWay{Media: 3000, RTP: 3000, First: fact.Mark{Num: 10, Time: sec(0)}, Last: fact.Mark{Num: 5000, Time: sec(60)}}
		m.Held = fact.BadSpan{Windows: 6}
		m.Sources = []fact.MediaSource{{SSRC: 7, Type: 111, Clock: 48000, Expected: 3000, Lost: lost, Runs: runs, Longest: 5}}
		return m
	}
	f.Call = &fact.Call{Trips: fact.MediaTrips{N: 20, Floor: 40 * time.Millisecond, P90: 44 * time.Millisecond}}
	f.Call.Ways = [2]fact.MediaWay{way(0, 0), way(windows*lost, windows*runs)}
	if windows > 0 {
		m := &f.Call.Ways[fact.Down]
		m.Held = fact.BadSpan{Windows: 6, Loss: windows, Bad: windows, First: sec(10), Last: sec(10 + 10*float64(windows)),
			Expected: 500 * windows, Lost: lost * windows, Runs: runs * windows, Longest: 100 * time.Millisecond, WorstJitter: 3 * time.Millisecond}
		m.Holes = []fact.Mark{{Num: 900, Time: sec(10.5)}, {Num: 1000, Time: sec(11.5)}}
	}
	return f
}

// spared is a world in which the client's TCP moved so many segments between 10 and 40 s
// and lost some of them.
func spared(segs, lost, runs uint32) *fact.World {
	w := talking(dropWorld(living(5, 58)))
	w.SawPassage(fact.Passage{Passer: fact.Passer{Client: netip.MustParseAddr(dropClient)}, Fared: fact.Fared{From: sec(12), To: sec(18),
		Segs: [2]uint32{segs, segs}, Lost: [2]uint32{lost, lost}, Runs: [2]uint32{runs, runs}}})
	return w
}

func changed[T any](v *T, edit func(*T)) *T {
	edit(v)
	return v
}

// blindOpaque is the same call through a reflector: no numbers, holes in so many
// windows.
func blindOpaque(bad, holes uint32) *fact.Flow {
	return changed(voice(0, 0, 0), func(f *fact.Flow) {
		f.Datagrams.First, f.Label.Service, f.App = fact.AskReflector, "telegram", ""
		for d := range f.Call.Ways {
			m := &f.Call.Ways[d]
			m.RTP, m.Sources, m.Held = 0, nil, fact.BadSpan{}
			m.Gaps = fact.MediaGaps{Spacing: 20 * time.Millisecond, Size: 110, Per100: 5, Windows: 6}
		}
		m := &f.Call.Ways[fact.Down]
		m.Gaps.Bad, m.Gaps.BadHoles, m.Gaps.Holes = bad, holes, holes
		if bad > 0 {
			m.Gaps.First, m.Gaps.Last, m.Gaps.Longest, m.Gaps.Silent = sec(10), sec(20), 240*time.Millisecond, 2*time.Second
			m.Holes = []fact.Mark{{Num: 900, Time: sec(11)}}
		}
	})
}

// TestCallDegraded: what is bad is told; that somebody makes it bad takes that other
// traffic is spared.
func TestCallDegraded(t *testing.T) {
	clean := func() *fact.World { return spared(600, 0, 0) }
	for _, c := range []struct {
		talkCase
		stopped string // a reason that must be among those
	}{
		{talkCase{"C4 8 % in runs of five, TCP spared", voice(1, 40, 8), clean(), finding.Likely, ""}, ""},
		{talkCase{"C4 its twin: TCP loses alike", voice(1, 40, 8), spared(600, 40, 9), finding.Unexplained, ""}, "alike"},
		{talkCase{"C4 too little TCP to compare", voice(1, 40, 8), spared(40, 0, 0), finding.Suspected, ""}, "not_compared"},
		{talkCase{"C4 its twin: TCP loses less, by chance and in longer runs", voice(1, 35, 17), spared(874, 38, 13), finding.Unexplained, ""}, "alike"},
		{talkCase{"C4 TCP loses half as much: too near", voice(1, 100, 60), spared(600, 62, 10), finding.Unexplained, ""}, "alike"},
		{talkCase{"C4 TCP loses a little, as any does", voice(1, 100, 60), spared(600, 2, 2), finding.Likely, ""}, ""},
		{talkCase{"N16 nothing bad", voice(0, 0, 0), clean(), "", ""}, "good"},
		{talkCase{"N22 all lost at once: a handover", voice(1, 100, 1), clean(), finding.Unexplained, ""}, "outage"},
		{talkCase{"B24 nothing else lives: a dead link", voice(1, 40, 8), talking(dropWorld()), finding.Inconclusive, "no_control"}, "no_control"},
		{talkCase{"uneven and nothing lost", changed(voice(1, 0, 0), func(f *fact.Flow) {
			h := &f.Call.Ways[fact.Down].Held
			h.Loss, h.Jitter, h.WorstJitter = 0, 1, 80*time.Millisecond
		}), clean(), finding.Unexplained, ""}, "jitter_only"},
		{talkCase{"the capture loses what this host sends, too", changed(voice(1, 40, 8), func(f *fact.Flow) {
			f.Call.Ways[fact.Up].Sources[0].Lost = 60
		}), clean(), finding.Inconclusive, "capture_gap"}, "capture_gap"},
		{talkCase{"N12 the kernel lost packets", changed(voice(1, 40, 8), func(f *fact.Flow) { f.Blind = fact.BlindKernelDrops }), clean(), finding.Inconclusive, "kernel_drops"}, "kernel_drops"},
		{talkCase{"N21 one direction only", changed(voice(1, 40, 8), func(f *fact.Flow) { f.Blind = fact.BlindOneWay }), clean(), finding.Inconclusive, "one_way"}, "one_way"},
		{talkCase{"merged frames hide numbers", changed(voice(1, 40, 8), func(f *fact.Flow) { f.Call.Merged = 200 }), clean(), "", ""}, "merged"},
		{talkCase{"the rest went another way", voice(1, 40, 8), changed(clean(), func(w *fact.World) {
			k := fact.StreamKey{Client: netip.MustParseAddr(dropClient), SSRC: 7}
			w.SawStream(k, 1)
			w.SawStream(k, 9)
		}), "", ""}, "two_paths"},
		{talkCase{"only half of the media have numbers", changed(voice(1, 40, 8), func(f *fact.Flow) { f.Call.Ways[fact.Down].Media *= 2 }), clean(), "", ""}, "half_seen"},
		{talkCase{"of no service", changed(voice(1, 40, 8), func(f *fact.Flow) { f.Label.Service = "" }), clean(), "", ""}, "no_service"},
		{talkCase{"within the home", changed(voice(1, 40, 8), func(f *fact.Flow) { f.Key = dropKey("192.168.1.50", 17, 3478) }), clean(), "", ""}, "local"},
		{talkCase{"N17 nobody takes the call", changed(voice(0, 0, 0), func(f *fact.Flow) { f.Call = nil }), clean(), "", ""}, "no_media"},
		{talkCase{"the far end's holes are nobody's at its own tap", changed(voice(1, 40, 8), func(f *fact.Flow) { f.Vantage = "server" }), clean(), "", ""}, "good"},
		{talkCase{"C6 holes without numbers", blindOpaque(1, 8), clean(), finding.Suspected, ""}, ""},
		{talkCase{"C6 holes, and nothing else lives", blindOpaque(1, 8), talking(dropWorld()), finding.Inconclusive, "no_control"}, "no_control"},
		{talkCase{"C6 its twin: a queue, by the round trips", changed(blindOpaque(1, 8), func(f *fact.Flow) { f.Call.Trips.P90 = 300 * time.Millisecond }), clean(), finding.Unexplained, ""}, ""},
		{talkCase{"C6 more was held up than lost", changed(blindOpaque(1, 3), func(f *fact.Flow) { f.Call.Ways[fact.Down].Gaps.Delays = 9 }), clean(), finding.Unexplained, ""}, ""},
		{talkCase{"N18 pauses of the sender", changed(blindOpaque(0, 0), func(f *fact.Flow) { f.Call.Ways[fact.Down].Gaps.Pauses = 20 }), clean(), "", ""}, "good"},
	} {
		t.Run(c.name, func(t *testing.T) {
			judgeTalks(t, CallDegraded{}, []talkCase{c.talkCase})
			j := CallDegraded{}.Judge(c.flow, c.world)
			if c.stopped != "" && !slices.ContainsFunc(j.Stopped, func(r finding.Reason) bool { return r.Code == c.stopped }) {
				t.Errorf("stopped by %+v, want %q", j.Stopped, c.stopped)
			}
			for _, fd := range j.Findings {
				opaque := c.flow.Call.Ways[fact.Down].RTP == 0
				if (fd.Loss == nil) != opaque || (fd.JitterMs == nil) != opaque || fd.MOS != nil {
					t.Errorf("loss %v, jitter %v, MOS %v", fd.Loss, fd.JitterMs, fd.MOS)
				}
				if !slices.Contains(fd.NotRuledOut, "callee_link") {
					t.Error("the callee's own link cannot be ruled out")
				}
			}
		})
	}
}

// TestCallDegradedBothWays: between the ends both directions come from afar.
func TestCallDegradedBothWays(t *testing.T) {
	f := voice(1, 40, 8)
	f.Vantage = "gateway"
	f.Call.Ways[fact.Up] = f.Call.Ways[fact.Down]
	j := CallDegraded{}.Judge(f, spared(600, 0, 0))
	wellFormed(t, j)
	if len(j.Findings) != 2 || j.Findings[0].Key == j.Findings[1].Key ||
		j.Findings[0].Segment != finding.ServerSide || j.Findings[1].Segment != finding.ClientSide || j.Findings[1].Direction != finding.ToServer {
		t.Errorf("%+v", j.Findings)
	}
}

// TestMOS: a perfect line, the example of the E-model's defaults, and the edges.
func TestMOS(t *testing.T) {
	for _, c := range []struct {
		name          string
		delay, jitter time.Duration
		loss, burst   float64
		want          float64
	}{
		{"nothing wrong", 0, 0, 0, 1, 4.40},
		{"300 ms late", 300 * time.Millisecond, 0, 0, 1, 3.59},
		{"5 % by chance", 20 * time.Millisecond, 5 * time.Millisecond, 0.05, 1, 3.88},
		{"the same in runs", 20 * time.Millisecond, 5 * time.Millisecond, 0.05, 5, 3.78},
		{"all lost", time.Second, time.Second, 1, 1, 1},
	} {
		if got := MOS(c.delay, c.jitter, c.loss, c.burst); math.Abs(got-c.want) > 0.02 {
			t.Errorf("%s: %.2f, want %.2f", c.name, got, c.want)
		}
	}
	w := spared(600, 0, 0)
	w.MOS = true
	j := CallDegraded{}.Judge(voice(1, 40, 8), w)
	if fd := j.Findings[0]; fd.MOS == nil || *fd.MOS < 2.5 || *fd.MOS > 4 || !strings.Contains(fd.For[len(fd.For)-2].Text, "indicative") {
		t.Errorf("%v, %+v", fd.MOS, fd.For)
	}
}

// policedVideo is 20 s of voice and pictures, through a token bucket after 5 s if there
// is one; drop is asked otherwise, queue is how long a packet waits at most, ms.
type policedVideo struct {
	rate, burst float64 // bytes per second, bytes; 0: no bucket
	random      float64
	queue       float64
	video       float64 // bytes per second
	off         bool    // the camera, after 5 s
}

func (p policedVideo) events() (f *fact.Flow) {
	r := rand.New(rand.NewPCG(11, 12))
	f = voice(1, 100, 60)
	m := &f.Call.Ways[fact.Down]
	m.Seconds.From = sec(0)
	m.Seconds.Bytes, m.Seconds.Large = make([]uint32, 20), make([]uint32, 20)
	tokens, last, num, lostBefore := p.burst, 0.0, uint64(100), false
	seq := [3]uint16{}
	send := func(at float64, size int, src uint8) {
		num++
		seq[src]++
		lost, delay := r.Float64() < p.random && at > 5, r.Float64()
		if p.rate > 0 && at > 5 {
			tokens = min(tokens+p.rate*(at-last), p.burst)
			last = at
			if lost = tokens < float64(size); !lost {
				tokens -= float64(size)
			}
			delay += p.queue * (1 - max(tokens, 0)/p.burst)
		}
		if !lost {
			m.Seconds.Bytes[int(at)] += uint32(size)
		}
		if lostBefore = lostBefore || lost; lostBefore {
			m.Events = append(m.Events, fact.MediaEvent{Time: sec(at) + int64(delay*1e6), Num: num, Delay: int32(1000 * delay), Timed: !lost,
				Len: uint16(size), Seq: seq[src], Src: src, Lost: lost})
		}
	}
	for ms := 0; ms < 20_000; ms += 20 {
		at := float64(ms) / 1000
		send(at, 100+r.IntN(80), 1)
		if ms%40 == 20 && (!p.off || at < 5) {
			n := int(p.video*0.04*(0.5+r.Float64())) / 900
			for range max(n, 1) {
				send(at+0.001, 900, 2)
			}
		}
	}
	return f
}

// TestVideoClamp: a policer is told by what it lets through; chance, a queue and a
// camera that is off are none.
func TestVideoClamp(t *testing.T) {
	for _, c := range []struct {
		name string
		p    policedVideo
		want finding.Verdict // of rate.policed
	}{
		{"C5 600 kbit/s of video held to 150", policedVideo{rate: 18_750, burst: 8000, video: 75_000}, finding.Likely},
		{"C5 1.5 Mbit/s held to 300", policedVideo{rate: 37_500, burst: 16_000, video: 187_500}, finding.Likely},
		{"half lost by chance", policedVideo{random: 0.5, video: 75_000}, ""},
		{"a queue of half a second drops", policedVideo{rate: 18_750, burst: 8000, queue: 430, video: 75_000}, ""},
		{"N19 the camera is off, 6 % of the voice lost", policedVideo{random: 0.06, video: 75_000, off: true}, ""},
		{"a bucket of nine tenths is no clamp", policedVideo{rate: 67_500, burst: 8000, video: 75_000}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := CallDegraded{}.Judge(c.p.events(), spared(600, 0, 0))
			wellFormed(t, j)
			var got finding.Verdict
			for _, fd := range j.Findings {
				if fd.Kind != finding.RatePoliced {
					continue
				}
				got = fd.Verdict
				if off := math.Abs(*fd.RateBps/8/c.p.rate - 1); off > 0.05 {
					t.Errorf("%.0f bit/s, off by %.1f %%", *fd.RateBps, 100*off)
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q: saw %+v, stopped %+v", got, c.want, j.Saw, j.Stopped)
			}
		})
	}
}
