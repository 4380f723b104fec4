package im

import (
	"bytes"
	"encoding/binary"
)

// Zoom's datagrams (Michel et al., "Enabling passive measurement of Zoom
// performance", IMC 2022, and its zoom-analysis; nDPI zoom.c). Types of the first
// byte: 1 and 2 open a connection, 3 and 4 keep it alive, 5 is media to and from a
// server, 1f opens a connection between two clients.
const (
	zoomOpen, zoomOpened = 1, 2
	zoomPing, zoomPong   = 3, 4
	zoomMedia            = 5
	zoomPeer             = 0x1f
	zoomID               = 16 // bytes at 3 that an answer to an opening repeats
	zoomStamp            = 12 // bytes at 1 that an answer to a ping repeats
	zoomSFU              = 8  // head before media
	zoomPeerHead         = 24
)

// ZoomEcho reports whether b answers other, a datagram of the opposite direction,
// as Zoom's servers and clients answer an opening or a ping: the type one higher, the
// same bytes behind it. Strong, 96 bits, as measured over all captured
// connections to port 8801; nDPI believes three bytes on that port.
func ZoomEcho(b, other []byte) bool {
	if len(b) < 3+zoomID || len(other) < 3+zoomID {
		return pong(b, other)
	}
	if b[0] == zoomOpened && other[0] == zoomOpen && b[1] == 0 && other[1] == 0 && b[2] <= 3 && other[2] <= 3 {
		return varied(b[3:3+zoomID]) && bytes.Equal(b[3:3+zoomID], other[3:3+zoomID])
	}
	return pong(b, other)
}

func pong(b, other []byte) bool {
	if len(b) < 1+zoomStamp || len(other) < 1+zoomStamp || b[0] != zoomPong || other[0] != zoomPing {
		return false
	}
	stamp := b[1 : 1+zoomStamp]
	return varied(stamp) && bytes.Equal(stamp, other[1:1+zoomStamp])
}

// ZoomPeer reports whether b opens a connection between two clients: a head of
// 24, an address as text and an identifier, each behind its u32 length, and four
// zeros, which together are the datagram. Strong, 100 bits.
func ZoomPeer(b []byte, wireLen int) bool {
	if len(b) < zoomPeerHead+4 || len(b) != wireLen || b[0] != zoomPeer || b[1] != 2 || b[2] != 1 {
		return false
	}
	address, rest, ok := lengthValue(b[zoomPeerHead:])
	if !ok || len(address) < len("::1") {
		return false
	}
	for _, c := range address {
		if !addressByte(c) {
			return false
		}
	}
	_, rest, ok = lengthValue(rest)
	return ok && len(rest) == 4 && zero(rest)
}

// lengthValue cuts a value off b that a u32 length stands before.
func lengthValue(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.BigEndian.Uint32(b)
	if int64(n) > int64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// ZoomMedia reports whether b is audio or video to or from a Zoom server: type 5, a
// direction of 0 or 4, the media type, and RTP (RFC 3550) where that has it. Weak,
// 25 bits: require port 8801 to 8810 or a prefix of Zoom's.
func ZoomMedia(b []byte, wireLen int) bool {
	if len(b) < zoomSFU+zoomPeerHead+2 || wireLen < len(b) || b[0] != zoomMedia || b[7] != 0 && b[7] != 4 {
		return false
	}
	rtp := zoomSFU
	switch b[zoomSFU] {
	case 15: // audio
		rtp += 19
	case 16: // video; 02 at 20 says that a frame number stands before
		if rtp += 20; b[zoomSFU+20] == 2 {
			rtp += 4
		}
	default:
		return false
	}
	return b[rtp]>>6 == 2
}

// varied keeps fillings and empty fields from being taken for an identifier.
func varied(b []byte) bool {
	n := 0
	for i, c := range b {
		if bytes.IndexByte(b[:i], c) < 0 {
			n++
		}
	}
	return n >= 5
}
