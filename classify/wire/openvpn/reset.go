package openvpn

import (
	"bytes"
	"encoding/binary"
)

// Side is who sends a reset.
type Side uint8

// The sides.
const (
	Neither Side = iota
	Client
	Server
)

// String returns the side in lower case.
func (s Side) String() string {
	switch s {
	case Neither:
		return "neither"
	case Client:
		return "client"
	case Server:
		return "server"
	}
	return "invalid side"
}

// Opcodes, the upper five bits of the first byte; the lower three are the key
// id, 0 in a hard reset (wire protocol, "Packet opcodes"). V1 resets are those
// of key method 1, which version 2.5 dropped.
const (
	clientResetV1 = 1
	serverResetV1 = 2
	dataV1        = 6
	clientResetV2 = 7
	serverResetV2 = 8
	dataV2        = 9
	clientResetV3 = 10 // with a wrapped client key, --tls-crypt-v2
)

// Sizes in a control packet, bytes.
const (
	sessionLen = 8
	headLen    = 1 + sessionLen // opcode, the sender's session id
	replayLen  = 4 + 4          // packet id of the wrapping, time of its first packet, s since 1970
	ackLen     = 4
	messageLen = 4 // packet id of the message
	// A client acknowledges nothing yet: no acks, message id.
	clientTail = 1 + messageLen
	// A server acknowledges the client's reset: one ack, the client's session
	// id, message id.
	serverTail = 1 + ackLen + sessionLen + messageLen
	cryptTag   = 32 // HMAC-SHA256 (tls_crypt.h)
	// resendKey is what a server without state appends to ask for the client's
	// key again: type, length, flags ("Early negotiation").
	resendKey = 2 + 2 + 2
)

// authTags are the sizes of the HMAC in --tls-auth, as --auth chooses the
// digest: SHA1, SHA256, SHA512, SHA384, MD5.
var authTags = [...]int{20, 32, 64, 48, 16}

// Bounds of a wrapped client key with its length field behind it: tag, key and
// length at least, and what OpenVPN accepts at most (tls_crypt.h). With it no
// reset is as long as the datagrams that begin QUIC, 1200 bytes and more (RFC
// 9000 section 14.1), whose first byte may look like an opcode.
const (
	minWrappedKey = cryptTag + 256 + 2
	maxWrappedKey = 1024
)

// maxReplay bounds the packet id of the wrapping of a reset: it counts up from 1
// with every repetition.
const maxReplay = 255

// earlyNegotiation is the top byte of that packet id when the client can do
// without state in the server (ssl_pkt.h, EARLY_NEG_START).
const earlyNegotiation = 0x0f

// maxZeros bounds the zero bytes in a session id. It is random, so three of them
// are there once in 300,000 sessions; the header of a DNS query, which may pass
// for an encrypted reset otherwise, has more.
const maxZeros = 2

// minTime is the earliest time believed in a wrapping, s since 1970 (2004).
const minTime = 1 << 30

// wrapping is how a control packet is protected.
type wrapping uint8

const (
	plain     wrapping = iota
	tlsAuth            // an HMAC before the rest
	tlsCrypt           // an HMAC, the rest is encrypted
	tlsCrypt2          // with the client's key behind it
)

// reset is a hard reset. Ids are those of sessions.
type reset struct {
	side   Side
	wrap   wrapping
	tag    int // bytes of the HMAC
	id     uint64
	remote uint64 // whom it acknowledges, of a server that does so in the clear
	time   uint32 // of the wrapping
}

// Reset returns who sends the hard reset in a datagram of wireLen bytes, of
// which b was captured; a TCP stream has a length before it, see [TCP]. It is
// false for anything else, and when too little was captured to check every field
// that is not random. From a client it is a hint, no more.
func Reset(b []byte, wireLen int) (Side, bool) {
	r, ok := parse(b, max(wireLen, len(b)))
	if !ok {
		return Neither, false
	}
	return r.side, true
}

