package stun

import (
	"encoding/binary"

	"chokepoint/classify/wire"
)

// Channel numbers a client may bind (RFC 8656 section 12). RFC 5766 had them up
// to 0x7ffe; RFC 7983 section 5 gave the upper ones away.
const (
	MinChannel = 0x4000
	MaxChannel = 0x4fff
)

// channelHeader is a number and a length (RFC 8656 section 12.4).
const channelHeader = 4

// ChannelData takes the payload out of the ChannelData message that is a whole
// captured datagram. Sixteen bits of length agree with the datagram, four of the
// channel are fixed: alone that is no proof, one has seen the relay before.
func ChannelData(b []byte) (channel uint16, payload []byte, ok bool) {
	return ChannelHead(b, len(b))
}

// ChannelHead is [ChannelData] for a datagram of wireLen bytes of which b was
// captured; so is the payload.
func ChannelHead(b []byte, wireLen int) (channel uint16, payload []byte, ok bool) {
	if len(b) < channelHeader {
		return 0, nil, false
	}
	channel = binary.BigEndian.Uint16(b)
	size := int(binary.BigEndian.Uint16(b[2:]))
	// Padding is not needed over UDP but allowed (RFC 8656 section 12.5).
	spare := max(wireLen, len(b)) - channelHeader - size
	if channel < MinChannel || channel > MaxChannel || spare < 0 || spare > 3 {
		return 0, nil, false
	}
	end := min(len(b), channelHeader+size)
	return channel, b[channelHeader:end:end], true
}

// Frame returns the length of the message or ChannelData message a stream of
// STUN or TURN over TCP begins with, padding counted (RFC 8489 section 6.2.2,
// RFC 8656 section 12.5). Done: all n bytes are there. Alien: neither of them.
// A stream that begins with ChannelData is not proven to be TURN, and is not: a
// client asks for a relay first. "GET " is a channel, too.
func Frame(stream []byte) (n int, s wire.Status) {
	if len(stream) > 0 && stream[0]&0xc0 != 0 && stream[0]&0xf0 != MinChannel>>8 {
		return 0, wire.Alien
	}
	if len(stream) < channelHeader {
		return 0, wire.NeedMore
	}
	size := int(binary.BigEndian.Uint16(stream[2:]))
	if stream[0]&0xc0 == 0 {
		if !magicSoFar(stream) {
			return 0, wire.Alien
		}
		n = HeaderLen + size
	} else {
		n = channelHeader + (size+3)&^3
	}
	if len(stream) < n {
		return 0, wire.NeedMore
	}
	return n, wire.Done
}

// magicSoFar reports whether as much of the cookie as is there is right.
func magicSoFar(b []byte) bool {
	for i := 4; i < min(len(b), 8); i++ {
		if b[i] != byte(uint32(Magic)>>(8*(7-i))) {
			return false
		}
	}
	return true
}

// Framed takes the first packet out of a stream of packets with a length of 16
// bits before each (RFC 4571 section 2), as ICE over TCP has them (RFC 6544
// section 3). n counts the length too. Alien: the packet is not of a kind such a
// stream carries (RFC 7983 section 7), or begins like STUN and is not. The
// framing is proven by a packet that is STUN, by others it is not.
func Framed(stream []byte) (inner []byte, n int, s wire.Status) {
	if len(stream) < 2 {
		return nil, 0, wire.NeedMore
	}
	n = 2 + int(binary.BigEndian.Uint16(stream))
	if !framable(stream[2:min(len(stream), n)], n-2) {
		return nil, 0, wire.Alien
	}
	if len(stream) < n {
		return nil, 0, wire.NeedMore
	}
	return stream[2:n:n], n, wire.Done
}

// framable judges a packet of n bytes by those of them that are there.
func framable(b []byte, n int) bool {
	if len(b) == 0 {
		return true // a null packet, or not there yet
	}
	switch c := b[0]; {
	case c <= 3:
		if n < HeaderLen || len(b) >= 4 && int(binary.BigEndian.Uint16(b[2:])) != n-HeaderLen {
			return false
		}
		return magicSoFar(b)
	case c >= 16 && c <= 79, c >= 128 && c <= 191:
		return true
	}
	return false
}

// Microsoft's multiplexed TURN header (nDPI stun.c): a fixed type, the length of
// what follows the first 4 bytes, and 8 bytes more.
const (
	multiplexType   = 0xff10
	multiplexHeader = 12
)

// Unwrap takes the message out of Microsoft's multiplexed TURN header. It has no
// proof of its own but the type and length: what comes out must be parsed.
func Unwrap(b []byte) (inner []byte, ok bool) {
	if len(b) < multiplexHeader || binary.BigEndian.Uint16(b) != multiplexType || int(binary.BigEndian.Uint16(b[2:])) != len(b)-4 {
		return nil, false
	}
	return b[multiplexHeader:], true
}
