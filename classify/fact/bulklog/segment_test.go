package bulklog

import (
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

func TestSuperPacketIsSplitIntoWireSegments(t *testing.T) {
	for _, c := range []struct {
		name    string
		payload int
		mss     uint16
		ts      bool
		segs    uint16
		want    []uint16 // IP bytes
	}{
		{"by the MSS less the timestamps", 3*seg + 10, mss, true, 1, []uint16{1500, 1500, 1500, 62}},
		{"by the MSS", 2 * mss, mss, false, 1, []uint16{mss + headers, mss + headers}},
		{"by the divisor without an MSS", 3 * 1400, 0, true, 1, []uint16{1452, 1452, 1452}},
		{"by what the source says", 3 * 700, mss, true, 3, []uint16{752, 752, 752}},
		{"by the MSS where the source says the same", 2*seg + 10, mss, true, 3, []uint16{1500, 1500, 62}},
		{"not at all when it fits", 700, mss, true, 1, []uint16{752}},
		{"not by an absurd MSS", 1400, 1, true, 1, []uint16{1452}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTape(t, 5)
			r.unit = ethernet
			p := r.packet(3, 5, c.payload)
			p.Segs = c.segs
			if !c.ts {
				p.Has &^= capture.HasTS
			}
			r.Data(p, c.mss)
			r.laws()
			ev := r.segment().Events
			if len(ev) != len(c.want) {
				t.Fatalf("%d events, want %d", len(ev), len(c.want))
			}
			seq := uint32(5)
			for i, e := range ev {
				if e.Len != c.want[i] || e.Seq != seq || e.Num != p.Num || e.Time != p.Time {
					t.Errorf("event %d: %+v, want %d bytes at %d", i, e, c.want[i], seq)
				}
				seq += uint32(e.Len) - headers
			}
		})
	}
}

func TestSegmentsFollowRequestsAndPauses(t *testing.T) {
	s := uint32(1)
	for _, c := range []struct {
		name     string
		run      func(r *tape)
		segments int
	}{
		{"an answered request starts one", func(r *tape) {
			r.ack(100, s+seg)
			r.request(150, s+seg)
			r.data(151, s+seg, seg)
		}, 2},
		{"a request amidst unacknowledged data does not", func(r *tape) {
			r.request(50, s)
			r.data(151, s+seg, seg)
		}, 1},
		{"a window update amidst flowing data does not", func(r *tape) {
			r.minRTT[fact.LegUp] = 100_000
			r.request(1, s+seg)
			r.data(2, s+seg, seg)
		}, 1},
		{"a long pause with everything acknowledged does", func(r *tape) {
			r.ack(100, s+seg)
			r.data(700, s+seg, seg)
		}, 2},
		{"a long pause with data outstanding does not", func(r *tape) {
			r.ack(100, s)
			r.data(900, s+seg, seg)
		}, 1},
		{"a pause of less than six round trips does not", func(r *tape) {
			r.minRTT[fact.LegUp] = 150_000
			r.ack(100, s+seg)
			r.data(800, s+seg, seg)
		}, 1},
		{"a retransmission after a pause does not", func(r *tape) {
			r.ack(100, s+seg)
			r.data(5000, s, seg)
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTape(t, s)
			r.data(0, s, seg)
			c.run(r)
			if got := len(r.Snapshot().Segments); got != c.segments {
				t.Errorf("%d segments, want %d", got, c.segments)
			}
		})
	}
}

// lossy sends n segments from seq on, of which every tenth of the first lost
// ones is sent again, and returns the sequence number reached.
func (t *tape) lossy(at int64, seq uint32, n, lost int) uint32 {
	t.Helper()
	for i := range n {
		t.data(at, seq, mss-12)
		if i%10 == 9 && lost > 0 {
			t.data(at+1, seq, mss-12)
			lost--
		}
		seq += mss - 12
	}
	t.ack(at+2, seq)
	return seq
}

