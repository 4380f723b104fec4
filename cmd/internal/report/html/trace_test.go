package html

import (
	"math"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report/packets"
)

const ms = int64(1e6)

// script feeds a trace of the direction down with packets.
type script struct {
	t   *trace
	num uint64
}

func newScript(from uint32) *script {
	w := packets.Wanted{ID: 1, Key: keyOf(1), Known: true}
	s := &script{t: newTrace(w, fact.Down)}
	s.down(0, from, 0) // a bare segment that says where numbers begin
	return s
}

// packet is one at a time, ms.
func (s *script) packet(at int64, down bool) *capture.Packet {
	s.num++
	p := &capture.Packet{Num: s.num, Time: at * ms, Key: s.t.Key, Has: capture.HasIP | capture.HasPorts | capture.HasTCP, Flags: capture.ACK}
	if down {
		p.Key = p.Key.Reverse()
	}
	return p
}

func (s *script) down(at int64, seq, size uint32) {
	p := s.packet(at, true)
	p.Seq, p.PayloadLen, p.IPLen = seq, size, size+40
	s.t.Add(p)
}

func (s *script) ack(at int64, ack uint32) {
	p := s.packet(at, false)
	p.Ack = ack
	s.t.Add(p)
}

// sorts counts the marks of losses.
func (s *script) sorts() (out [4]int) {
	for _, l := range s.t.losses {
		out[l.sort]++
	}
	return out
}

func TestWhatATraceTakesForLost(t *testing.T) {
	wrap := uint32(math.MaxUint32 - 1500) // numbers go round within the flow
	for _, tc := range []struct {
		name string
		play func(s *script)
		want [4]int // fresh, again, filled, gone
	}{
		{"nothing is lost in order", func(s *script) {
			s.down(1, wrap, 1000)
			s.down(2, wrap+1000, 1000)
			s.down(3, wrap+2000, 1000)
		}, [4]int{}},
		{"a hole that fills late was a loss before the tap", func(s *script) {
			s.down(1, wrap, 1000)
			s.down(2, wrap+2000, 1000)
			s.down(60, wrap+1000, 1000)
		}, [4]int{filled: 1, gone: 1}},
		{"a hole that fills at once was overtaken", func(s *script) {
			s.down(1, wrap, 1000)
			s.down(2, wrap+2000, 1000)
			s.down(4, wrap+1000, 1000)
		}, [4]int{}},
		{"bytes that were seen come again", func(s *script) {
			s.down(1, wrap, 1000)
			s.down(2, wrap+1000, 1000)
			s.down(300, wrap, 1000)
		}, [4]int{again: 1}},
		{"a hole of three is filled one by one", func(s *script) {
			s.down(1, wrap, 1000)
			s.down(2, wrap+4000, 1000)
			s.down(60, wrap+2000, 1000)
			s.down(61, wrap+1000, 1000)
			s.down(62, wrap+3000, 1000)
			s.down(90, wrap+3000, 1000)
		}, [4]int{filled: 3, gone: 3, again: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScript(wrap)
			tc.play(s)
			if got := s.sorts(); got != tc.want {
				t.Errorf("marks are %v, not %v", got, tc.want)
			}
			for _, seg := range s.t.segs {
				if seg.seq < 0 || seg.seq > 10_000 {
					t.Errorf("a segment lies at %d", seg.seq)
				}
			}
		})
	}
}

