//go:build linux

package packets

import (
	"bytes"
	"testing"
)

type branch struct {
	name    string
	frame   []byte
	want    int // bytes sent
	strange bool
}

// All frames below have more payload than head; theirs is not among the first of
// its flow.
const (
	late  = 1000
	head  = 32
	whole = -1
)

var segment = tcp(1000, 443, psh|ack, 12, zeros(late))

const segmentHead = 20 + 12 + head

func linkBranches() []branch {
	return []branch{
		{"IPv4", ether(0x0800, v4(6, segment)), 14 + 20 + segmentHead, false},
		{"IPv6", ether(0x86dd, v6(6, segment)), 14 + 40 + segmentHead, false},
		{"a tag", ether(0x0800, v4(6, segment), 0x8100), 18 + 20 + segmentHead, false},
		{"two tags", ether(0x86dd, v6(6, segment), 0x88a8, 0x8100), 22 + 40 + segmentHead, false},
		{"old tags", ether(0x0800, v4(6, segment), 0x9100, 0x9100), 22 + 20 + segmentHead, false},
		{"three tags", ether(0x0800, v4(6, segment), 0x88a8, 0x8100, 0x8100), whole, false},
		{"ARP", ether(0x0806, v4(6, segment)), whole, false},
		{"a tag cut short", ether(0x8100, zeros(3)), whole, true},
		{"a second tag cut short", ether(0x8100, zeros(3), 0x8100), whole, true},
	}
}

func ipBranches() []branch {
	at := func(off int, v ...byte) []byte { return ether(0x0800, set(v4(6, segment), off, v...)) }
	at6 := func(off int, v ...byte) []byte { return ether(0x86dd, set(v6(6, segment), off, v...)) }
	via := func(next uint8, extensions ...uint8) []byte {
		return ether(0x86dd, v6via(next, segment, extensions...))
	}
	options := set(v4(6, append(zeros(40), segment...)), 0, 0x4f)
	return []branch{
		{"IPv4 cut short", ether(0x0800, zeros(19), 0x8100), whole, true},
		{"version 6 for an IPv4", at(0, 0x65), whole, true},
		{"four words of header", at(0, 0x44), whole, true},
		{"fifteen words of header", ether(0x0800, options), 14 + 60 + segmentHead, false},
		{"first fragment", at(6, 0x20, 0), whole, false},
		{"last fragment", at(6, 0, 1), whole, false},
		{"do not fragment", at(6, 0x40, 0), 14 + 20 + segmentHead, false},
		{"ICMP", ether(0x0800, v4(1, segment)), whole, false},
		{"GRE", ether(0x0800, v4(47, segment)), whole, false},
		{"ESP", ether(0x0800, v4(50, zeros(late))), 14 + 20 + head, false},
		{"ESP of a few bytes, padded", ether(0x0800, append(v4(50, zeros(10)), zeros(16)...)), 14 + 20 + 10, false},
		{"no length", at(2, 0, 0), 14 + 20 + segmentHead, false},
		{"a length beyond the frame", at(2, 0xff, 0xff), 14 + 20 + segmentHead, false},
		{"a length without payload", at(2, 0, 52), 14 + 20 + 32, false},
		{"a length of nonsense", at(2, 0, 1), 14 + 20 + 32, false},
		{"IPv6 cut short", ether(0x86dd, starting(39, 0x60), 0x8100), whole, true},
		{"version 4 for an IPv6", at6(0, 0x40), whole, true},
		{"a jumbogram", at6(4, 0, 0), 14 + 40 + segmentHead, false},
		{"hop by hop", via(6, 0), 14 + 48 + segmentHead, false},
		{"four extensions", via(6, 0, 60, 43, 60), 14 + 72 + segmentHead, false},
		{"five extensions", via(6, 0, 60, 43, 60, 60), whole, false},
		{"an extension of 2048 bytes", ether(0x86dd, v6(0, append(starting(2048, 6, 255), segment...))), 14 + 40 + 2048 + segmentHead, false},
		{"an extension beyond the frame", ether(0x86dd, v6(0, starting(50, 6, 200))), whole, true},
		{"an extension cut short", ether(0x86dd, v6(0, []byte{6})), whole, true},
		{"an IPv6 fragment", via(6, 44), whole, false},
		{"an authentication header", via(6, 51), whole, false},
		{"ESP in IPv6", ether(0x86dd, v6(50, zeros(late))), 14 + 40 + head, false},
		{"ICMPv6", ether(0x86dd, v6(58, zeros(late))), whole, false},
	}
}

