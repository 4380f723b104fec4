package record

import (
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// FuzzHeaders: what is kept of foreign bytes is a part of them, with no payload
// that decoding would find in it.
func FuzzHeaders(f *testing.F) {
	f.Add(ether(0x0800, v4(6, tcp(talk(100)))), uint32(0), uint16(1))
	f.Add(ether(0x86dd, v6(17, udp(1, 53, talk(100)))), uint32(2000), uint16(1))
	f.Add(ether(0x0800, v4(1, append([]byte{3, 13, 0, 0, 0, 0, 0, 0}, v4(6, tcp(talk(100)))...))), uint32(0), uint16(1))
	f.Add(v4(47, append([]byte{0, 0, 8, 0}, v4(6, tcp(nil))...)), uint32(9), uint16(101))
	f.Fuzz(func(t *testing.T, frame []byte, wire uint32, link uint16) {
		before := slices.Clone(frame)
		p := capture.Packet{Frame: frame, WireLen: max(wire, uint32(len(frame))), Link: capture.LinkType(link)}
		var c cutter
		n := c.headers(&p)
		if n < 0 || n > len(frame) || p.Has != 0 || !slices.Equal(frame, before) {
			t.Fatalf("%d of %d bytes, %v", n, len(frame), p.Has)
		}
		var d decode.Decoder
		full, less := p, p
		less.Frame = frame[:n]
		d.Decode(&full)
		d.Decode(&less)
		const unlike = capture.HasICMP | capture.HasOuter
		if (full.Has|less.Has)&unlike == 0 && len(less.Payload) != 0 {
			t.Fatalf("%d bytes of payload are kept", len(less.Payload))
		}
	})
}
