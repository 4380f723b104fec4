package decode

import (
	"net/netip"
	"testing"

	"chokepoint/capture"
)

func clean(addr string) string { return netip.MustParseAddr(addr).String() }

// with returns a copy of b with the bytes from off on replaced.
func with(b []byte, off int, v ...byte) []byte {
	b = join(b)
	copy(b[off:], v)
	return b
}

func TestMalformedIsCounted(t *testing.T) {
	const ip = ethernetLen
	seg := ether4(tcp4(tcpHeader(ACK, tsOption), []byte("data")))
	dgram := ether4(ip4(17, udpBytes(5000, 443, []byte("data"))))
	noSum := with(seg, ip+10, 0, 0)
	for name, c := range map[string]struct {
		frame []byte
		one
	}{
		"a wrong IPv4 checksum is flagged": {with(seg, ip+8, 63), one{has: capture.BadIPSum | capture.HasTCP, counts: BadIPChecksum, proto: 6, ports: [2]uint16{40000, 443}, payload: "data"}},
		"a checksum of zero is not":        {noSum, one{has: capture.HasTCP, lacks: capture.BadIPSum, proto: 6, ports: [2]uint16{40000, 443}, payload: "data"}},
		"version 5":                        {with(seg, ip, 0x55), one{lacks: capture.HasIP, counts: BadIPVersion}},
		"IHL of 4":                         {with(seg, ip, 0x44), one{lacks: capture.HasIP, counts: BadIPHeaderLen}},
		"total length of 19":               {with(seg, ip+2, 0, 19), one{lacks: capture.HasIP, counts: BadIPLength}},
		"total length beyond the frame":    {with(noSum, ip+2, 0, 200), one{has: capture.HasTCP | capture.Clipped, counts: IPBeyondFrame, proto: 6, ports: [2]uint16{40000, 443}, length: 148}},
		"total length of zero is all":      {with(noSum, ip+2, 0, 0), one{has: capture.HasTCP, lacks: capture.Clipped, proto: 6, ports: [2]uint16{40000, 443}, payload: "data"}},
		"data offset of 4":                 {with(seg, ip+32, 0x40), one{has: capture.HasTCP | capture.BadOpts, counts: BadTCPOffset, proto: 6, ports: [2]uint16{40000, 443}}},
		"data offset beyond the segment":   {with(seg, ip+32, 0xf0), one{has: capture.HasTCP | capture.BadOpts, counts: BadTCPOffset, proto: 6, ports: [2]uint16{40000, 443}}},
		"an option beyond the options":     {with(seg, ip+43, 11), one{has: capture.HasTCP | capture.BadOpts, lacks: capture.HasTS, counts: TruncatedTCPOptions, proto: 6, ports: [2]uint16{40000, 443}, payload: "data"}},
		"an option of length 1":            {with(seg, ip+43, 1), one{has: capture.HasTCP | capture.BadOpts, counts: TruncatedTCPOptions, proto: 6, ports: [2]uint16{40000, 443}, payload: "data"}},
		"a timestamp of 9 bytes":           {with(with(seg, ip+43, 9), ip+51, 0), one{has: capture.HasTCP | capture.BadOpts, lacks: capture.HasTS, counts: BadTCPOptions, proto: 6, ports: [2]uint16{40000, 443}, payload: "data"}},
		"half a TCP header":                {ether4(ip4(6, make([]byte, 10))), one{lacks: capture.HasPorts, counts: TruncatedTransport, proto: 6}},
		"UDP length of 7":                  {with(dgram, ip+24, 0, 7), one{has: capture.HasUDP, counts: BadUDPLength, proto: 17, ports: [2]uint16{5000, 443}, payload: "data"}},
		"UDP length beyond the datagram":   {with(dgram, ip+24, 0, 99), one{has: capture.HasUDP, counts: BadUDPLength, proto: 17, ports: [2]uint16{5000, 443}, payload: "data"}},
		"UDP length of zero is the rest":   {with(dgram, ip+24, 0, 0), one{has: capture.HasUDP, proto: 17, ports: [2]uint16{5000, 443}, payload: "data"}},
		"UDP padding is not payload":       {with(dgram, ip+24, 0, 10), one{has: capture.HasUDP, proto: 17, ports: [2]uint16{5000, 443}, payload: "da"}},
		"ARP":                              {ether(0x0806, make([]byte, 28)), one{lacks: capture.HasIP, counts: UnsupportedEtherType}},
		"half an Ethernet header":          {seg[:10], one{lacks: capture.HasIP, counts: TruncatedLink}},
		"half a VLAN tag":                  {ether(0x8100, []byte{0, 1}), one{lacks: capture.HasIP | capture.HasVLAN, counts: TruncatedLink}},
		"half an IP header":                {seg[:ip+10], one{lacks: capture.HasIP, counts: TruncatedIP}},
		"an extension beyond the datagram": {ether6(ip6(60, []byte{17, 9, 0, 0, 0, 0, 0, 0})), one{has: capture.HasIPv6, counts: BadIPExtension, proto: 60}},
		"an atomic fragment is none":       {ether6(ip6(44, join([]byte{17, 0, 0, 0}, u32(9), udpBytes(5000, 443, nil)))), one{has: capture.HasUDP, lacks: capture.IsFragment, proto: 17, ports: [2]uint16{5000, 443}}},
		"no next header":                   {ether6(ip6(59, nil)), one{has: capture.HasIPv6, proto: 59}},
	} {
		t.Run(name, func(t *testing.T) {
			p, d := decoded(capture.LinkEthernet, c.frame)
			c.check(t, &p, d)
		})
	}
}