// TCP returns who sends the hard reset that a stream begins with, of whose first
// segments together wireLen bytes were sent and b was captured. Over TCP every
// packet follows its length in 16 bits; more packets may follow the reset.
func TCP(b []byte, wireLen int) (Side, bool) {
	if len(b) < 2 {
		return Neither, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > max(wireLen, len(b))-2 {
		return Neither, false
	}
	return Reset(b[2:min(2+n, len(b))], n)
}

// Packet returns the first packet of a TCP stream, without the length before it,
// for [Pair] and [Answers]; false when it is not there whole.
func Packet(stream []byte) ([]byte, bool) {
	if len(stream) < 2 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(stream))
	if n == 0 || len(stream) < 2+n {
		return nil, false
	}
	return stream[2 : 2+n], true
}

// parse reads the reset b of n bytes on the wire, n >= len(b).
func parse(b []byte, n int) (reset, bool) {
	r, tail := opening(b)
	if r.side == Neither {
		return reset{}, false
	}
	if b[0]>>3 == clientResetV3 {
		return r.wrapped(b, n)
	}
	if n == headLen+tail {
		return r.clear(b, headLen)
	}
	for _, tag := range authTags {
		if n == headLen+tag+replayLen+tail {
			if a, ok := r.auth(b, tag); ok {
				return a, true
			}
		}
	}
	if rest := n - (headLen + replayLen + cryptTag + tail); rest == 0 || rest == resendKey && r.side == Server {
		r.wrap, r.tag = tlsCrypt, cryptTag
		return r.replay(b, headLen)
	}
	return reset{}, false
}

// opening reads opcode and session id, and how many bytes that side's reset has
// behind its wrapping.
func opening(b []byte) (r reset, tail int) {
	if len(b) < headLen || b[0]&7 != 0 {
		return reset{}, 0
	}
	if bytes.Count(b[1:headLen], []byte{0}) > maxZeros {
		return reset{}, 0
	}
	r.id = binary.BigEndian.Uint64(b[1:])
	switch b[0] >> 3 {
	case clientResetV1, clientResetV2, clientResetV3:
		r.side, tail = Client, clientTail
	case serverResetV1, serverResetV2:
		r.side, tail = Server, serverTail
	}
	return r, tail
}

// clear reads acknowledgements and message id at offset at: the message is the
// sender's first, number 0, and so is the one acknowledged.
func (r reset) clear(b []byte, at int) (reset, bool) {
	be := binary.BigEndian
	if r.side == Client {
		return r, len(b) >= at+clientTail && b[at] == 0 && be.Uint32(b[at+1:]) == 0
	}
	if len(b) < at+serverTail || b[at] != 1 || be.Uint32(b[at+1:]) != 0 || be.Uint32(b[at+serverTail-messageLen:]) != 0 {
		return reset{}, false
	}
	r.remote = be.Uint64(b[at+1+ackLen:])
	return r, r.remote != 0 && r.remote != r.id
}

// auth reads a packet of --tls-auth with an HMAC of tag bytes.
func (r reset) auth(b []byte, tag int) (reset, bool) {
	r.wrap, r.tag = tlsAuth, tag
	r, ok := r.replay(b, headLen+tag)
	if !ok {
		return reset{}, false
	}
	return r.clear(b, headLen+tag+replayLen)
}

// replay reads what a wrapping has against replay at offset at: the number of
// the packet and the time of the first one.
func (r reset) replay(b []byte, at int) (reset, bool) {
	if len(b) < at+replayLen {
		return reset{}, false
	}
	number, top := binary.BigEndian.Uint32(b[at:])&(1<<24-1), b[at]
	r.time = binary.BigEndian.Uint32(b[at+4:])
	ok := number >= 1 && number <= maxReplay && (top == 0 || top == earlyNegotiation) && r.time >= minTime
	return r, ok
}

// wrapped reads a client's reset of --tls-crypt-v2: as with --tls-crypt, and the
// wrapped key of the client behind it, whose length is in its last two bytes. As
// that length must fit exactly, nothing is asked of the packet's number, which
// early versions marked in another way.
func (r reset) wrapped(b []byte, n int) (reset, bool) {
	key := n - (headLen + replayLen + cryptTag + clientTail)
	if len(b) < n || key < minWrappedKey || key > maxWrappedKey || int(binary.BigEndian.Uint16(b[n-2:])) != key {
		return reset{}, false
	}
	r.wrap, r.tag = tlsCrypt2, cryptTag
	r.time = binary.BigEndian.Uint32(b[headLen+4:])
	return r, r.time >= minTime
}
