package stun

import (
	"bytes"
	"testing"

	"chokepoint/classify/wire"
)

func TestChannelData(t *testing.T) {
	for _, tt := range []struct {
		name    string
		b       []byte
		wireLen int
		ok      bool
		want    string
	}{
		{"a payload", []byte("\x40\x00\x00\x05hello"), 9, true, "hello"},
		{"padded, which UDP need not be", []byte("\x4f\xff\x00\x05hello\x00\x00\x00"), 12, true, "hello"},
		{"no payload", []byte("\x40\x00\x00\x00"), 4, true, ""},
		{"cut by the capture", []byte("\x40\x00\x00\x05he"), 9, true, "he"},
		{"a payload that does not fit", []byte("\x40\x00\x00\x06hello"), 9, false, ""},
		{"four bytes too many", []byte("\x40\x00\x00\x01hello"), 9, false, ""},
		{"a channel below", []byte("\x3f\xff\x00\x05hello"), 9, false, ""},
		{"a channel above", []byte("\x50\x00\x00\x05hello"), 9, false, ""},
		{"three bytes", []byte("\x40\x00\x00"), 3, false, ""},
	} {
		ch, p, ok := ChannelHead(tt.b, tt.wireLen)
		if ok != tt.ok || string(p) != tt.want || ok && ch != uint16(tt.b[0])<<8|uint16(tt.b[1]) {
			t.Errorf("%s: %#x %q %v", tt.name, ch, p, ok)
		}
		if tt.wireLen == len(tt.b) {
			if ch2, p2, ok2 := ChannelData(tt.b); ch2 != ch || !bytes.Equal(p2, p) || ok2 != ok {
				t.Errorf("%s: %#x %q %v without the length", tt.name, ch2, p2, ok2)
			}
		}
	}
}

func TestFrames(t *testing.T) {
	stream := append(append(bytes.Clone(sampleRequest), "\x40\x00\x00\x05hello\x00\x00\x00"...), whatsApp...)
	var sizes []int
	for rest := stream; len(rest) > 0; {
		n, s := Frame(rest)
		if s != wire.Done {
			t.Fatalf("%v after %d", s, sizes)
		}
		sizes, rest = append(sizes, n), rest[n:]
	}
	if len(sizes) != 3 || sizes[0] != 108 || sizes[1] != 12 || sizes[2] != len(whatsApp) {
		t.Errorf("sizes %d", sizes)
	}
	for name, b := range map[string][]byte{
		"TLS":                     {0x16, 3, 1, 0, 200, 1, 0, 0},
		"an SSH banner":           []byte("SSH-2.0-x"),
		"another cookie":          unhex("00010000 2112a441"),
		"channels given away":     []byte("\x50\x00\x00\x00"),
		"a first byte of 0x80":    {0x80},
		"a wrong cookie, cut off": unhex("00010000 22"),
	} {
		if n, s := Frame(b); s != wire.Alien || n != 0 {
			t.Errorf("%s: %d %v", name, n, s)
		}
	}
}

// TestATextMayLookLikeAChannel holds what the documentation warns of.
func TestATextMayLookLikeAChannel(t *testing.T) {
	if _, s := Frame([]byte("GET / HTTP/1.1\r\n\r\n")); s != wire.NeedMore {
		t.Errorf("GET, the channel 0x4745: %v", s)
	}
}

func TestFramedPackets(t *testing.T) {
	b := append([]byte{0, byte(len(sampleRequest))}, sampleRequest...)
	inner, n, s := Framed(append(bytes.Clone(b), 1))
	if s != wire.Done || n != len(b) || !bytes.Equal(inner, sampleRequest) {
		t.Errorf("%d %v % x", n, s, inner)
	}
	if inner, n, s := Framed([]byte{0, 0, 9}); s != wire.Done || n != 2 || len(inner) != 0 {
		t.Errorf("a null packet: %d %v % x", n, s, inner)
	}
	if _, _, s := Framed([]byte("\x00\x0c\x80\x00abcdefghij")); s != wire.Done {
		t.Errorf("RTP: %v", s)
	}
	for name, b := range map[string][]byte{
		"DNS over TCP":           unhex("0021 50ef0100 00010000 00000000"),
		"STUN without a frame":   sampleRequest,
		"STUN of another length": append([]byte{0, 112}, sampleRequest...),
		"STUN without a cookie":  unhex("0014 00010000 21" + "13"),
	} {
		if _, _, s := Framed(b); s != wire.Alien {
			t.Errorf("%s: %v", name, s)
		}
	}
}

func TestUnwrap(t *testing.T) {
	b := append(unhex("ff100074 00000000 00000000"), sampleRequest...)
	if inner, ok := Unwrap(b); !ok || !bytes.Equal(inner, sampleRequest) {
		t.Errorf("%v % x", ok, inner)
	}
	for name, b := range map[string][]byte{
		"another length": append(bytes.Clone(b), 0), "another type": append([]byte{0xff, 0x11}, b[2:]...), "the header cut": b[:11], "STUN": sampleRequest,
	} {
		if _, ok := Unwrap(b); ok {
			t.Errorf("%s was unwrapped", name)
		}
	}
}
