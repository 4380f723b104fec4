package vary

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

var (
	home, public = netip.MustParseAddr("192.168.1.23"), netip.MustParseAddr("203.0.113.77")
	far          = netip.MustParseAddr("198.51.100.9")
)

// segment is a frame with right checksums, at a time in ms.
func segment(ms int64, up bool, seq, ack uint32, flags uint16, payload string) capture.Packet {
	src, dst, sp, dp := home.As4(), far.As4(), uint16(40000), uint16(443)
	if !up {
		src, dst, sp, dp = dst, src, dp, sp
	}
	f := append(make([]byte, addresses), 8, 0, 0x45, 0)
	f = binary.BigEndian.AppendUint16(f, uint16(ip4Head+tcpHead+len(payload)))
	f = append(f, 0, 1, 0x40, 0, 50, capture.ProtoTCP, 0, 0)
	f = append(append(f, src[:]...), dst[:]...)
	f = binary.BigEndian.AppendUint16(f, sp)
	f = binary.BigEndian.AppendUint16(f, dp)
	f = binary.BigEndian.AppendUint32(f, seq)
	f = binary.BigEndian.AppendUint32(f, ack)
	f = append(f, 0x50, byte(flags), 1, 0, 0, 0, 0, 0)
	f = append(f, payload...)
	ip := f[etherHead:]
	binary.BigEndian.PutUint16(ip[ip4Sum:], ^fold(ip[:ip4Head], 0))
	binary.BigEndian.PutUint16(ip[ip4Head+tcpSum:], ^fold(ip[ip4Head:], pseudo(ip)))
	return capture.Packet{Time: ms * 1e6, Link: capture.LinkEthernet, Frame: f, WireLen: uint32(len(f))}
}

// pseudo is the sum of TCP's pseudo-header (RFC 9293 section 3.1).
func pseudo(ip []byte) uint32 {
	return uint32(fold(ip[ip4Src:ip4Head], capture.ProtoTCP)) + uint32(len(ip)-ip4Head)
}

func fold(b []byte, s uint32) uint16 {
	for i := 0; i < len(b); i += 2 {
		s += uint32(b[i]) << 8
		if i+1 < len(b) {
			s += uint32(b[i+1])
		}
	}
	for s > 0xffff {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

func decodedAll(t *testing.T, ps []capture.Packet) []capture.Packet {
	t.Helper()
	var d decode.Decoder
	for i := range ps {
		d.Decode(&ps[i])
		if ps[i].Has&capture.HasTCP == 0 || ps[i].Has&capture.BadIPSum != 0 {
			t.Fatalf("packet %d: %x cannot be read", i+1, ps[i].Frame)
		}
	}
	return ps
}

const (
	syn, ack, psh, fin = capture.SYN, capture.ACK, capture.PSH, capture.FIN
)

// talked is a little conversation in which the server's second segment comes late.
func talked() []capture.Packet {
	return []capture.Packet{
		segment(0, true, 99, 0, syn, ""), segment(40, false, 499, 100, syn|ack, ""), segment(40, true, 100, 500, ack, ""),
		segment(41, true, 100, 500, ack|psh, "hello"), segment(80, false, 500, 105, ack, "aaaa"),
		segment(81, false, 508, 105, ack, "cccc"), segment(81, true, 105, 504, ack, ""),
		segment(120, false, 504, 105, ack, "bbbb"), segment(120, true, 105, 512, ack, ""),
		segment(130, false, 512, 105, ack|fin, ""), segment(140, true, 105, 513, ack|fin, ""),
	}
}

func TestAPhoneSeesNoHoles(t *testing.T) {
	got := decodedAll(t, Apply(talked(), Phone(func(p *capture.Packet) bool { return p.Key.SrcAddr() == home })))
	var down []byte
	next := map[capture.Key]uint32{}
	for i, p := range got {
		if n, ok := next[p.Key]; ok && p.Seq != n || p.TTL != phoneTTL || p.IPID != 0 || p.OptsLen != 0 || p.Link != capture.LinkRaw {
			t.Errorf("packet %d: seq %d after %d, TTL %d", i+1, p.Seq, n, p.TTL)
		}
		next[p.Key] = p.SeqEnd()
		if p.Key.SrcAddr() == far {
			down = append(down, p.Payload...)
		}
	}
	if string(down) != "aaaabbbbcccc" {
		t.Errorf("the server said %q", down)
	}
}

func TestAGatewaySeesEverythingTwice(t *testing.T) {
	g := Gateway{Inside: home, Outside: public, LAN: 4, WAN: 7, After: 1000}
	got := decodedAll(t, Apply(talked(), g.Fault()))
	if len(got) != 2*len(talked()) {
		t.Fatalf("%d packets", len(got))
	}
	for i := 0; i < len(got); i += 2 {
		a, b := &got[i], &got[i+1]
		if a.Seq != b.Seq || b.TTL != a.TTL-1 || b.Time-a.Time != g.After || a.Link != capture.LinkSLL2 || a.Key == b.Key {
			t.Errorf("%d: TTL %d, then %d; %v", i, a.TTL, b.TTL, b.Key)
		}
		for _, p := range []*capture.Packet{a, b} {
			if ip := p.Frame[sll2Head:]; fold(ip[ip4Head:], pseudo(ip)) != 0xffff {
				t.Errorf("%d: a wrong checksum of TCP", i)
			}
		}
	}
	if got[1].Key.SrcAddr() != public || got[2].Key.DstAddr() != public {
		t.Error("the address was not translated")
	}
}

func TestCoalescedSegmentsAreOneFrame(t *testing.T) {
	in := []capture.Packet{
		segment(0, false, 500, 100, ack, "aaaa"), segment(1, false, 504, 100, ack, "bbbb"), segment(1, true, 100, 504, ack, ""),
		segment(2, false, 508, 100, ack|psh, "cc"), segment(3, true, 100, 510, ack, ""), segment(4, false, 510, 100, ack, "dddd"),
		segment(9, false, 514, 100, ack, "eeee"), segment(9, false, 520, 100, ack, "gggg"),
	}
	got := decodedAll(t, Apply(in, Coalesced(2e6)))
	var said [][]byte
	for _, p := range got {
		said = append(said, p.Payload)
	}
	if string(bytes.Join(said, []byte("|"))) != "aaaabbbbcc||dddd|eeee|gggg" {
		t.Errorf("%q", said)
	}
	if p := got[0]; p.IPLen != 50 || p.PayloadLen != 10 || p.Flags != ack|psh || p.Time != 2e6 || p.Num != 1 {
		t.Errorf("%+v", p)
	}
}

func TestWhatIsMissing(t *testing.T) {
	isFIN := func(p *capture.Packet) bool { return p.Flags&fin != 0 && p.Key.SrcAddr() == far }
	for _, tt := range []struct {
		name  string
		fault Fault
		want  int
	}{
		{"offload: two, then the ends", Offloaded(2), 4},
		{"a hole before the end", Holed(2, isFIN), len(talked()) - 2},
		{"nobody asked for", OnlyHosts(public), 0},
		{"of the home", OnlyHosts(home), len(talked())},
		{"between 40 and 81 ms", Within(40e6, 81e6), 4},
		{"one way tagged", Some(isFIN, Tagged(7)), len(talked())},
		{"the clock goes back", Stepped(1, 2, -1e9), len(talked())},
	} {
		in := talked()
		for i := range in {
			in[i].Num = uint64(i + 1)
		}
		if got := Apply(in, tt.fault); len(got) != tt.want {
			t.Errorf("%s: %d packets, want %d", tt.name, len(got), tt.want)
		}
	}
}