func TestSegmentKeepsItsEventsOnlyWithLosses(t *testing.T) {
	r := newTape(t, 1)
	s := uint32(1)
	for i, lost := range []int{4, 5, 20, 0} {
		s = r.lossy(int64(i)*2000, s, 300, lost)
	}
	segs := r.Snapshot().Segments
	for i, want := range []struct {
		losses uint32
		events int
	}{{4, 0}, {5, 305}, {20, 320}, {0, 300}} {
		if segs[i].Losses != want.losses || len(segs[i].Events) != want.events {
			t.Errorf("segment %d: %d losses, %d events, want %+v", i, segs[i].Losses, len(segs[i].Events), want)
		}
	}
	if !r.Suspect() {
		t.Error("20 losses are not suspect")
	}
}

func TestSegmentsWithTheFewestLossesAreForgotten(t *testing.T) {
	r := newTape(t, 1)
	s := r.lossy(0, 1, 300, 20)
	for i := range 3 * fact.MaxSegments {
		s = r.lossy(int64(i+1)*2000, s, 20, 1)
	}
	b := r.Snapshot()
	if len(b.Segments) != fact.MaxSegments || b.Dropped != 2*fact.MaxSegments+1 {
		t.Errorf("%d segments kept, %d dropped", len(b.Segments), b.Dropped)
	}
	if b.Segments[0].Losses != 20 || len(b.Segments[0].Events) != 320 {
		t.Errorf("the one with losses: %d losses, %d events", b.Segments[0].Losses, len(b.Segments[0].Events))
	}
}

func TestFlowWithoutLossKeepsLittle(t *testing.T) {
	r := newTape(t, 1)
	s, sent := uint32(1), uint64(40_000)
	for i := range 50_000 {
		r.data(int64(i), s, seg)
		s += seg
		sent += seg + headers
		r.ack(int64(i)+1, s)
	}
	seg := r.segment()
	kept := uint64(0)
	for i := range seg.Events {
		kept += uint64(seg.Events[i].Len)
	}
	if seg.Before+kept != sent || seg.Bytes != sent {
		t.Errorf("%d bytes before, %d kept, %d counted, sent %d", seg.Before, kept, seg.Bytes, sent)
	}
	if len(r.Snapshot().Segments) != 1 || r.Bytes() > 48<<10 {
		t.Errorf("%d segments, %d bytes of memory", len(r.Snapshot().Segments), r.Bytes())
	}
	if e := seg.Early[fact.LegDown].Samples(); len(e) < fact.MaxEarly/2 || e[0] != 1000 {
		t.Errorf("early round trips %v", e)
	}
	if r.Suspect() {
		t.Error("a flow without a loss is suspect")
	}
}

func TestFullSegmentIsCutAndGoesOn(t *testing.T) {
	r := newTape(t, 1)
	s := r.lossy(0, 1, fact.MaxEvents+100, 30)
	r.data(3, s, seg)
	segs := r.Snapshot().Segments
	if len(segs) != 2 || !segs[0].Cut || !segs[1].Continues || segs[1].Cut || len(segs[0].Events) != fact.MaxEvents {
		t.Fatalf("%d segments, the first with %d events", len(segs), len(segs[0].Events))
	}
}

