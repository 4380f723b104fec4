package vary

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/miekg/dns"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// mapped is an address of IPv6 that ends in the old one.
func mapped(a netip.Addr) netip.Addr {
	b := netip.MustParseAddr("2001:db8::").As16()
	four := a.As4()
	copy(b[12:], four[:])
	return netip.AddrFrom16(b)
}

// four is a packet over IPv4, with good checksums, decoded.
func four(t *testing.T, ls ...gopacket.SerializableLayer) capture.Packet {
	t.Helper()
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 57, TOS: 0x28, Id: 77, SrcIP: []byte{192, 168, 1, 23}, DstIP: []byte{8, 8, 8, 8}}
	switch l := ls[0].(type) {
	case *layers.TCP:
		ip.Protocol = layers.IPProtocolTCP
		_ = l.SetNetworkLayerForChecksum(ip)
	case *layers.UDP:
		ip.Protocol = layers.IPProtocolUDP
		_ = l.SetNetworkLayerForChecksum(ip)
	case *layers.ICMPv4:
		ip.Protocol = layers.IPProtocolICMPv4
	}
	eth := &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}
	buf := gopacket.NewSerializeBuffer()
	all := append([]gopacket.SerializableLayer{eth, ip}, ls...)
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		t.Fatal(err)
	}
	return capture.Packet{Num: 1, Link: capture.LinkEthernet, Frame: buf.Bytes(), WireLen: uint32(len(buf.Bytes()))}
}

// six is the packet over IPv6, decoded.
func six(t *testing.T, p capture.Packet) capture.Packet {
	t.Helper()
	q := Apply([]capture.Packet{p}, Sixed(mapped))[0]
	var d decode.Decoder
	d.Decode(&q)
	if q.Key.SrcAddr() != mapped(netip.MustParseAddr("192.168.1.23")) || q.Key.DstAddr() != mapped(netip.MustParseAddr("8.8.8.8")) || q.TTL != 57 {
		t.Fatalf("%v to %v, hop limit %d", q.Key.SrcAddr(), q.Key.DstAddr(), q.TTL)
	}
	if q.WireLen != uint32(len(q.Frame)) {
		t.Errorf("%d bytes, %d said to have been on the wire", len(q.Frame), q.WireLen)
	}
	return q
}

// sound is whether the checksum over everything behind the IPv6 header, and its
// pseudo-header, comes out even (RFC 8200 section 8.1).
func sound(t *testing.T, frame []byte) bool {
	t.Helper()
	ip := frame[etherHead:]
	return folded(words(ip[ip6Src:ip6Head])+uint32(len(ip)-ip6Head)+uint32(ip[ip6Next])+words(ip[ip6Head:])) == 0xffff
}

func TestSixedKeepsWhatTCPSays(t *testing.T) {
	p := four(t, &layers.TCP{SrcPort: 40000, DstPort: 443, Seq: 7, Ack: 9, ACK: true, RST: true, Window: 512}, gopacket.Payload("odd"))
	q := six(t, p)
	if q.Seq != 7 || q.Ack != 9 || q.Flags != capture.RST|capture.ACK || string(q.Payload) != "odd" || q.IPLen != 40+20+3 || !sound(t, q.Frame) {
		t.Errorf("%+v\n%s", q, hex.Dump(q.Frame))
	}
	p.Frame[etherHead+ip4Head+tcpHead]++ // what was wrong stays wrong
	if sound(t, six(t, p).Frame) {
		t.Error("a wrong checksum was mended")
	}
}

func TestSixedAsksAndAnswersForIPv6(t *testing.T) {
	m := new(dns.Msg)
	m.SetQuestion("web.whatsapp.com.", dns.TypeA)
	m.Response, m.Compress = true, true
	for _, rr := range []string{"web.whatsapp.com. 60 IN CNAME mmx.whatsapp.net.", "mmx.whatsapp.net. 60 IN A 157.240.205.60", "mmx.whatsapp.net. 60 IN A 157.240.205.61"} {
		r, err := dns.NewRR(rr)
		if err != nil {
			t.Fatal(err)
		}
		m.Answer = append(m.Answer, r)
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	q := six(t, four(t, &layers.UDP{SrcPort: 53, DstPort: 40000}, gopacket.Payload(b)))
	var got dns.Msg
	if err := got.Unpack(q.Payload); err != nil {
		t.Fatal(err)
	}
	if text := got.String(); got.Question[0].Qtype != dns.TypeAAAA || !strings.Contains(text, "AAAA\t2001:db8::9df0:cd3c") || !strings.Contains(text, "AAAA\t2001:db8::9df0:cd3d") || !sound(t, q.Frame) {
		t.Error(text)
	}
	for cut := range b { // a torn message stays what it is
		six(t, four(t, &layers.UDP{SrcPort: 53, DstPort: 40000}, gopacket.Payload(b[:cut])))
	}
}

func TestSixedTellsErrorsInICMPv6(t *testing.T) {
	quoted := four(t, &layers.UDP{SrcPort: 1, DstPort: 2}, gopacket.Payload("quoted")).Frame[etherHead:]
	q := six(t, four(t, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 13)}, gopacket.Payload(quoted)))
	icmp := q.Frame[etherHead+ip6Head:]
	if q.Key.Proto != capture.ProtoICMPv6 || icmp[0] != 1 || icmp[1] != 1 || icmp[icmpHead]>>4 != 6 || !sound(t, q.Frame) {
		t.Errorf("%v\n%s", q.Key, hex.Dump(q.Frame))
	}
	if p := (capture.Packet{Num: 1, Link: capture.LinkEthernet, Frame: []byte("no IPv4 at all")}); string(Apply([]capture.Packet{p}, Sixed(mapped))[0].Frame) != string(p.Frame) {
		t.Error("what is no IPv4 was changed")
	}
}
