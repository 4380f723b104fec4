package mtproto

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// ReflectorKind is what a datagram to or from a call's relay is.
type ReflectorKind uint8

// Kinds of datagrams that carry no media. All but ReflectorSpecial are certain
// by 128 bits or more.
const (
	ReflectorNone    ReflectorKind = iota
	ReflectorPing                  // tgcalls' hello: query id 123; every 0.5 s until the first answer, then every 10 s
	ReflectorReply                 // a relay's answer, with the addresses of one or both callers in it
	ReflectorLegacy                // libtgvoip's hello with a random query id, or its request for endpoints
	ReflectorSpecial               // another datagram with the mark of twelve ff; 96 bits
)

// String returns the kind in lower case.
func (k ReflectorKind) String() string {
	switch k {
	case ReflectorNone:
		return "none"
	case ReflectorPing:
		return "ping"
	case ReflectorReply:
		return "reply"
	case ReflectorLegacy:
		return "legacy"
	case ReflectorSpecial:
		return "special"
	}
	return "invalid kind"
}

// Layout of a datagram (tgcalls ReflectorPort.cpp): peer tag of 16, of which 12
// are constant through a call; then either the mark of twelve ff and a code, or
// the sender's tag, a length and so many bytes, padded to a multiple of 4.
const (
	peerTag    = 16
	callTag    = 12
	markEnd    = peerTag + 12
	codeEnd    = markEnd + 4
	dataHead   = peerTag + 4 + 4
	pingLen    = codeEnd + 8
	pingQuery  = 123
	codePing   = 0xfeffffff // int32 -2
	codeFetch  = 0xffffffff // int32 -1, libtgvoip
	codeReply  = 0xc77215c0 // 0xc01572c7 little-endian, udpReflectorSelfInfo
	codePeers  = 0x1c37d927 // 0x27d9371c little-endian, udpReflectorPeerInfo: the answer to codeFetch
	minVariety = 6          // distinct bytes in 12 random ones; fewer once in 10^10
)

// Reflector says which of the datagrams without media b is; wireLen is its
// length on the wire. One is told by its first 40 bytes.
func Reflector(b []byte, wireLen int) ReflectorKind {
	if len(b) < codeEnd || wireLen < len(b) || wireLen%4 != 0 {
		return ReflectorNone
	}
	for _, c := range b[peerTag:markEnd] {
		if c != 0xff {
			return ReflectorNone
		}
	}
	if !varied(b[:callTag]) {
		return ReflectorNone
	}
	switch code := binary.BigEndian.Uint32(b[markEnd:]); {
	case code == codePing && wireLen == pingLen:
		if len(b) >= pingLen && binary.BigEndian.Uint64(b[codeEnd:]) == pingQuery {
			return ReflectorPing
		}
		return ReflectorLegacy
	case code == codeFetch && wireLen == codeEnd:
		return ReflectorLegacy
	case code == codeReply || code == codePeers:
		return ReflectorReply
	case code>>24 != 0xff:
		return ReflectorSpecial // exactly twelve, as nDPI has it
	}
	return ReflectorNone
}

// ReflectorData reports whether b, of wireLen bytes on the wire, carries media
// through a relay: its peer tag starts as that of first, an earlier datagram of
// the same flow in either direction, and its length field is right. By chance
// 2^-30 of the flows whose datagrams start with the same 12 bytes; weak alone, but
// certain when first was a hello.
func ReflectorData(b []byte, wireLen int, first []byte) bool {
	if len(b) < dataHead || len(first) < callTag || wireLen < len(b) || wireLen%4 != 0 {
		return false
	}
	if !bytes.Equal(b[:callTag], first[:callTag]) || !varied(b[:callTag]) {
		return false
	}
	n := int64(binary.BigEndian.Uint32(b[dataHead-4:]))
	return n > 0 && (n+3)&^3 == int64(wireLen-dataHead)
}

// varied keeps fillings, counters and small numbers from being taken for the tag
// of a call.
func varied(tag []byte) bool {
	var seen [4]uint64
	for _, c := range tag {
		seen[c>>6] |= 1 << (c & 63)
	}
	n := 0
	for _, s := range seen {
		n += bits.OnesCount64(s)
	}
	return n >= minVariety
}
