package main

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// frameOf builds an Ethernet frame with right checksums.
func frameOf(t *testing.T, src, dst string, transport gopacket.SerializableLayer, vlan bool) []byte {
	t.Helper()
	s, d := netip.MustParseAddr(src), netip.MustParseAddr(dst)
	eth := &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}
	var ip gopacket.SerializableLayer = &layers.IPv4{Version: 4, TTL: 64, SrcIP: s.AsSlice(), DstIP: d.AsSlice()}
	if s.Is6() {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, HopLimit: 64, SrcIP: s.AsSlice(), DstIP: d.AsSlice()}
	}
	proto := layers.IPProtocolTCP
	switch l := transport.(type) {
	case *layers.UDP:
		proto = layers.IPProtocolUDP
		l.SetNetworkLayerForChecksum(ip.(gopacket.NetworkLayer))
	case *layers.TCP:
		l.SetNetworkLayerForChecksum(ip.(gopacket.NetworkLayer))
	}
	if v4, ok := ip.(*layers.IPv4); ok {
		v4.Protocol = proto
	} else {
		ip.(*layers.IPv6).NextHeader = proto
	}
	all := []gopacket.SerializableLayer{eth, ip, transport, gopacket.Payload("hello")}
	if vlan {
		tag := &layers.Dot1Q{VLANIdentifier: 7, Type: eth.EthernetType}
		eth.EthernetType = layers.EthernetTypeDot1Q
		all = []gopacket.SerializableLayer{eth, tag, ip, transport, gopacket.Payload("hello")}
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestMoveClient(t *testing.T) {
	tcp := func(s, d int) *layers.TCP {
		return &layers.TCP{SrcPort: layers.TCPPort(s), DstPort: layers.TCPPort(d), SYN: true}
	}
	udp := func(s, d int) *layers.UDP { return &layers.UDP{SrcPort: layers.UDPPort(s), DstPort: layers.UDPPort(d)} }
	for _, c := range []struct {
		name                       string
		src, dst, wantSrc, wantDst string
		l4                         func() gopacket.SerializableLayer
		n                          uint16
		vlan                       bool
	}{
		{"the private side asks", "10.0.0.2", "192.0.2.1", "10.0.7.2", "192.0.2.1", func() gopacket.SerializableLayer { return tcp(5000, 443) }, 7, false},
		{"the private side is answered", "192.0.2.1", "10.0.0.2", "192.0.2.1", "10.0.7.2", func() gopacket.SerializableLayer { return tcp(443, 5000) }, 7, false},
		{"behind a VLAN tag", "192.0.2.1", "10.0.0.2", "192.0.2.1", "10.0.7.2", func() gopacket.SerializableLayer { return tcp(443, 5000) }, 7, true},
		{"many rounds", "10.0.0.2", "192.0.2.1", "10.1.2.2", "192.0.2.1", func() gopacket.SerializableLayer { return udp(5000, 53) }, 0x102, false},
		{"all private ranges become one", "192.168.1.2", "192.0.2.1", "10.168.6.2", "192.0.2.1", func() gopacket.SerializableLayer { return udp(5000, 53) }, 7, false},
		{"both public: the higher port asks", "192.0.2.9", "192.0.2.1", "192.0.3.9", "192.0.2.1", func() gopacket.SerializableLayer { return udp(5000, 53) }, 1, false},
		{"both public: the higher port is answered", "192.0.2.9", "192.0.2.1", "192.0.2.9", "192.0.3.1", func() gopacket.SerializableLayer { return udp(53, 5000) }, 1, false},
		{"IPv6", "fd00::2", "2001:db8::1", "fd00:0:0:3::2", "2001:db8::1", func() gopacket.SerializableLayer { return tcp(5000, 443) }, 3, false},
		{"the first round changes nothing", "10.0.0.2", "192.0.2.1", "10.0.0.2", "192.0.2.1", func() gopacket.SerializableLayer { return tcp(5000, 443) }, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := frameOf(t, c.src, c.dst, c.l4(), c.vlan)
			moveClient(got, c.n)
			// Built anew with the addresses wanted, checksums and all.
			if want := frameOf(t, c.wantSrc, c.wantDst, c.l4(), c.vlan); !bytes.Equal(got, want) {
				t.Errorf("got\n%x, want\n%x", got, want)
			}
		})
	}
}

func TestADatagramWithoutChecksumKeepsNone(t *testing.T) {
	f := frameOf(t, "10.0.0.2", "192.0.2.1", &layers.UDP{SrcPort: 5000, DstPort: 53}, false)
	f[40], f[41] = 0, 0
	moveClient(f, 9)
	if f[28] != 9 || f[40] != 0 || f[41] != 0 {
		t.Errorf("% x", f)
	}
}

func FuzzMoveClient(f *testing.F) {
	f.Add([]byte("............\x08\x00E..............."), uint16(1))
	f.Add(append(make([]byte, 12), 0x81, 0, 0, 1, 0x86, 0xdd, 0x60), uint16(77))
	f.Fuzz(func(t *testing.T, frame []byte, n uint16) {
		was := bytes.Clone(frame)
		moveClient(frame, n)
		changed := 0
		for i := range frame {
			if frame[i] != was[i] {
				changed++
			}
		}
		if changed > 7 { // three bytes of an address and at most two checksums
			t.Errorf("%d bytes changed", changed)
		}
	})
}
