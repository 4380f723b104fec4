package craft

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"chokepoint/capture"
)

var families = [][2]netip.Addr{
	{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.7")},
	{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8:7::7")},
}

// drawn is a header with odd values in it, and a payload of any length.
func drawn(r *rand.Rand) (IP, []byte) {
	ends := families[r.IntN(2)]
	payload := make([]byte, r.IntN(40))
	for i := range payload {
		payload[i] = byte(r.Uint32())
	}
	return IP{Src: ends[0], Dst: ends[1], TTL: uint8(r.Uint32()), TOS: uint8(r.Uint32()), ID: uint16(r.Uint32()), DF: r.IntN(2) == 0}, payload
}

// header is the same for gopacket.
func (h *IP) header(proto uint8) (ip gopacket.NetworkLayer) {
	if h.Dst.Is6() {
		return &layers.IPv6{Version: 6, HopLimit: h.TTL, TrafficClass: h.TOS, NextHeader: layers.IPProtocol(proto), SrcIP: h.Src.AsSlice(), DstIP: h.Dst.AsSlice()}
	}
	v4 := &layers.IPv4{Version: 4, TTL: h.TTL, TOS: h.TOS, Id: h.ID, Protocol: layers.IPProtocol(proto), SrcIP: h.Src.AsSlice(), DstIP: h.Dst.AsSlice()}
	if h.DF {
		v4.Flags = layers.IPv4DontFragment
	}
	return v4
}

// same fails unless a packet is what gopacket writes.
func same(t *testing.T, got []byte, err error, rows ...any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	buf := gopacket.NewSerializeBuffer()
	var ls []gopacket.SerializableLayer
	for _, row := range rows {
		ls = append(ls, row.(gopacket.SerializableLayer))
	}
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, buf.Bytes()) {
		t.Fatalf("\n%x, gopacket has\n%x", got, buf.Bytes())
	}
}

func TestSegmentsAreGopackets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		h, payload := drawn(r)
		flags, mss := uint16(r.Uint32()&0x1ff), []byte{byte(r.Uint32()), byte(r.Uint32())}
		own := TCP{Src: uint16(r.Uint32()), Dst: uint16(r.Uint32()), Seq: r.Uint32(), Ack: r.Uint32(), Window: uint16(r.Uint32()), Flags: flags}
		theirs := &layers.TCP{SrcPort: layers.TCPPort(own.Src), DstPort: layers.TCPPort(own.Dst), Seq: own.Seq, Ack: own.Ack, Window: own.Window,
			FIN: flags&capture.FIN != 0, SYN: flags&capture.SYN != 0, RST: flags&capture.RST != 0, PSH: flags&capture.PSH != 0, ACK: flags&capture.ACK != 0,
			URG: flags&capture.URG != 0, ECE: flags&capture.ECE != 0, CWR: flags&capture.CWR != 0, NS: flags&capture.NS != 0}
		for i := range r.IntN(4) { // the last of five bytes, which are padded
			theirs.Options = append(theirs.Options, layers.TCPOption{OptionType: 2, OptionData: mss})
			own.Options = append(own.Options, 2, 4, mss[0], mss[1])
			if i == 2 {
				theirs.Options = append(theirs.Options, layers.TCPOption{OptionType: 1})
				own.Options = append(own.Options, 1)
			}
		}
		ip := h.header(capture.ProtoTCP)
		if err := theirs.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		got, err := h.TCP(&own, payload)
		same(t, got, err, ip, theirs, gopacket.Payload(payload))
		sealsAgain(t, got)
	}
}

// sealsAgain: lengths and checksums that are spoilt come back, and nothing else moves.
func sealsAgain(t *testing.T, packet []byte) {
	t.Helper()
	at, end := TCPHeader(packet)
	if at == 0 || end < at+tcpLen || end > len(packet) {
		t.Fatalf("header at %d to %d of %x", at, end, packet)
	}
	b := bytes.Clone(packet)
	b[at+16] ^= 0x55
	if at == ipv4Len {
		b[3]++
		b[11]++
	} else {
		b[5]++
	}
	if Seal(b, at); !bytes.Equal(b, packet) {
		t.Fatalf("\n%x, it was\n%x", b, packet)
	}
}

