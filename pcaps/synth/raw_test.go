package synth

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"chokepoint/capture"
)

// network is an IP header of either version.
type network interface {
	gopacket.SerializableLayer
	gopacket.NetworkLayer
}

// odd is a segment as no host here sends it: two reserved bits, an unknown option,
// an urgent pointer, payload in a reset.
func odd(t *testing.T, six bool) []byte {
	t.Helper()
	src, dst := netip.MustParseAddr("157.240.205.60"), netip.MustParseAddr("203.0.113.77")
	var ip network = &layers.IPv4{Version: 4, IHL: 5, TOS: 0x28, TTL: 149, Id: 1, Protocol: layers.IPProtocolTCP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	kind := layers.EthernetTypeIPv4
	if six {
		src, dst = netip.MustParseAddr("2a03:2880::1"), netip.MustParseAddr("2001:db8:1::23")
		ip = &layers.IPv6{Version: 6, TrafficClass: 0x28, FlowLabel: 0x12345, HopLimit: 149, NextHeader: layers.IPProtocolTCP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
		kind = layers.EthernetTypeIPv6
	}
	tcp := &layers.TCP{SrcPort: 443, DstPort: 40000, Seq: 7, Ack: 9, Window: 4229, RST: true, ACK: true, NS: true, ECE: true, URG: true, Urgent: 3,
		Options: []layers.TCPOption{{OptionType: 77, OptionLength: 4, OptionData: []byte{1, 2}}}}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: macNear, DstMAC: macFar, EthernetType: kind}, ip, tcp, gopacket.Payload("\x01\x02\x03\x04\x05\x06\x07\x08\x09"))
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestFramesStayWhatTheyAre(t *testing.T) {
	for _, six := range []bool{false, true} {
		f := odd(t, six)
		p, err := Parse(Down, bytes.Clone(f))
		if err != nil {
			t.Fatal(err)
		}
		if p.broken || p.Seq != 7 || p.Window != 4229 || p.Flags&capture.NS == 0 || p.IPLen() != len(f)-ethernetLen {
			t.Errorf("%+v", p)
		}
		if got, err := p.Frame(true); err != nil || !bytes.Equal(got, f) {
			t.Errorf("%x, was %x, %v", got, f, err)
		}
		p.TTL -= 9
		aged, err := p.Frame(false)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(Down, aged)
		if err != nil || again.TTL != 140 || again.broken || !bytes.Equal(again.raw[len(again.raw)-40:], f[len(f)-40:]) {
			t.Errorf("%+v, %v", again, err)
		}
	}
}

func TestTranslationMendsChecksums(t *testing.T) {
	p, err := Parse(Down, odd(t, false))
	if err != nil {
		t.Fatal(err)
	}
	p.Dst = netip.AddrPortFrom(near, 40000)
	f, err := p.Frame(false)
	if err != nil {
		t.Fatal(err)
	}
	if q, err := Parse(Down, f); err != nil || q.broken || q.Dst.Addr() != near {
		t.Errorf("%+v, %v", q, err)
	}
}

// Wrong checksums stay wrong, and hosts do not take what has one.
func TestBrokenPacketsAreNotTaken(t *testing.T) {
	good := odd(t, false)
	for name, at := range map[string]int{"header": ethernetLen + 10, "segment": ethernetLen + 20 + 17, "payload": len(good) - 1} {
		f := bytes.Clone(good)
		f[at] ^= 0x10
		p, err := Parse(Down, f)
		if err != nil {
			t.Fatal(err)
		}
		p.TTL -= 3
		out, err := p.Frame(true)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := Parse(Down, out); err != nil || !q.broken || !p.broken {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(Up, []byte("no frame")); err == nil {
		t.Error("nonsense was parsed")
	}
	if _, err := Parse(Up, good[:40]); err == nil {
		t.Error("half a packet was parsed")
	}
}