func TestRoundTripsOfATrace(t *testing.T) {
	s := newScript(100)
	s.down(10, 100, 1000)
	s.down(11, 1100, 1000)
	s.ack(15, 2100) // 4 ms after the last it covers
	s.down(20, 2100, 1000)
	s.down(220, 2100, 1000) // again: which one is acknowledged cannot be told
	s.ack(225, 3100)
	all := spreadOf(s.t, legReceiver)
	if all.n != 1 || all.min != 4 {
		t.Errorf("to the receiver: %+v", all)
	}
	for i, echo := range []struct {
		sent, back int64
		val        uint32
	}{{300, 340, 7}, {350, 410, 8}} {
		p := s.packet(echo.sent, false)
		p.Has |= capture.HasTS
		p.TSval, p.Ack = echo.val, 3100
		s.t.Add(p)
		for _, late := range []int64{0, 30} { // only the first echo counts
			q := s.packet(echo.back+late, true)
			q.Has |= capture.HasTS
			q.TSecr, q.Seq, q.PayloadLen = echo.val, 3100+uint32(i)*2000+uint32(late), 10
			s.t.Add(q)
		}
	}
	if all := spreadOf(s.t, legSender); all.n != 2 || all.min != 40 || all.max != 60 {
		t.Errorf("to the sender: %+v", all)
	}
	for i := range 2 * int64(maxPending) { // each stamp is sent twice, and echoed twice
		for _, at := range []int64{0, 12} {
			p := s.packet(1000+i*100+at, false)
			p.Has |= capture.HasTS
			p.TSval, p.Ack = uint32(100+i), 3100
			s.t.Add(p)
			q := s.packet(1000+i*100+at+10, true)
			q.Has |= capture.HasTS
			q.TSecr, q.Seq = uint32(100+i), 9000
			s.t.Add(q)
		}
	}
	if all := spreadOf(s.t, legSender); all.n != 2+2*maxPending || all.min != 10 || all.max != 60 {
		t.Errorf("to the sender: %+v", all)
	}
}

func spreadOf(t *trace, leg int) (all spread) {
	for i := range t.bins.list {
		all.merge(&t.bins.list[i].rtt[leg])
	}
	return all
}

// TestThinningKeepsLossesAndSaysSo: a flow of very many segments.
func TestThinningKeepsLossesAndSaysSo(t *testing.T) {
	p := New()
	c := p.Capture(nil)
	f := &finding.Finding{ID: "f1", Kind: finding.RateLimited, Verdict: finding.Likely, Flows: []string{"c000001"}, Direction: finding.ToClient}
	c.Finding(f)
	var flow fact.Flow
	flow.ID, flow.Key = 1, keyOf(1)
	c.Flow(&flow, []string{"f1"})
	c.Wants()
	s := &script{t: c.traces[1]}
	const segments, each = 200_000, 1000
	lost, seq := 0, uint32(math.MaxUint32-5_000_000)
	for i := range int64(segments) {
		s.down(i, seq, each)
		if i%1000 == 999 { // comes again
			s.down(i, seq, each)
			lost++
		}
		seq += each
	}
	v := c.sequencePlot(f)
	if n := len(v.Data.Again) / 3; n != lost {
		t.Errorf("%d of %d losses are drawn", n, lost)
	}
	if v.Data.points() > 6*plotBins+3*lost+3*maxBins {
		t.Errorf("%d points", v.Data.points())
	}
	if !strings.Contains(v.Thinned, "200200 segments are drawn as the lowest and the highest number in each") {
		t.Errorf("it says %q", v.Thinned)
	}
	lo, hi := math.Inf(1), 0.0
	for i := 0; i < len(v.Data.Fresh); i += 3 {
		lo, hi = min(lo, v.Data.Fresh[i+1]), max(hi, v.Data.Fresh[i+1]+v.Data.Fresh[i+2])
	}
	if lo != 0 || hi != segments*each {
		t.Errorf("drawn from %.0f to %.0f", lo, hi)
	}
	r := c.ratePlot(f, c.all(f), nil)
	sum := 0.0
	for _, y := range r.Data.Series[0].Y {
		sum += y * (r.Data.X[1] - r.Data.X[0]) / 8
	}
	if want := float64((segments + lost) * (each + 40)); math.Abs(sum-want) > want/1000 {
		t.Errorf("the throughput adds up to %.0f bytes, not %.0f", sum, want)
	}
	if !r.Data.Zero || len(r.Data.X) > plotBins+1 {
		t.Errorf("the axis begins at 0: %v; %d spans", r.Data.Zero, len(r.Data.X))
	}
}

func (c *Capture) all(f *finding.Finding) []one {
	out, _ := c.followed(f)
	return out
}
