package rtp

import (
	"bytes"
	"testing"
)

var (
	senderReport = unhex(`81c8000c 11111111 e0000000 80000000 000003e8 00000064 00003e80
		22222222 40fffffe 00010005 00000020 aaaabbbb 00010000`)
	description = unhex("81ca0003 11111111 01026162 00000000")
	feedback    = unhex("8fcd0003 11111111 22222222 aabbccdd")
	goodbye     = unhex("81cb0001 11111111")
)

func TestCompound(t *testing.T) {
	var r RTCP
	if !ParseRTCP(bytes.Join([][]byte{senderReport, description, goodbye}, nil), &r) {
		t.Fatal("refused")
	}
	if r.Kinds != SR|SDES|BYE || r.Packets != 3 || r.SSRC != 0x11111111 || r.Secured || r.NTP != 0xe000000080000000 || r.RTPTime != 1000 || r.Sent != 100 || r.Octets != 16000 {
		t.Errorf("%+v", r)
	}
	want := Block{SSRC: 0x22222222, Fraction: 64, Lost: -2, Highest: 0x10005, Jitter: 32, LastSR: 0xaaaabbbb, Delay: 0x10000}
	if r.NBlocks != 1 || r.Blocks[0] != want {
		t.Errorf("%+v", r.Blocks[0])
	}
}

func TestReports(t *testing.T) {
	srtcp := append(bytes.Clone(senderReport[:8]), bytes.Repeat([]byte{0x5a}, len(senderReport)-8+14)...)
	many := append(unhex("8ac9003d 11111111"), make([]byte, 240)...)
	for _, tt := range []struct {
		name string
		b    []byte
		ok   func(r *RTCP) bool
	}{
		{"feedback alone (RFC 5506)", feedback, func(r *RTCP) bool { return r.Kinds == RTPFB && r.Packets == 1 && !r.Secured }},
		{"a receiver's report of ten", many, func(r *RTCP) bool { return r.Kinds == RR && r.NBlocks == MaxBlocks && r.MoreBlocks == 2 }},
		{"padding on the last", append(bytes.Clone(goodbye), unhex("a1cb0002 11111111 00000004")...), func(r *RTCP) bool { return r.Kinds == BYE && r.Packets == 2 }},
		{"an empty goodbye behind a report", append(unhex("80c90001 11111111"), unhex("80cb0000")...), func(r *RTCP) bool { return r.Kinds == RR|BYE && r.Packets == 2 }},
		{"WhatsApp's own", unhex("80d10002 11111111 22222222"), func(r *RTCP) bool { return r.Kinds == OtherKind }},
		{"SRTCP shows its first 8 bytes", srtcp, func(r *RTCP) bool {
			return r.Secured && r.Kinds == SR && r.SSRC == 0x11111111 && r.NBlocks == 0 && r.Sent == 0 && r.Packets == 1
		}},
	} {
		var r RTCP
		if !ParseRTCP(tt.b, &r) || !tt.ok(&r) {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
}

func TestNoReports(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":                         nil,
		"seven bytes":                     goodbye[:7],
		"RTP":                             unhex("80600001 00000001 00000002"),
		"version 1":                       append([]byte{0x41}, goodbye[1:]...),
		"a type below":                    append([]byte{0x81, 199}, goodbye[2:]...),
		"a type above":                    append([]byte{0x81, 214}, goodbye[2:]...),
		"a length beyond the end":         unhex("81cb0002 11111111"),
		"blocks that do not fit":          append([]byte{0x82}, senderReport[1:]...),
		"feedback without a source":       unhex("8fcd0001 11111111"),
		"a few bytes behind":              append(bytes.Clone(goodbye), make([]byte, 11)...),
		"padding that is not the last's":  append(unhex("a1cb0002 11111111 00000004"), goodbye...),
		"padding of more than the packet": unhex("a1cb0002 11111111 00000010"),
	} {
		var r RTCP
		if ParseRTCP(b, &r) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
