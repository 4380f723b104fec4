package bulklog

import (
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

const (
	seg     = 1448 // payload of a full segment with timestamps
	mss     = 1460
	headers = 52
	ms      = 1_000_000
)

// tape feeds a log by hand and checks its laws after every packet.
type tape struct {
	*testing.T
	Log
	num uint64
}

// newTape starts a log at sequence number next, one round trip after 32 KiB.
func newTape(t *testing.T, next uint32) *tape {
	r := &tape{T: t, num: 100}
	r.Start(Origin{ISN: next - 40_000, Next: next, Contig: next, Before: 40_000, MSS: mss})
	return r
}

func (t *tape) packet(at int64, seq uint32, n int) *capture.Packet {
	t.num++
	return &capture.Packet{Num: t.num, Time: at * ms, Seq: seq, PayloadLen: uint32(n), IPLen: uint32(n + headers),
		Flags: capture.ACK, Has: capture.HasTCP | capture.HasTS, TSval: uint32(t.num), Segs: 1}
}

// data sends n bytes at sequence number seq, at ms after the start.
func (t *tape) data(at int64, seq uint32, n int) *fact.Segment {
	t.Helper()
	t.Data(t.packet(at, seq, n), mss)
	t.laws()
	return t.segment()
}

// ack acknowledges, with SACK blocks as pairs of edges.
func (t *tape) ack(at int64, ack uint32, edges ...uint32) {
	t.Helper()
	p := t.packet(at, 1, 0)
	p.Ack = ack
	for i := 0; i+1 < len(edges); i += 2 {
		p.Has |= capture.HasSACK
		p.SACK[p.NSACK] = [2]uint32{edges[i], edges[i+1]}
		p.NSACK++
	}
	t.Ack(p)
	t.laws()
}

// request is payload of the other side.
func (t *tape) request(at int64, ack uint32) {
	p := t.packet(at, 1, 80)
	p.Ack = ack
	t.Ack(p)
}

// laws are what holds of every log whatever it was fed.
func (t *tape) laws() {
	t.Helper()
	b := t.Snapshot()
	if len(b.Segments) == 0 || len(b.Segments) > fact.MaxSegments {
		t.Fatalf("%d segments", len(b.Segments))
	}
	for i := range b.Segments {
		s := &b.Segments[i]
		if len(s.Events) > fact.MaxEvents {
			t.Fatalf("segment %d has %d events", i, len(s.Events))
		}
		if s.Events != nil && lossesOf(s) != s.Losses {
			t.Fatalf("segment %d counts %d losses and marks %d", i, s.Losses, lossesOf(s))
		}
		if s.Closed == (i == len(b.Segments)-1) {
			t.Fatalf("segment %d of %d closed: %v", i, len(b.Segments), s.Closed)
		}
	}
	ev := t.segment().Events
	for k := range t.cur.refs {
		r := t.cur.refs[k]
		if k > 0 && !before(ev[t.cur.refs[k-1].first].Seq, ev[r.first].Seq) {
			t.Fatalf("ref %d is out of sequence", k)
		}
		if max(r.first, r.last, r.prev) >= int32(len(ev)) || r.first < 0 {
			t.Fatalf("ref %d points at %+v of %d events", k, r, len(ev))
		}
	}
	if t.cur.acked > len(t.cur.refs) || t.cur.open < 0 || t.cur.end != t.next {
		t.Fatalf("track: %d of %d acknowledged, %d holes open, ends at %d of %d", t.cur.acked, len(t.cur.refs), t.cur.open, t.cur.end, t.next)
	}
}

func lossesOf(s *fact.Segment) (n uint32) {
	for i := range s.Events {
		if s.Events[i].Flags&(fact.LostUp|fact.LostDown) != 0 {
			n++
		}
	}
	return n
}

// flags checks what became of each packet.
func (t *tape) flags(want ...fact.EventFlag) {
	t.Helper()
	ev := t.segment().Events
	if len(ev) != len(want) {
		t.Fatalf("%d events, want %d: %+v", len(ev), len(want), ev)
	}
	for i, f := range want {
		if ev[i].Flags&^(fact.Asked|fact.Lone) != f {
			t.Errorf("event %d has flags %05b, want %05b", i, ev[i].Flags, f)
		}
	}
}
