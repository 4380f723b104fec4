package plan

import (
	"testing"

	"chokepoint/capture"
)

const (
	push = capture.PSH | capture.ACK
	eth  = capture.LinkEthernet
)

// A payload of 1000 bytes that comes late is cut to 32.
const late, head = 1000, 32

type branch struct {
	name  string
	link  capture.LinkType
	frame []byte
	want  int // bytes; whole is all of it
}

const whole = -1

var data = tcp(1000, 443, push, 0, zeros(late))

func linkBranches() []branch {
	sll, sll2 := append(zeros(14), 8, 0), append([]byte{0x86, 0xdd}, zeros(18)...)
	return []branch{
		{"IPv4", eth, ether(etherIPv4, v4(6, data)), 14 + 20 + 20 + head},
		{"IPv6", eth, ether(etherIPv6, v6(6, data)), 14 + 40 + 20 + head},
		{"a tag", eth, ether(etherIPv4, v4(6, data), etherVLAN), 18 + 20 + 20 + head},
		{"a service tag", eth, ether(etherIPv4, v4(6, data), etherQinQ), 18 + 20 + 20 + head},
		{"an old service tag", eth, ether(etherIPv4, v4(6, data), etherQinQOld), 18 + 20 + 20 + head},
		{"two tags", eth, ether(etherIPv4, v4(6, data), etherQinQ, etherVLAN), 22 + 20 + 20 + head},
		{"two behind the one that Linux takes out", eth, ether(etherIPv4, v4(6, data), etherQinQ, etherVLAN, etherVLAN), 26 + 20 + 20 + head},
		{"three that Linux leaves in", eth, ether(etherIPv4, v4(6, data), etherQinQOld, etherVLAN, etherVLAN), whole},
		{"four tags", eth, ether(etherIPv4, v4(6, data), etherQinQ, etherVLAN, etherVLAN, etherVLAN), whole},
		{"another ethertype", eth, ether(0x0806, v4(6, data)), whole},
		{"a length for an ethertype", eth, ether(1000, v4(6, data)), whole},
		{"no ethertype", eth, zeros(13), whole},
		{"a tag and no ethertype", eth, ether(etherVLAN, zeros(1)), whole},
		{"nothing", eth, nil, whole},
		{"raw IPv4", capture.LinkRaw, v4(6, data), 20 + 20 + head},
		{"raw IPv6", capture.LinkIPv6, v6(6, data), 40 + 20 + head},
		{"raw IPv5", capture.LinkRaw, starting(100, 0x55), whole},
		{"raw and empty", capture.LinkRaw, nil, whole},
		{"cooked", capture.LinkSLL, append(sll, v4(6, data)...), 16 + 20 + 20 + head},
		{"cooked the second way", capture.LinkSLL2, append(sll2, v6(6, data)...), 20 + 40 + 20 + head},
		{"loopback", capture.LinkNull, append(zeros(4), v4(6, data)...), 4 + 20 + 20 + head},
		{"OpenBSD's loopback", capture.LinkLoop, append(zeros(4), v6(6, data)...), 4 + 40 + 20 + head},
		{"a link nobody knows", 9, v4(6, data), whole},
	}
}