func TestLossIsMarkedAcrossACut(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	r.data(0, 1, seg) // a loss, so that nothing is trimmed
	s := uint32(1 + seg)
	for range fact.MaxEvents - 2 {
		r.data(1, s, seg)
		s += seg
	}
	r.data(2, s, seg) // the first of the next segment
	r.data(50, s-seg, seg)
	first, last := &r.bulk.Segments[0], r.segment()
	if first.Losses != 2 || first.Events[len(first.Events)-1].Flags != fact.LostDown {
		t.Errorf("%d losses before the cut", first.Losses)
	}
	if last.Losses != 0 || last.Events[1].Flags != fact.Again {
		t.Errorf("behind the cut: %+v", last.Events)
	}
	r.ack(80, s+seg, s-seg, s)
	if first.Losses != 1 {
		t.Errorf("%d losses before the cut after a DSACK", first.Losses)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	r := newTape(t, 1)
	s := uint32(1)
	for i := range 6 {
		s = r.lossy(int64(i)*1000, s, 2*fact.MaxEvents, 500)
	}
	if most := (fact.MaxSegments+2)*2*fact.MaxEvents*32 + 3*2*fact.MaxEvents*12; r.Bytes() > most {
		t.Errorf("%d bytes of memory, at most %d", r.Bytes(), most)
	}
}

func TestResetKeepsMemoryAndNothingElse(t *testing.T) {
	r := newTape(t, 1)
	r.lossy(0, 1, 300, 20)
	r.Reset()
	if r.Snapshot() != nil || r.Suspect() {
		t.Error("something of the old flow is left")
	}
	r.Data(r.packet(0, 1, seg), mss)
	r.Ack(r.packet(0, 1, 0))
	r.Start(Origin{ISN: 9, Next: 10, Contig: 10, Start: 5, Before: 7, MSS: mss})
	r.data(6, 10, seg)
	if s := r.segment(); len(s.Events) != 1 || s.Losses != 0 || s.Before != 7 || s.Start != 5 {
		t.Errorf("after a new start: %+v", *s)
	}
}

// TestWhatWasLostBeforeTheLogBegan: what was sent by then did not all pass.
func TestWhatWasLostBeforeTheLogBegan(t *testing.T) {
	const start = 50_000
	for _, c := range []struct {
		name  string
		acked uint32 // before the copy
		seq   uint32 // of the copy
		hole  uint32 // bytes missing before the log began
		lost  uint64
	}{
		{"a copy of what was not acknowledged", start - 3*seg, start - 2*seg, 0, seg + headers},
		{"a needless copy", start - seg, start - 2*seg, 0, 0},
		{"a copy of what the log has seen", start, start, 0, 0},
		{"the original in a hole", start - 2*seg, start - 2*seg, 2 * seg, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTape(t, start)
			r.contig -= c.hole
			r.data(1, start, seg)
			r.ack(2, c.acked)
			s := r.data(3, c.seq, seg)
			if s.Before != 40_000-c.lost {
				t.Errorf("%d bytes passed before, want %d", s.Before, 40_000-c.lost)
			}
		})
	}
}

// TestAnswersAfterLossStayInTheSegment: what emptied a bucket for one answer left it
// empty for the next.
func TestAnswersAfterLossStayInTheSegment(t *testing.T) {
	r := newTape(t, 1)
	next := func(at int64, s uint32) uint32 {
		r.request(at, s)
		r.data(at+50, s, seg)
		r.ack(at+51, s+seg)
		return s + seg
	}
	s := r.lossy(0, 1, 20, 0)
	s = next(100, s) // nothing was lost: a segment of its own
	r.data(155, s, seg)
	r.data(156, s, seg)
	r.ack(157, s+seg)
	s = next(200, s+seg)
	s = next(300, s)
	segs := r.Snapshot().Segments
	if len(segs) != 2 {
		t.Fatalf("%d segments", len(segs))
	}
	var at []int64
	for _, e := range segs[1].Events {
		if e.Flags&fact.Asked != 0 {
			at = append(at, e.Time/ms)
		}
	}
	if !slices.Equal(at, []int64{250, 350}) {
		t.Errorf("answers begin at %v", at)
	}
	r.data(2000, s, seg)
	if n := len(r.Snapshot().Segments); n != 3 {
		t.Errorf("%d segments after a pause", n)
	}
}

// TestHoleAtTheStartOfAnAnswerIsOfIt: the last arrival before it was of another.
func TestHoleAtTheStartOfAnAnswerIsOfIt(t *testing.T) {
	r := newTape(t, 1)
	s := r.lossy(0, 1, 20, 1)
	r.request(100, s)
	r.data(150, s+seg, seg)
	ev := r.segment().Events
	hole := &ev[len(ev)-2]
	if hole.Flags != fact.LostUp|fact.Asked || hole.Time != 150*ms {
		t.Errorf("hole: flags %07b at %d ms", hole.Flags, hole.Time/ms)
	}
	r.ack(160, s+2*seg)
	if hole.Flags != fact.Void|fact.Asked {
		t.Errorf("what the capture missed: flags %07b", hole.Flags)
	}
}

func TestWhatFollowsAForgottenSegmentLapses(t *testing.T) {
	r := newTape(t, 1)
	s := uint32(1)
	for i := range fact.MaxSegments + 1 {
		lost := 20
		if i == 3 {
			lost = 0
		}
		s = r.lossy(int64(i)*2000, s, 300, lost)
	}
	for i, seg := range r.Snapshot().Segments {
		if seg.Lapse != (i == 3) {
			t.Errorf("segment %d: lapse %v", i, seg.Lapse)
		}
	}
}
