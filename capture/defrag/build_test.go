package defrag

import (
	"encoding/binary"
	"net"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Numbers the builders write (RFC 8200 section 4.1, IEEE 802 numbers registry).
const (
	hopByHop    = 0
	routing     = 43
	fragmentHdr = 44
	destOptions = 60
	etherIPv4   = 0x0800
	etherVLAN   = 0x8100
	etherIPv6   = 0x86dd
)

var fix = gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}

// serialize builds bytes from layers.
func serialize(t testing.TB, l ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, fix, l...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// text is n bytes that tell where they are from.
func text(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func header4(id uint16) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 52, Protocol: layers.IPProtocolUDP, Id: id, SrcIP: net.IP{192, 0, 2, 1}, DstIP: net.IP{198, 51, 100, 2}}
}

// whole4 is an IPv4 datagram with n bytes of data.
func whole4(t testing.TB, id uint16, n int) []byte {
	return serialize(t, header4(id), gopacket.Payload(text(n)))
}

// piece4 is the packet of a fragment of data[from:to].
func piece4(t testing.TB, id uint16, data []byte, from, to int, more bool) *capture.Packet {
	ip := header4(id)
	ip.FragOffset = uint16(from / 8)
	if more {
		ip.Flags = layers.IPv4MoreFragments
	}
	return &capture.Packet{Link: capture.LinkRaw, Frame: serialize(t, ip, gopacket.Payload(data[from:to]))}
}

// header6 is an IPv6 header with destination options, and where they announce
// what follows.
func header6(payload int, next byte) (b []byte, nextAt int) {
	b = make([]byte, 48)
	b[0], b[6], b[7] = 0x60, destOptions, 52
	binary.BigEndian.PutUint16(b[4:], uint16(payload+8))
	copy(b[8:], net.ParseIP("2001:db8::1"))
	copy(b[24:], net.ParseIP("2001:db8::2"))
	b[40], b[42], b[43] = next, 1, 4 // PadN
	return b, 40
}

func whole6(n int) []byte {
	b, _ := header6(n, capture.ProtoUDP)
	return append(b, text(n)...)
}

func piece6(id uint32, data []byte, from, to int, more bool) *capture.Packet {
	b, _ := header6(8+to-from, fragmentHdr)
	place := uint16(from)
	if more {
		place |= 1
	}
	b = append(b, capture.ProtoUDP, 0)
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, place), id)
	return &capture.Packet{Link: capture.LinkIPv6, Frame: append(b, data[from:to]...)}
}

// add finds the fragment in a packet and adds it.
func add(t testing.TB, tab *Table, p *capture.Packet) ([]byte, bool) {
	t.Helper()
	f, ok := found(p)
	if !ok {
		t.Fatalf("no fragment found in % x", p.Frame)
	}
	return tab.Add(&f)
}

// permutations calls fn with every order of n things.
func permutations(n int, fn func(order []int)) {
	order := make([]int, 0, n)
	used := make([]bool, n)
	var next func()
	next = func() {
		if len(order) == n {
			fn(order)
			return
		}
		for i := range n {
			if !used[i] {
				used[i], order = true, append(order, i)
				next()
				used[i], order = false, order[:len(order)-1]
			}
		}
	}
	next()
}

// found decodes a packet and finds the fragment in it.
func found(p *capture.Packet) (Fragment, bool) {
	var d decode.Decoder
	d.Decode(p)
	return Of(p)
}