func ipBranches() []branch {
	set := func(b []byte, at int, v ...byte) []byte { copy(b[at:], v); return b }
	v4at := func(at int, v ...byte) []byte { return ether(etherIPv4, set(v4(6, data), at, v...)) }
	v6with := func(types ...uint8) []byte {
		return ether(etherIPv6, v6(types[0], extended(6, data, types...)))
	}
	options := append(set(v4(6, nil), 0, 0x46, 0, 4, 36), 1, 1, 1, 1)
	return []branch{
		{"cut short", eth, ether(etherIPv4, zeros(19)), whole},
		{"version 6 for an IPv4", eth, v4at(0, 0x65), whole},
		{"four words of header", eth, v4at(0, 0x44), whole},
		{"six words of header", eth, ether(etherIPv4, append(options, data...)), 14 + 24 + 20 + head},
		{"more header than frame", eth, ether(etherIPv4, set(v4(6, zeros(30)), 0, 0x4f)), whole},
		{"first fragment", eth, v4at(6, 0x20, 0), whole},
		{"last fragment", eth, v4at(6, 0, 1), whole},
		{"do not fragment", eth, v4at(6, 0x40, 0), 14 + 20 + 20 + head},
		{"ICMP", eth, ether(etherIPv4, v4(1, zeros(late))), whole},
		{"GRE", eth, ether(etherIPv4, v4(47, zeros(late))), whole},
		{"ESP", eth, ether(etherIPv4, v4(50, zeros(late))), 14 + 20 + head},
		{"ESP of a few bytes", eth, ether(etherIPv4, append(v4(50, zeros(10)), zeros(16)...)), 14 + 20 + 10},
		{"a length that has no room", eth, v4at(2, 0, 0), 14 + 20 + 20 + head},
		{"a length beyond the frame", eth, v4at(2, 0xff, 0xff), 14 + 20 + 20 + head},
		{"a length that leaves no payload", eth, v4at(2, 0, 40), 14 + 20 + 20},
		{"a length of nonsense", eth, v4at(2, 0, 1), 14 + 20 + 20},
		{"IPv6 cut short", eth, ether(etherIPv6, starting(39, 0x60)), whole},
		{"version 4 for an IPv6", eth, ether(etherIPv6, set(v6(6, data), 0, 0x40)), whole},
		{"a jumbogram", eth, ether(etherIPv6, set(v6(6, data), 4, 0, 0)), 14 + 40 + 20 + head},
		{"hop by hop", eth, v6with(0), 14 + 48 + 20 + head},
		{"four extensions", eth, v6with(0, 60, 43, 60), 14 + 72 + 20 + head},
		{"five extensions", eth, v6with(0, 60, 43, 60, 60), whole},
		{"an IPv6 fragment", eth, v6with(44), whole},
		{"an authentication header", eth, v6with(51), whole},
		{"an extension cut short", eth, ether(etherIPv6, v6(0, []byte{6})), whole},
		{"an extension beyond the frame", eth, ether(etherIPv6, v6(0, starting(50, 6, 200))), whole},
		{"ESP in IPv6", eth, ether(etherIPv6, v6(50, zeros(late))), 14 + 40 + head},
		{"ICMPv6", eth, ether(etherIPv6, v6(58, zeros(late))), whole},
	}
}

func transportBranches() []branch {
	t := func(src, dst, flags uint16, options int, n int) []byte {
		return ether(etherIPv4, v4(6, tcp(src, dst, flags, options, zeros(n))))
	}
	u := func(src, dst uint16, payload []byte) []byte { return ether(etherIPv4, v4(17, udp(src, dst, payload))) }
	const at = 14 + 20
	bad := t(1, 2, push, 0, late)
	bad[at+12] = 0x40
	return []branch{
		{"TCP cut short", eth, ether(etherIPv4, v4(6, data[:19])), whole},
		{"four words of TCP", eth, bad, whole},
		{"SYN", eth, t(1, 2, capture.SYN, 20, late), whole},
		{"SYN/ACK", eth, t(1, 2, capture.SYN|capture.ACK, 20, late), whole},
		{"FIN", eth, t(1, 2, capture.FIN|capture.ACK, 12, late), whole},
		{"RST", eth, t(1, 2, capture.RST, 0, late), whole},
		{"options", eth, t(1, 2, push, 12, late), at + 32 + head},
		{"all options there are", eth, t(1, 2, push, 40, late), at + 60 + head},
		{"an ACK", eth, append(t(1, 2, capture.ACK, 12, 0), zeros(6)...), at + 32},
		{"little payload", eth, append(t(1, 2, push, 0, 3), zeros(3)...), at + 20 + 3},
		{"URG, ECE and CWR", eth, t(1, 2, push|capture.URG|capture.ECE|capture.CWR, 0, late), at + 20 + head},
		{"DNS over TCP", eth, t(53, 2, push, 0, late), whole},
		{"to DNS over TCP", eth, t(1, 53, push, 0, late), whole},
		{"an ACK to multicast DNS over TCP", eth, append(t(1, 5353, capture.ACK, 0, 0), zeros(6)...), whole},
		{"VXLAN's port over TCP", eth, t(1, 4789, push, 0, late), at + 20 + head},
		{"UDP cut short", eth, ether(etherIPv4, v4(17, zeros(7))), whole},
		{"UDP", eth, u(1, 2, zeros(late)), at + 8 + head},
		{"empty UDP", eth, append(u(1, 2, nil), zeros(18)...), at + 8},
		{"to DNS", eth, u(1, 53, zeros(late)), whole},
		{"from DNS", eth, u(53, 1, zeros(late)), whole},
		{"multicast DNS", eth, u(5353, 5353, zeros(late)), whole},
		{"VXLAN", eth, u(1, 4789, zeros(late)), whole},
		{"from VXLAN", eth, u(4789, 1, zeros(late)), whole},
		{"old VXLAN", eth, u(1, 8472, zeros(late)), whole},
		{"GTP-U", eth, u(1, 2152, zeros(late)), whole},
		{"Teredo", eth, u(3544, 1, zeros(late)), whole},
		{"beside Teredo", eth, u(3545, 1, zeros(late)), at + 8 + head},
	}
}

