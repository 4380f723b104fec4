package decode

import (
	"encoding/binary"
	"strings"
	"testing"

	"chokepoint/capture"
)

// FuzzDecode holds any bytes under any link type to the laws, and decoding to
// depend on nothing but the bytes.
func FuzzDecode(f *testing.F) {
	for name, frame := range samples() {
		f.Add(uint16(sampleLink(name)), uint32(len(frame)), frame)
	}
	f.Fuzz(func(t *testing.T, link uint16, wire uint32, frame []byte) {
		d := Decoder{Seed: 42}
		p := fresh(capture.LinkType(link), frame)
		p.WireLen = wire
		d.Decode(&p)
		checkLaws(t, &p)
		q := capture.Packet{Num: p.Num, Time: p.Time, If: p.If, Link: p.Link, Frame: frame, WireLen: wire}
		d.Decode(&q)
		if !same(p, q) {
			t.Fatalf("stale values came through\nused  %+v\nfresh %+v", seen(p), seen(q))
		}
		d.DecodeIP(&q, frame)
		if q.Has&(capture.Decoded|capture.Reassembled) != capture.Decoded|capture.Reassembled || len(q.Payload) > int(q.PayloadLen) {
			t.Fatalf("reassembled: Has %#x, payload %d of %d", q.Has, len(q.Payload), q.PayloadLen)
		}
	})
}

// FuzzPlainTCPAgreesWithGopacket compares over Ethernet, IPv4 and TCP with
// options, where the two must agree unless an exception says why not.
func FuzzPlainTCPAgreesWithGopacket(f *testing.F) {
	f.Add([]byte{}, tcpHeader(SYN, synOptions), uint8(0))
	f.Add([]byte{1, 1, 1, 0}, tcpHeader(ACK, tsOption), uint8(3))
	f.Add([]byte{}, tcpHeader(ACK, []byte{1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2}), uint8(1))
	f.Fuzz(func(t *testing.T, options, segment []byte, padding uint8) {
		options = options[:min(len(options), 40)/4*4]
		if len(options)+len(segment) > 0xffff-ipv4MinLen {
			return
		}
		frame := join(ether4(ip4opt(6, client4, server4, options, 0x4000, segment)), make([]byte, padding%64))
		p, _ := decoded(capture.LinkEthernet, frame)
		checkLaws(t, &p)
		c := compare(capture.LinkEthernet, frame, &p)
		if c.field != "" && c.exception() < 0 && !optionsDisputed(c) {
			t.Fatalf("%s differs\nours   %+v\ntheirs %+v\n%s %s\n%x", c.field, c.a, c.b, c.layers, c.fault, frame)
		}
	})
}

// optionsDisputed allows for what only fuzzed options hold: gopacket reads what
// follows an option of a wrong length, so does this package, but where an
// option is cut gopacket drops the whole payload with it.
func optionsDisputed(c *dispute) bool {
	return c.p.Has&capture.BadOpts != 0 && strings.Contains(c.fault, "TCP option") &&
		binary.BigEndian.Uint16(c.frame[12:]) == etherIPv4
}