func tcpBranches() []branch {
	t := func(src, dst uint16, flags uint8, options, n int) []byte {
		return ether(0x0800, v4(6, tcp(src, dst, flags, options, zeros(n))))
	}
	words := func(n byte) []byte { return set(t(1000, 443, ack, 0, late), 14+20+12, n<<4) }
	return []branch{
		{"TCP cut short", ether(0x0800, v4(6, segment[:19])), whole, true},
		{"four words of TCP", words(4), whole, true},
		{"fifteen words of TCP", words(15), 14 + 20 + 60 + head, false},
		{"more TCP than frame", set(t(1000, 443, ack, 0, 10), 14+20+12, 15<<4), whole, false},
		{"SYN", t(1000, 443, syn, 20, late), whole, false},
		{"SYN ACK", t(1000, 443, syn|ack, 20, late), whole, false},
		{"FIN", t(1000, 443, fin|ack, 0, late), whole, false},
		{"RST", t(1000, 443, rst, 0, late), whole, false},
		{"ACK", t(1000, 443, ack, 12, 0), 14 + 20 + 32, false},
		{"padded ACK", append(t(1000, 443, ack, 0, 0), zeros(6)...), 14 + 20 + 20, false},
		{"one byte", t(1000, 443, ack, 0, 1), 14 + 20 + 21, false},
		{"from port 53", t(53, 1000, ack, 0, late), whole, false},
		{"to port 5353", t(1000, 5353, ack, 0, late), whole, false},
		{"TCP to a tunnel's port", t(1000, 4789, ack, 0, late), 14 + 20 + 20 + head, false},
	}
}

func udpBranches() []branch {
	u := func(src, dst uint16, payload []byte) []byte { return ether(0x0800, v4(17, udp(src, dst, payload))) }
	b := func(with ...byte) []byte { return u(1000, 443, starting(late, with...)) }
	const cut = 14 + 20 + 8 + head
	return []branch{
		{"UDP", u(1000, 443, zeros(late)), cut, false},
		{"UDP cut short", ether(0x0800, v4(17, zeros(7))), whole, true},
		{"empty UDP", u(1000, 443, nil), 14 + 20 + 8, false},
		{"padded UDP", append(u(1000, 443, zeros(3)), zeros(15)...), 14 + 20 + 8 + 3, false},
		{"DNS", u(1000, 53, zeros(late)), whole, false},
		{"multicast DNS", u(5353, 1000, zeros(late)), whole, false},
		{"VXLAN", u(1000, 4789, zeros(late)), whole, false},
		{"Linux's VXLAN", u(8472, 1000, zeros(late)), whole, false},
		{"GTP-U", u(2152, 2152, zeros(late)), whole, false},
		{"Teredo", u(3544, 1000, zeros(late)), whole, false},
		{"QUIC 1", b(0xc0, 0, 0, 0, 1), whole, false},
		{"QUIC 2", b(0xd3, 0x6b, 0x33, 0x43, 0xcf), whole, false},
		{"QUIC version negotiation", b(0xff, 0, 0, 0, 0), whole, false},
		{"a QUIC draft", b(0xc3, 0xff, 0, 0, 29), whole, false},
		{"Google's QUIC", b(0xc3, 'Q', '0', '5', '0'), whole, false},
		{"Google's QUIC with TLS", b(0xc3, 'T', '0', '5', '1'), whole, false},
		{"QUIC and nothing else", u(1000, 443, []byte{0xc0, 0, 0, 0, 1}), whole, false},
		{"QUIC of an unknown version", b(0xc0, 0, 0, 0, 7), cut, false},
		{"QUIC 1 without the fixed bit", b(0x80, 0, 0, 0, 1), cut, false},
		{"a QUIC short header", b(0x40, 0, 0, 0, 1), cut, false},
		{"four bytes of QUIC", u(1000, 443, []byte{0xc0, 0, 0, 0}), 14 + 20 + 8 + 4, false},
		{"STUN", b(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42), whole, false},
		{"STUN by its cookie only", b(0x40, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42), cut, false},
		{"STUN with another cookie", b(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43), cut, false},
		{"QUIC behind extensions", ether(0x86dd, v6via(17, udp(1000, 443, starting(late, 0xc0, 0, 0, 0, 1)), 0, 60, 43, 60)), whole, false},
		{"STUN behind a long extension", ether(0x86dd, v6(0, append(starting(800, 17, 99), udp(1, 2, starting(late, 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42))...))), whole, false},
	}
}

