package rtp

import (
	"encoding/binary"
	"testing"
)

// FuzzHeader: what is read lies within the datagram, only headers that say so
// are written, and a cut datagram says nothing else than the whole.
func FuzzHeader(f *testing.F) {
	f.Add(unhex("b2600001 00000001 00000002 00000003 00000004 bede0001 11111111 22222222 00000001"))
	f.Add(senderReport)
	f.Fuzz(func(t *testing.T, b []byte) {
		var h Header
		ok := Parse(b, &h)
		if !ok && h != (Header{}) {
			t.Fatalf("refused but written: %+v", h)
		}
		if ok && (Demux(b[0]) != RTP || h.Offset < 12 || h.Size < 0 || h.Offset+h.Size+int(h.Padding) != len(b) || h.Type > 127) {
			t.Fatalf("out of bounds: %+v of %d", h, len(b))
		}
		var r RTCP
		if ParseRTCP(b, &r) {
			if ok {
				t.Fatalf("both: %+v %+v", h, r)
			}
			if r.Packets < 1 || 4*r.Packets > len(b) || r.NBlocks > MaxBlocks || 24*(r.NBlocks+r.MoreBlocks) > len(b) || r.Secured && r.NBlocks > 0 {
				t.Fatalf("out of bounds: %+v of %d", r, len(b))
			}
		}
		for i := 0; i < len(b); i += 1 + i/20 {
			var part Header
			if !ParseCut(b[:i], len(b), &part) {
				if ok && i >= fixedLen {
					t.Fatalf("cut at %d refused, whole %+v", i, h)
				}
				continue
			}
			if ok && (part.Seq != h.Seq || part.SSRC != h.SSRC || part.Type != h.Type || part.Offset > h.Offset || part.Padding != 0) {
				t.Fatalf("cut at %d: %+v, whole %+v", i, part, h)
			}
		}
	})
}

// FuzzStream: whatever comes in, a stream needs eight packets, names media only
// when it is sure, and keeps its counts in order.
func FuzzStream(f *testing.F) {
	src := &sender{ssrc: 1, typ: 111, step: 960, size: 16}
	var seed []byte
	for range 20 {
		seed = append(append(seed, 20), src.packet()[1:]...)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Stream
		at := int64(0)
		for n := 0; len(b) >= 16; n++ {
			at += int64(b[0]) * 1e6
			h := Header{Type: b[1] & 0x7f, Seq: binary.BigEndian.Uint16(b[2:]), Timestamp: binary.BigEndian.Uint32(b[4:]), SSRC: uint32(b[11])}
			s.Add(&h, int(binary.BigEndian.Uint16(b[12:])), at)
			b = b[16:]
			if s.Sure() && n < 7 {
				t.Fatalf("sure after %d: %+v", n+1, s)
			}
			if !s.Sure() && s.Media() != Unknown {
				t.Fatalf("unsure of %v: %+v", s.Media(), s)
			}
		}
		for _, c := range s.sources {
			if c.next > c.good || c.same+c.even > c.good || c.millis > fullSpan+pause {
				t.Fatalf("%+v", c)
			}
		}
	})
}

func TestStreamsDoNotAlloc(t *testing.T) {
	src := &sender{ssrc: 1, typ: 111, step: 960, size: 100}
	b := src.packet()
	var s Stream
	var h Header
	var r RTCP
	at := int64(0)
	if n := testing.AllocsPerRun(100, func() {
		at += 20e6
		Parse(b, &h)
		h.Seq++
		s.Add(&h, len(b), at)
		_ = s.Sure() && s.Media() == Audio
		ParseRTCP(senderReport, &r)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPacket(b *testing.B) {
	src := &sender{ssrc: 1, typ: 111, step: 960, size: 100}
	p := src.packet()
	var s Stream
	var h Header
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		binary.BigEndian.PutUint16(p[2:], uint16(i))
		binary.BigEndian.PutUint32(p[4:], uint32(i)*960)
		Parse(p, &h)
		s.Add(&h, len(p), int64(i)*20e6)
		if i > 10 && !s.Sure() {
			b.Fatal("not sure")
		}
	}
}
