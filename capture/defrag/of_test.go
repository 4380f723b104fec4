package defrag

import (
	"bytes"
	"testing"

	"chokepoint/capture"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

func TestFindsFragmentsBehindEveryLinkHeader(t *testing.T) {
	ip := piece4(t, 77, text(24), 8, 24, true).Frame
	eth := &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}
	tagged := *eth
	tagged.EthernetType = layers.EthernetTypeDot1Q
	inner := &layers.Dot1Q{VLANIdentifier: 5, Type: layers.EthernetTypeIPv4}
	outer := &layers.Dot1Q{VLANIdentifier: 6, Type: layers.EthernetTypeDot1Q}
	sll := append(make([]byte, 14), 0x08, 0x00)
	sll2 := append([]byte{0x08, 0x00}, make([]byte, 18)...)
	for name, p := range map[string]capture.Packet{
		"Ethernet":     {Link: capture.LinkEthernet, Frame: serialize(t, eth, gopacket.Payload(ip))},
		"one VLAN tag": {Link: capture.LinkEthernet, Frame: serialize(t, &tagged, inner, gopacket.Payload(ip))},
		"two of them":  {Link: capture.LinkEthernet, Frame: serialize(t, &tagged, outer, inner, gopacket.Payload(ip))},
		"padding":      {Link: capture.LinkEthernet, Frame: append(serialize(t, eth, gopacket.Payload(ip)), make([]byte, 20)...)},
		"SLL":          {Link: capture.LinkSLL, Frame: append(sll, ip...)},
		"SLL2":         {Link: capture.LinkSLL2, Frame: append(sll2, ip...)},
		"loopback":     {Link: capture.LinkNull, Frame: append([]byte{2, 0, 0, 0}, ip...)},
		"nothing":      {Link: capture.LinkRaw, Frame: ip},
	} {
		t.Run(name, func(t *testing.T) {
			p.If, p.Time = 3, 12345
			f, ok := found(&p)
			if !ok || f.ID != 77 || f.Off != 8 || !f.More || f.Proto != 17 || f.Len != 16 || f.If != 3 || f.Time != 12345 ||
				!bytes.Equal(f.Data, text(24)[8:]) || !bytes.Equal(f.Header, ip[:20]) || f.Src[12] != 192 || f.Dst[15] != 2 {
				t.Errorf("%v %+v", ok, f)
			}
		})
	}
}

func TestFindsIPv6FragmentsBehindExtensionHeaders(t *testing.T) {
	p := piece6(0xdeadbeef, text(24), 8, 24, true)
	f, ok := found(p)
	if !ok || !f.V6 || f.ID != 0xdeadbeef || f.Off != 8 || !f.More || f.Len != 16 || f.NextAt != 40 || len(f.Header) != 48 || f.Proto != 17 {
		t.Errorf("%v %+v", ok, f)
	}
	for n := range p.Frame {
		cut := capture.Packet{Link: capture.LinkRaw, Frame: p.Frame[:n]}
		if g, ok := found(&cut); ok != (n >= 56) || ok && (g.Len != 16 || len(g.Data) != n-56) {
			t.Errorf("cut at %d: %v %+v", n, ok, g)
		}
	}
}

func TestWhatIsNoFragmentIsPassedOver(t *testing.T) {
	plain := whole4(t, 1, 20)
	short := bytes.Clone(piece4(t, 1, text(8), 0, 8, true).Frame)
	short[0] = 0x44 // a header of 16 bytes
	less := bytes.Clone(piece4(t, 1, text(8), 0, 8, true).Frame)
	less[2], less[3] = 0, 19 // a datagram below its header
	for name, p := range map[string]capture.Packet{
		"a whole datagram":    {Link: capture.LinkRaw, Frame: plain},
		"IPv6 unfragmented":   {Link: capture.LinkRaw, Frame: whole6(20)},
		"ARP":                 {Link: capture.LinkEthernet, Frame: append(make([]byte, 12), 8, 6, 0, 0, 0, 0)},
		"a header of 16":      {Link: capture.LinkRaw, Frame: short},
		"a total of 19":       {Link: capture.LinkRaw, Frame: less},
		"another link type":   {Link: 127, Frame: plain},
		"no frame":            {Link: capture.LinkEthernet},
		"nothing on loopback": {Link: capture.LinkNull, Frame: []byte{2, 0}},
		"not IP":              {Link: capture.LinkRaw, Frame: []byte{0x50, 1, 2, 3}},
	} {
		if f, ok := found(&p); ok {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestAtomicFragmentsStandAlone is RFC 6946: a fragment header on a datagram in
// one piece, whatever else waits under its identification.
func TestAtomicFragmentsStandAlone(t *testing.T) {
	tab := NewTable()
	add(t, tab, piece6(1, text(32), 0, 16, true))
	whole := piece6(1, text(32), 0, 32, false)
	if _, ok := found(whole); ok {
		t.Error("the decoder takes it for a datagram; it is no fragment")
	}
	header := whole.Frame[:48]
	got, ok := tab.Add(&Fragment{V6: true, ID: 1, Proto: capture.ProtoUDP, Header: header, NextAt: 40, Data: text(32), Len: 32,
		Src: [16]byte(header[8:24]), Dst: [16]byte(header[24:40])})
	if !ok || !bytes.Equal(got, whole6(32)) || tab.Len() != 1 {
		t.Errorf("%v % x", ok, got)
	}
}