func TestDatagramsAndErrorsAreGopackets(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		h, payload := drawn(r)
		udp := &layers.UDP{SrcPort: layers.UDPPort(r.Uint32()), DstPort: layers.UDPPort(r.Uint32())}
		ip := h.header(capture.ProtoUDP)
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		got, err := h.UDP(uint16(udp.SrcPort), uint16(udp.DstPort), payload)
		same(t, got, err, ip, udp, gopacket.Payload(payload))

		got, err = h.Packet(capture.ProtoESP, payload)
		same(t, got, err, h.header(capture.ProtoESP), gopacket.Payload(payload))

		got, err = h.Complain(3, 1, payload)
		if h.Dst.Is4() {
			same(t, got, err, h.header(capture.ProtoICMP), &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(3, 1)}, gopacket.Payload(payload))
			continue
		}
		icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(3, 1)}
		ip = h.header(capture.ProtoICMPv6)
		if err := icmp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		same(t, got, err, ip, icmp, gopacket.Payload(make([]byte, 4)), gopacket.Payload(payload))
	}
}

// A checksum of zero would say that none was computed (RFC 768); gopacket writes it.
func TestADatagramWhoseChecksumIsZeroSaysAllOnes(t *testing.T) {
	h := IP{Src: families[0][0], Dst: families[0][1]}
	with := func(word uint16) uint16 {
		b, err := h.UDP(1, 2, binary.BigEndian.AppendUint16(nil, word))
		if err != nil {
			t.Fatal(err)
		}
		return binary.BigEndian.Uint16(b[ipv4Len+6:])
	}
	if got := with(with(0)); got != 0xffff {
		t.Errorf("%#x", got)
	}
}

func TestWhatNoHeaderCanSayIsRefused(t *testing.T) {
	four, six := families[0], families[1]
	for name, c := range map[string]struct {
		ip      IP
		n, opts int
		ok      bool
	}{
		"the longest IPv4 packet":      {IP{Src: four[0], Dst: four[1]}, 65535 - 40, 0, true},
		"a longer one":                 {IP{Src: four[0], Dst: four[1]}, 65535 - 39, 0, false},
		"the longest IPv6 packet":      {IP{Src: six[0], Dst: six[1]}, 65535 - 20, 0, true},
		"a jumbogram":                  {IP{Src: six[0], Dst: six[1]}, 65535 - 19, 0, false},
		"addresses of two versions":    {IP{Src: four[0], Dst: six[1]}, 0, 0, false},
		"no addresses":                 {IP{}, 0, 0, false},
		"as many options as there are": {IP{Src: four[0], Dst: four[1]}, 0, 40, true},
		"one more":                     {IP{Src: four[0], Dst: four[1]}, 0, 41, false},
	} {
		b, err := c.ip.TCP(&TCP{Options: make([]byte, c.opts)}, make([]byte, c.n))
		if (err == nil) != c.ok || (b != nil) != c.ok {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
		if c.opts == 0 {
			if _, err = c.ip.UDP(1, 2, make([]byte, c.n+12)); (err == nil) != c.ok {
				t.Errorf("%s, a datagram: %v", name, err)
			}
			if _, err = c.ip.Complain(1, 2, make([]byte, c.n+12)); (err == nil) != c.ok {
				t.Errorf("%s, an error: %v", name, err)
			}
		}
	}
}

func TestWhereThereIsNoTCPHeader(t *testing.T) {
	segment := func(family int) []byte {
		h := IP{Src: families[family][0], Dst: families[family][1]}
		b, err := h.TCP(&TCP{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		b     []byte
		at, v int // a byte of it, and what it is
	}{
		"nothing":                    {nil, -1, 0},
		"another protocol":           {segment(0), 9, capture.ProtoUDP},
		"an extension header":        {segment(1), 6, 0},
		"the first fragment":         {segment(0), 6, 0x20},
		"a later fragment":           {segment(0), 7, 1},
		"no version of IP":           {segment(0), 0, 0x55},
		"an IP header too short":     {segment(0), 0, 0x44},
		"an IP header too long":      {segment(0), 0, 0x4f},
		"a TCP header too short":     {segment(0), 32, 0x40},
		"a TCP header too long":      {segment(0), 32, 0x60},
		"half a TCP header":          {segment(0)[:39], -1, 0},
		"half a TCP header, IPv6":    {segment(1)[:59], -1, 0},
		"not even a whole IP header": {segment(1)[:39], -1, 0},
	} {
		if c.at >= 0 {
			c.b[c.at] = byte(c.v)
		}
		if at, end := TCPHeader(c.b); at != 0 || end != 0 {
			t.Errorf("%s: %d to %d", name, at, end)
		}
	}
}
