package rtp

import (
	"fmt"
	"testing"
)

func TestHeaders(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want Header
	}{
		{"G.711, the first of a talkspurt", append(unhex("80800102 000000a0 deadbeef"), make([]byte, 160)...),
			Header{Marker: true, Seq: 0x102, Timestamp: 160, SSRC: 0xdeadbeef, Offset: 12, Size: 160}},
		{"WhatsApp's with an extension", append(unhex("907800010000014012345678 debe0001 30a20000"), make([]byte, 20)...),
			Header{Type: 120, Seq: 1, Timestamp: 320, SSRC: 0x12345678, Extended: true, Extension: 0xdebe, Offset: 20, Size: 20}},
		{"two contributors and padding of 4", unhex("a2600001 00000001 00000002 00000003 00000004 aabbccdd 00000004"),
			Header{Type: 96, Seq: 1, Timestamp: 1, SSRC: 2, CSRCs: 2, Offset: 20, Size: 4, Padding: 4}},
		{"padding whose count SRTP hides", unhex("a0600001 00000001 00000002 aabbccdd 000000ff"),
			Header{Type: 96, Seq: 1, Timestamp: 1, SSRC: 2, Offset: 12, Size: 8}},
		{"no payload (RFC 6263 section 4.2)", unhex("80140001 00000001 00000002"), Header{Type: 20, Seq: 1, Timestamp: 1, SSRC: 2, Offset: 12}},
	} {
		var h Header
		if !Parse(tt.b, &h) || h != tt.want {
			t.Errorf("%s: %+v", tt.name, h)
		}
	}
}

func TestNoHeaders(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":                      nil,
		"eleven bytes":                 unhex("80600001 00000001 000000"),
		"version 1":                    unhex("40600001 00000001 00000002"),
		"RTCP, a sender report":        unhex("80c80006 00000001 00000002"),
		"RTCP's numbers, no marker":    unhex("80480006 00000001 00000002"),
		"contributors that do not fit": unhex("8f600001 00000001 00000002 00000003"),
		"an extension that does not":   unhex("90600001 00000001 00000002 bede0002 00000003"),
		"an extension without length":  unhex("90600001 00000001 00000002 bede"),
		"padding of nothing":           unhex("a0600001 00000001 00000002"),
		"a QUIC short header":          unhex("4f1122334455667788990011223344"),
		"a QUIC long header":           unhex("c00000000108aabbccddeeff00110000"),
		"WireGuard":                    unhex("04000000 28a3f1c2 01000000 00000000 aabbccdd"),
		"DHT":                          []byte("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"),
		"uTP":                          unhex("01001234 00001111 00002222 00100000 00010002"),
		"SIP":                          []byte("REGISTER sip:example.org SIP/2.0\r\n\r\n"),
		"Source engine":                unhex("ffffffff 54536f75726365"),
	} {
		h := Header{Seq: 7}
		if Parse(b, &h) || h != (Header{Seq: 7}) {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

func TestCutHeaders(t *testing.T) {
	var h Header
	b := unhex("b2600001 00000001 00000002 00000003 00000004 bede0001 11111111 22222222 00000001")
	if !ParseCut(b[:12], len(b), &h) || h.Seq != 1 || h.Extension != 0 {
		t.Errorf("%+v", h)
	}
	if !ParseCut(b[:24], len(b), &h) || h.Extension != 0xbede || h.Offset != 28 || h.Size != 8 || h.Padding != 0 {
		t.Errorf("%+v", h)
	}
	if ParseCut(b[:24], 27, &h) {
		t.Errorf("an extension beyond the datagram: %+v", h)
	}
}

func TestDemux(t *testing.T) {
	// The borders of RFC 7983 section 7.
	for first, want := range map[byte]Kind{0: STUN, 3: STUN, 4: Other, 15: Other, 16: ZRTP, 19: ZRTP, 20: DTLS, 63: DTLS, 64: TURNChannel,
		79: TURNChannel, 80: Other, 127: Other, 128: RTP, 191: RTP, 192: Other, 255: Other} {
		if got := Demux(first); got != want {
			t.Errorf("%d: %v, want %v", first, got, want)
		}
	}
	for s, want := range map[fmt.Stringer]string{ZRTP: "ZRTP", Kind(9): "invalid kind", Unknown: "unknown", Audio | Video: "audio and video", Media(9): "invalid media"} {
		if s.String() != want {
			t.Errorf("%q, want %q", s.String(), want)
		}
	}
}

func TestStaticTypes(t *testing.T) {
	// RFC 3551 tables 4 and 5.
	for typ, want := range map[uint8]Media{0: Audio, 1: Unknown, 2: Unknown, 3: Audio, 8: Audio, 9: Audio, 13: Audio, 18: Audio, 19: Unknown, 24: Unknown,
		25: Video, 26: Video, 27: Unknown, 28: Video, 30: Unknown, 31: Video, 32: Video, 33: Audio | Video, 34: Video, 35: Unknown, 96: Unknown, 127: Unknown} {
		if got := Static(typ); got != want {
			t.Errorf("%d: %v, want %v", typ, got, want)
		}
	}
}
