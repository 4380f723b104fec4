package record

import (
	"bytes"
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps"
	recordings "chokepoint/pcaps/recorded"
)

func TestWhereHeadersEnd(t *testing.T) {
	const eth = capture.LinkEthernet
	segment, quoted := tcp(talk(100)), v4(6, tcp(talk(100)))
	fragment := v4(6, talk(100))
	fragment[7] = 1
	badOffset := v4(6, append(tcp(nil), talk(100)...))
	badOffset[20+12] = 0x10
	for _, c := range []struct {
		name  string
		link  capture.LinkType
		frame []byte
		want  int
	}{
		{"TCP", eth, ether(0x0800, v4(6, segment)), 14 + 20 + 32},
		{"TCP with padding", eth, append(ether(0x0800, v4(6, tcp(nil))), talk(6)...), 14 + 20 + 32},
		{"TCP in IPv6", eth, ether(0x86dd, v6(6, segment)), 14 + 40 + 32},
		{"TCP in a VLAN", eth, ether(0x8100, append([]byte{0, 1, 8, 0}, v4(6, segment)...)), 18 + 20 + 32},
		{"TCP with a header of nonsense", eth, ether(0x0800, badOffset), 14 + 20},
		{"DNS", eth, ether(0x0800, v4(17, udp(1, 53, talk(30)))), 14 + 20 + 8},
		{"TCP in GRE", eth, ether(0x0800, v4(47, append([]byte{0, 0, 8, 0}, v4(6, segment)...))), 14 + 20 + 4 + 20 + 32},
		{"TCP in VXLAN", eth, ether(0x0800, v4(17, udp(1, 4789, append([]byte{8, 0, 0, 0, 0, 0, 1, 0}, ether(0x0800, v4(6, segment))...)))), 14 + 20 + 8 + 8 + 14 + 20 + 32},
		{"ESP", eth, ether(0x0800, v4(50, talk(100))), 14 + 20},
		{"a protocol nobody knows", eth, ether(0x0800, v4(200, talk(100))), 14 + 20},
		{"a fragment", eth, ether(0x0800, fragment), 14 + 20},
		{"an echo", eth, ether(0x0800, v4(1, append([]byte{8, 0, 0, 0, 0, 0, 0, 0}, talk(56)...))), 14 + 20 + 8},
		{"an ICMP error", eth, ether(0x0800, v4(1, append([]byte{3, 13, 0, 0, 0, 0, 0, 0}, quoted...))), 14 + 20 + 8 + 20 + 8},
		{"an ICMP error about a fragment", eth, ether(0x0800, v4(1, append([]byte{3, 13, 0, 0, 0, 0, 0, 0}, fragment...))), 14 + 20 + 8 + 20},
		{"an ICMP error about nobody knows what", eth, ether(0x0800, v4(1, append([]byte{3, 13, 0, 0, 0, 0, 0, 0}, v4(200, talk(100))...))), 14 + 20 + 8 + 20},
		{"an ICMPv6 error", eth, ether(0x86dd, v6(58, append([]byte{1, 1, 0, 0, 0, 0, 0, 0}, v6(17, udp(1, 2, talk(100)))...))), 14 + 40 + 8 + 40 + 8},
		{"ARP", eth, ether(0x0806, append(make([]byte, 28), talk(18)...)), 14 + 28},
		{"an ethertype nobody knows", eth, ether(0x1234, talk(100)), 14},
		{"half an Ethernet header", eth, make([]byte, 7), 7},
		{"half an IP header", eth, ether(0x0800, talk(10)), 14},
		{"no IP at all", capture.LinkRaw, talk(100), 0},
		{"raw IP", capture.LinkRaw, v4(6, segment), 20 + 32},
		{"cooked", capture.LinkSLL, append(append(make([]byte, 14), 8, 0), v4(6, segment)...), 16 + 20 + 32},
		{"cooked the second way", capture.LinkSLL2, append(append([]byte{8, 0}, make([]byte, 18)...), v4(6, segment)...), 20 + 20 + 32},
		{"loopback", capture.LinkNull, append([]byte{2, 0, 0, 0}, v4(6, segment)...), 4 + 20 + 32},
		{"cooked, and unknown", capture.LinkSLL, append(append(make([]byte, 14), 0x12, 0x34), talk(50)...), 16},
		{"loopback, and unknown", capture.LinkLoop, append([]byte{0, 0, 0, 99}, talk(50)...), 4},
		{"nothing", eth, nil, 0},
	} {
		var cut cutter
		p := capture.Packet{Frame: slices.Clip(c.frame), Link: c.link, WireLen: uint32(len(c.frame))}
		if got := cut.headers(&p); got != c.want {
			t.Errorf("%s: %d bytes of %d, want %d", c.name, got, len(c.frame), c.want)
		}
		if got := cut.headers(&p); p.Has != 0 || bytes.IndexByte(c.frame[:got], said) >= 0 {
			t.Errorf("%s: payload is kept, or the packet was touched", c.name)
		}
		p.Frame = append(slices.Grow(c.frame, 100), talk(9)...)[:len(c.frame)] // somewhere in a larger buffer
		if got := cut.headers(&p); got != c.want {
			t.Errorf("%s, in a larger buffer: %d bytes", c.name, got)
		}
	}
}

// No byte of payload of any bundled capture is kept, and nothing is lost that
// decoding reads of headers.
func TestNoPayloadOfBundledCapturesIsKept(t *testing.T) {
	played, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	lab, err := recordings.All()
	if err != nil {
		t.Fatal(err)
	}
	cut := 0
	for _, c := range append(played, lab...) {
		for _, f := range c.Files {
			src, err := pcapfile.New(bytes.NewReader(f.Bytes), f.Name, pcapfile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			cut += noPayload(t, c.Name+"/"+f.Name, src)
			src.Close()
		}
	}
	if cut < 10_000 {
		t.Errorf("%d frames cut", cut)
	}
}

func noPayload(t *testing.T, name string, src capture.Source) (cut int) {
	var c cutter
	var dec decode.Decoder
	var b capture.Batch
	for src.Read(&b) == nil {
		for i := range b.Packets {
			full := b.Packets[i]
			less := full
			less.Frame, less.WireLen = full.Frame[:c.headers(&full)], max(full.WireLen, uint32(len(full.Frame)))
			dec.Decode(&full)
			dec.Decode(&less)
			if len(less.Frame) < len(full.Frame) {
				cut++
			}
			if less.Has&capture.HasICMP == 0 && len(less.Payload) != 0 {
				t.Fatalf("%s: packet %d: %d bytes of payload are kept", name, full.Num, len(less.Payload))
			}
			full.Has &^= capture.Clipped
			less.Has &^= capture.Clipped
			if full.Has != less.Has || full.Key != less.Key || full.Seq != less.Seq || full.Ack != less.Ack || full.Flags != less.Flags ||
				full.OptsLen != less.OptsLen || full.TSval != less.TSval || full.NSACK != less.NSACK || full.PayloadLen != less.PayloadLen {
				t.Fatalf("%s: packet %d: %+v became %+v", name, full.Num, full, less)
			}
		}
	}
	return cut
}