func TestChainsAreBounded(t *testing.T) {
	tags, extensions := []byte{}, []byte{}
	for range 2 * maxLinkHeaders {
		tags = join(tags, u16(1), u16(0x8100))
		extensions = join(extensions, []byte{60, 0, 1, 4, 0, 0, 0, 0})
	}
	p, d := decoded(capture.LinkEthernet, ether(0x8100, tags))
	if d.Counts[LinkTooDeep] != 1 || p.Has&capture.HasVLAN == 0 {
		t.Errorf("tags: %v", d.Counts)
	}
	_, d = decoded(capture.LinkEthernet, ether6(ip6(60, extensions)))
	if d.Counts[TooManyExtensions] != 1 {
		t.Errorf("extensions: %v", d.Counts)
	}
	_, d = decoded(capture.LinkEthernet, ether6(ip6(60, join(extensions[:(maxExtensions-1)*8], []byte{17, 0, 1, 4, 0, 0, 0, 0}, udpBytes(1, 2, nil)))))
	if d.Counts.Malformed() != 0 {
		t.Errorf("as many extensions as allowed: %v", d.Counts)
	}
}

func TestWhatOnlyLooksLikeATunnelStaysUDP(t *testing.T) {
	inner := tcp4(tcpHeader(ACK, nil), nil)
	for name, c := range map[string]struct {
		port    int
		payload []byte
	}{
		"VXLAN without the I flag":          {4789, with(vxlanHeader(ether4(inner)), 0, 0)},
		"VXLAN with ARP inside":             {4789, vxlanHeader(ether(0x0806, make([]byte, 28)))},
		"VXLAN with an IP length too long":  {4789, vxlanHeader(ether4(with(inner, 2, 9, 9)))},
		"VXLAN with a bad IP header length": {4789, vxlanHeader(ether4(with(inner, 0, 0x42)))},
		"GTP-U echo request":                {2152, with(gtpHeader(inner), 1, 1)},
		"GTP-U version 2":                   {2152, with(gtpHeader(inner), 0, 0x50)},
		"GTP-U with a length too long":      {2152, with(gtpHeader(inner), 2, 1, 0)},
		"GTP-U with an empty extension":     {2152, join([]byte{0x34, 255}, u16(8+len(inner)), u32(7), []byte{0, 0, 0, 0x85}, []byte{0, 0, 9, 0}, inner)},
		"GTP-U with text inside":            {2152, gtpHeader([]byte("no packet at all, but some text"))},
		"Teredo without a Teredo address":   {3544, ip6(17, udpBytes(1, 2, nil))},
		"an empty datagram":                 {4789, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, d := decoded(capture.LinkEthernet, ether4(outer4(17, udpBytes(9999, c.port, c.payload))))
			w := one{has: capture.HasUDP, src: "10.0.0.1", dst: "10.0.0.2", proto: 17, ports: [2]uint16{9999, uint16(c.port)}, payload: string(c.payload)}
			w.check(t, &p, d)
		})
	}
}

func TestSnaplenIsNotThePacketsFault(t *testing.T) {
	frame := ether4(tcp4(tcpHeader(SYN, synOptions), make([]byte, 100)))
	cut := func(n int) (capture.Packet, *Decoder) {
		p, d := fresh(capture.LinkEthernet, frame[:n]), &Decoder{}
		p.WireLen = uint32(len(frame))
		d.Decode(&p)
		return p, d
	}
	p, d := cut(14 + 20 + 20 + 20 + 30)
	if p.PayloadLen != 100 || len(p.Payload) != 30 || p.Has&capture.Clipped == 0 || d.Counts != (Counts{}) {
		t.Errorf("cut in the payload: %d of %d, %v", len(p.Payload), p.PayloadLen, d.Counts)
	}
	p, d = cut(14 + 20 + 20 + 6)
	if p.PayloadLen != 100 || p.MSS != 1460 || p.Has&capture.BadOpts != 0 || p.Has&capture.Clipped == 0 || d.Counts.Malformed() != 0 {
		t.Errorf("cut in the options: %d, MSS %d, Has %#x, %v", p.PayloadLen, p.MSS, p.Has, d.Counts)
	}
	p, d = cut(14 + 20 + 8)
	if p.Has&capture.HasTCP != 0 || p.Has&capture.HasPorts == 0 || p.Key.DstPort != 443 || d.Counts[ClippedHeaders] != 1 {
		t.Errorf("cut in the TCP header: Has %#x, %v", p.Has, d.Counts)
	}
}
