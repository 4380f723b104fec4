package decode

import (
	"strings"

	"chokepoint/capture"
)

// samples returns one well-formed frame of each kind the package reads. Names
// begin with the link type when it is not Ethernet.
func samples() map[string][]byte {
	data := []byte("payload bytes")
	seg := tcp4(tcpHeader(ACK, tsOption), data)
	dgram := ip4(17, udpBytes(5000, 443, data))
	inner := ether4(seg)
	return map[string][]byte{
		"tcp4":                ether4(seg),
		"tcp4 syn":            ether4(tcp4(tcpHeader(SYN, synOptions), nil)),
		"tcp4 padded":         join(ether4(tcp4(tcpHeader(RST, nil), nil)), make([]byte, 6)),
		"tcp4 mptcp reset":    ether4(tcp4(tcpHeader(RST, []byte{30, 4, 0x80, 1}), nil)),
		"tcp4 sack":           ether4(tcp4(tcpHeader(ACK, join([]byte{1, 1, 5, 18}, u32(10), u32(20), u32(30), u32(40))), nil)),
		"tcp4 ip options":     ether4(ip4opt(6, client4, server4, []byte{1, 1, 1, 0}, 0, join(tcpHeader(ACK, nil), data))),
		"tcp6":                ether6(ip6(6, join(tcpHeader(ACK, tsOption), data))),
		"udp4":                ether4(dgram),
		"udp6 vlan":           vlan(7, 0x86dd, ip6(17, udpBytes(5000, 443, data))),
		"udp6 extensions":     ether6(ip6(0, join([]byte{60, 0, 1, 4, 0, 0, 0, 0}, []byte{17, 0, 1, 4, 0, 0, 0, 0}, udpBytes(5000, 443, data)))),
		"fragment4":           ether4(ip4opt(17, client4, server4, nil, 0x2000, udpBytes(5000, 443, data))),
		"fragment6":           ether6(ip6(44, join([]byte{17, 0, 0, 1}, u32(99), udpBytes(5000, 443, data)))),
		"ah4":                 ether4(ip4(51, join([]byte{6, 4, 0, 0}, make([]byte, 20), tcpHeader(ACK, nil), data))),
		"icmp4 unreachable":   ether4(ip4(1, join([]byte{3, 4, 0, 0, 0, 0}, u16(1400), seg))),
		"icmp6 too big":       ether6(ip6(58, join([]byte{2, 0, 0, 0}, u32(1280), ip6(6, join(tcpHeader(ACK, nil), data))))),
		"qinq":                ether(0x88a8, join(u16(5), u16(0x8100), u16(6), u16(0x0800), dgram)),
		"snap":                ether(8+len(dgram), join([]byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, dgram)),
		"pppoe":               ether(0x8864, join([]byte{0x11, 0, 0, 9}, u16(2+len(dgram)), u16(0x21), dgram)),
		"mpls":                ether(0x8847, join([]byte{0, 1, 0, 64}, []byte{0, 2, 1, 64}, dgram)),
		"mpls pseudowire":     ether(0x8847, join([]byte{0, 1, 1, 64}, u32(0), inner)),
		"4in4":                ether4(outer4(4, dgram)),
		"6in4":                ether4(outer4(41, ip6(17, udpBytes(5000, 443, data)))),
		"gre":                 ether4(outer4(47, join([]byte{0xb0, 0, 8, 0}, u32(0), u32(1), u32(2), dgram))),
		"gre bridged":         ether4(outer4(47, join([]byte{0, 0, 0x65, 0x58}, inner))),
		"pptp":                ether4(outer4(47, join([]byte{0x30, 0x81, 0x88, 0x0b}, u16(len(seg)+4), u16(1), u32(1), u32(2), []byte{0xff, 3, 0, 0x21}, seg))),
		"erspan1":             ether4(outer4(47, join([]byte{0, 0, 0x88, 0xbe}, inner))),
		"erspan2":             ether4(outer4(47, join([]byte{0x10, 0, 0x88, 0xbe}, u32(1), make([]byte, 8), inner))),
		"erspan3":             ether4(outer4(47, join([]byte{0x10, 0, 0x22, 0xeb}, u32(1), make([]byte, 11), []byte{1}, make([]byte, 8), inner))),
		"vxlan":               ether4(outer4(17, udpBytes(50000, 4789, vxlanHeader(inner)))),
		"gtpu":                ether4(outer4(17, udpBytes(2152, 2152, gtpHeader(seg)))),
		"gtpu extended":       ether4(outer4(17, udpBytes(2152, 2152, join([]byte{0x34, 255}, u16(8+len(seg)), u32(7), []byte{0, 0, 0, 0x85}, []byte{1, 0, 9, 0}, seg)))),
		"teredo":              ether4(outer4(17, udpBytes(3544, 60000, teredoInner(data)))),
		"null tcp4":           join([]byte{2, 0, 0, 0}, seg),
		"loop udp6":           join(u32(24), ip6(17, udpBytes(5000, 443, data))),
		"sll tcp4":            join(make([]byte, 2), u16(1), make([]byte, 10), u16(0x0800), seg),
		"sll2 tcp4":           join(u16(0x0800), make([]byte, 6), u16(1), make([]byte, 10), seg),
		"raw tcp4":            seg,
		"ipv6 udp":            ip6(17, udpBytes(5000, 443, data)),
		"sll udp4 in an vlan": join(make([]byte, 2), u16(1), make([]byte, 10), u16(0x8100), u16(3), u16(0x0800), dgram),
	}
}

func teredoInner(data []byte) []byte {
	b := ip6(17, udpBytes(5000, 443, data))
	copy(b[8:], []byte{0x20, 1, 0, 0})
	return b
}

func sampleLink(name string) capture.LinkType {
	first, _, _ := strings.Cut(name, " ")
	switch first {
	case "null":
		return capture.LinkNull
	case "loop":
		return capture.LinkLoop
	case "sll":
		return capture.LinkSLL
	case "sll2":
		return capture.LinkSLL2
	case "raw":
		return capture.LinkRaw
	case "ipv6":
		return capture.LinkIPv6
	}
	return capture.LinkEthernet
}