// Every branch of the plan, with payload that comes late: the flow is not asked.
func TestPlan(t *testing.T) {
	c := small
	c.Payloads = 0
	p := loaded(t, c)
	for _, list := range [][]branch{linkBranches(), ipBranches(), tcpBranches(), udpBranches()} {
		for _, b := range list {
			before := counts(t, p)
			r := sent(t, p, p.EtherIn, b.frame)
			want := b.frame
			if b.want != whole {
				want = want[:b.want]
			}
			if !bytes.Equal(r.bytes, want) {
				t.Errorf("%s: %d bytes of %d sent, want %d; or others", b.name, len(r.bytes), len(b.frame), len(want))
			}
			if int(r.WireLen) != len(b.frame) {
				t.Errorf("%s: length %d, want %d", b.name, r.WireLen, len(b.frame))
			}
			after := counts(t, p)
			if got := after.Strange - before.Strange; got != 0 != b.strange || after.Sent != before.Sent+1 {
				t.Errorf("%s: counted strange %d times and sent %d times", b.name, got, after.Sent-before.Sent)
			}
		}
	}
}

// The same without a link header, and the other version of IP than its number.
func TestPlanWithoutLinkHeader(t *testing.T) {
	c := small
	c.Payloads = 0
	p := loaded(t, c)
	for _, b := range []branch{
		{"IPv4", v4(6, segment), 20 + segmentHead, false},
		{"IPv6", v6(6, segment), 40 + segmentHead, false},
		{"IPv5", set(v4(6, segment), 0, 0x55), whole, false},
		{"IPv4 cut short", v4(6, nil)[:19], whole, true},
	} {
		r := sent(t, p, p.IPIn, b.frame)
		if want := b.want; len(r.bytes) != want && (want != whole || len(r.bytes) != len(b.frame)) {
			t.Errorf("%s: %d bytes sent, want %d", b.name, len(r.bytes), want)
		}
	}
}

// What is whole is no longer than the plan says, and neither are headers.
func TestWholeIsBounded(t *testing.T) {
	for _, most := range []uint32{1, 128, 129, 3000, 4096} {
		c := small
		c.Payloads, c.Whole = 0, most
		p := loaded(t, c)
		for _, b := range []branch{
			{"ARP", ether(0x0806, zeros(3000)), 3014, false},
			{"headers", ether(0x0800, v4(6, segment)), 14 + 20 + segmentHead, false},
			{"ESP", ether(0x0800, v4(50, zeros(3000))), 14 + 20 + head, false},
		} {
			r := sent(t, p, p.EtherIn, b.frame)
			if want := min(b.want, int(most)); !bytes.Equal(r.bytes, b.frame[:want]) || int(r.WireLen) != len(b.frame) {
				t.Errorf("%s of at most %d bytes: %d, want %d; or others", b.name, most, len(r.bytes), want)
			}
		}
	}
}

// How many bytes of payload follow the headers is the plan's to say.
func TestHead(t *testing.T) {
	for _, n := range []uint32{0, 100, 4096} {
		c := small
		c.Payloads, c.Head = 0, n
		p := loaded(t, c)
		frame := ether(0x0800, v4(6, segment))
		if r := sent(t, p, p.EtherIn, frame); len(r.bytes) != min(14+20+32+int(n), len(frame)) {
			t.Errorf("head %d: %d bytes sent", n, len(r.bytes))
		}
	}
}

// Frames that break off anywhere go whole, whatever the one before left behind.
func TestTornFrames(t *testing.T) {
	c := small
	c.Payloads = 0
	p := loaded(t, c)
	for _, c := range []struct {
		frame []byte
		least int // BPF_PROG_TEST_RUN wants a whole IP header behind Ethernet
	}{
		{ether(0x0800, v4(6, segment)), 34},
		{ether(0x0800, v4(6, segment), 0x88a8, 0x8100), 15},
		{ether(0x86dd, v6via(6, segment, 0, 43)), 54},
		{ether(0x86dd, v6(6, segment), 0x8100), 15},
		{ether(0x0800, v4(17, udp(1, 2, starting(late, 0xc0, 0, 0, 0, 1)))), 34},
		{ether(0x86dd, v6(17, udp(1, 2, zeros(late)))), 54},
	} {
		full := len(sent(t, p, p.EtherIn, c.frame).bytes)
		for n := c.least; n <= 200; n++ {
			torn := c.frame[:n]
			r := sent(t, p, p.EtherIn, torn)
			if want := min(n, full); !bytes.Equal(r.bytes, torn[:want]) {
				t.Fatalf("%d bytes of a frame: %d sent, want %d; or others", n, len(r.bytes), want)
			}
			ip := torn[14:]
			if len(ip) > 14 {
				if r := sent(t, p, p.IPOut, ip); !bytes.Equal(r.bytes, ip[:len(r.bytes)]) {
					t.Fatalf("%d bytes of a packet: others", n)
				}
			}
		}
	}
}