func openingBranches() []branch {
	u := func(payload []byte) []byte { return ether(etherIPv4, v4(17, udp(1, 2, payload))) }
	const cut = 14 + 20 + 8 + head
	quic := func(first byte, version ...byte) []byte {
		return u(append(append([]byte{first}, version...), zeros(late)...))
	}
	return []branch{
		{"QUIC 1", eth, quic(0xc3, 0, 0, 0, 1), whole},
		{"QUIC 2", eth, quic(0xd0, 0x6b, 0x33, 0x43, 0xcf), whole},
		{"version negotiation", eth, quic(0xff, 0, 0, 0, 0), whole},
		{"a draft", eth, quic(0xc0, 0xff, 0, 0, 29), whole},
		{"Google's QUIC", eth, quic(0xc0, 'Q', '0', '5', '0'), whole},
		{"Google's with TLS", eth, quic(0xc0, 'T', '0', '5', '1'), whole},
		{"a version nobody speaks", eth, quic(0xc0, 0, 0, 0, 2), cut},
		{"beside the drafts", eth, quic(0xc0, 0xff, 0, 1, 29), cut},
		{"beside Google's", eth, quic(0xc0, 'Q', '1', '5', '0'), cut},
		{"a short header", eth, quic(0x40, 0, 0, 0, 1), cut},
		{"a long header without the fixed bit", eth, quic(0x80, 0, 0, 0, 1), cut},
		{"five bytes of QUIC", eth, append(u([]byte{0xc0, 0, 0, 0, 1}), zeros(13)...), whole},
		{"four bytes of QUIC", eth, append(u([]byte{0xc0, 0, 0, 0}), zeros(14)...), 14 + 20 + 8 + 4},
		{"STUN", eth, u(starting(late, 0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42)), whole},
		{"a TURN channel", eth, u(starting(late, 0x40, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42)), cut},
		{"STUN without its cookie", eth, u(starting(late, 0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x43)), cut},
		{"eight bytes of STUN", eth, append(u([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}), zeros(10)...), whole},
		{"seven bytes of STUN", eth, append(u([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4}), zeros(11)...), 14 + 20 + 8 + 7},
	}
}

func TestEachRule(t *testing.T) {
	for of, branches := range map[string][]branch{
		"link": linkBranches(), "IP": ipBranches(), "transport": transportBranches(), "opening": openingBranches(),
	} {
		for _, b := range branches {
			want := b.want
			if want == whole {
				want = len(b.frame)
			}
			if got := one(b.frame, b.link); got != want {
				t.Errorf("%s: %s: %d of %d bytes, want %d", of, b.name, got, len(b.frame), want)
			}
		}
	}
}

func TestWholeIsBoundedAndATagIsOnTop(t *testing.T) {
	long := v4(6, tcp(1, 2, capture.SYN, 0, zeros(9000)))
	for _, c := range []struct {
		name  string
		frame []byte
		want  int
	}{
		{"no tag", ether(etherIPv4, long), 4096},
		{"a tag that Linux takes out", ether(etherIPv4, long, etherVLAN), 4100},
		{"two tags", ether(etherIPv4, long, etherQinQ, etherVLAN), 4100},
		{"a tag that Linux leaves in", ether(etherIPv4, long, etherQinQOld), 4096},
	} {
		if got := one(c.frame, eth); got != c.want {
			t.Errorf("%s: %d bytes", c.name, got)
		}
	}
	d := NewDecider(capture.Live)
	frame := ether(etherIPv4, long, etherVLAN)
	if got := d.CutBare(frame, uint32(len(frame)), eth); got != 4096 {
		t.Errorf("with the tag in the kernel's data: %d bytes", got)
	}
	small := NewDecider(capture.Plan{Whole: 60, Head: 32})
	frame = ether(etherIPv4, v4(6, data))
	if got := small.Cut(frame, uint32(len(frame)), eth); got != 60 {
		t.Errorf("headers and some payload are longer than what counts as whole: %d bytes", got)
	}
}

// What the capture of a file left out cannot be asked.
func TestAFrameCutBeforeStaysAsItIs(t *testing.T) {
	frame := ether(etherIPv4, v4(17, udp(1, 2, starting(late, 0xc0, 0, 0, 0, 9))))
	for n := range len(frame) {
		want := n
		if n >= 14+20+8+8 {
			want = min(n, 14+20+8+head)
		}
		d := NewDecider(capture.Plan{Payloads: 0, Whole: 4096, Head: 32})
		if got := d.Cut(frame[:n], uint32(len(frame)), eth); got != want {
			t.Errorf("%d bytes: %d", n, got)
		}
	}
}
