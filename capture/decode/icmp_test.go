package decode

import (
	"testing"

	"chokepoint/capture"
)

func TestICMPErrorsQuoteAPacket(t *testing.T) {
	seg := tcp4(tcpHeader(SYN, nil), nil)
	seg6 := ip6(6, tcpHeader(SYN, nil))
	icmp := func(kind, code byte, word int, quote []byte) []byte {
		return ether4(outer4(1, join([]byte{kind, code, 0, 0}, u32(word), quote)))
	}
	icmp6 := func(kind byte, word int, quote []byte) []byte {
		return ether6(ip6(58, join([]byte{kind, 0, 0, 0}, u32(word), quote)))
	}
	key := func(b []byte) capture.Key {
		p, _ := decoded(capture.LinkRaw, b)
		return p.Key
	}
	noPorts := func(k capture.Key) capture.Key {
		k.SrcPort, k.DstPort = 0, 0
		return k
	}
	for name, c := range map[string]struct {
		frame []byte
		want  capture.Quoted
	}{
		"port unreachable":              {icmp(3, 3, 0, seg[:28]), capture.Quoted{Key: key(seg), TTL: 64, Seq: 1000}},
		"fragmentation needed":          {icmp(3, 4, 1400, seg), capture.Quoted{Key: key(seg), TTL: 64, Seq: 1000, MTU: 1400}},
		"time exceeded has no MTU":      {icmp(11, 0, 1400, seg), capture.Quoted{Key: key(seg), TTL: 64, Seq: 1000}},
		"quote without sequence number": {icmp(3, 13, 0, seg[:24]), capture.Quoted{Key: key(seg), TTL: 64}},
		"quote of a bare header":        {icmp(12, 0, 0, seg[:20]), capture.Quoted{Key: noPorts(key(seg)), TTL: 64}},
		"quote of a later fragment":     {icmp(3, 1, 0, with(seg, 6, 0, 9)), capture.Quoted{Key: noPorts(key(seg)), TTL: 64}},
		"packet too big":                {icmp6(2, 1280, seg6), capture.Quoted{Key: key(seg6), TTL: 57, Seq: 1000, MTU: 1280}},
		"packet too big beyond 16 bits": {icmp6(2, 70000, seg6), capture.Quoted{Key: key(seg6), TTL: 57, Seq: 1000, MTU: 65535}},
		"quote with an extension":       {icmp6(1, 0, ip6(60, join([]byte{6, 0, 1, 4, 0, 0, 0, 0}, tcpHeader(SYN, nil)))), capture.Quoted{Key: key(seg6), TTL: 57, Seq: 1000}},
	} {
		t.Run(name, func(t *testing.T) {
			p, d := decoded(capture.LinkEthernet, c.frame)
			checkLaws(t, &p)
			if p.Has&capture.HasQuoted == 0 || p.Quoted != c.want {
				t.Errorf("got  %+v (Has %#x)\nwant %+v", p.Quoted, p.Has, c.want)
			}
			if d.Counts != (Counts{}) {
				t.Errorf("counts %v", d.Counts)
			}
		})
	}
}

func TestICMPWithoutAQuote(t *testing.T) {
	for name, body := range map[string][]byte{
		"echo request":             join([]byte{8, 0, 0, 0}, u32(1), tcp4(tcpHeader(SYN, nil), nil)),
		"a quote of half a header": join([]byte{3, 1, 0, 0}, u32(0), tcp4(tcpHeader(SYN, nil), nil)[:12]),
		"no quote at all":          {3, 1, 0, 0},
	} {
		p, _ := decoded(capture.LinkEthernet, ether4(outer4(1, body)))
		if p.Has&capture.HasQuoted != 0 || p.Has&capture.HasICMP == 0 || p.ICMPType != body[0] || p.ICMPCode != body[1] {
			t.Errorf("%s: Has %#x, type %d code %d", name, p.Has, p.ICMPType, p.ICMPCode)
		}
	}
}
