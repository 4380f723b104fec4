package wireguard

import (
	"bytes"
	"encoding/binary"
)

// Type is the type of a message, with its values on the wire.
type Type uint8

// Message types (section 5.4).
const (
	None       Type = iota // not a message of WireGuard
	Initiation             // section 5.4.2
	Response               // section 5.4.3
	Cookie                 // a cookie reply, section 5.4.7
	Data                   // section 5.4.6; empty ones keep alive
)

// String returns the type in lower-case words.
func (t Type) String() string {
	switch t {
	case None:
		return "none"
	case Initiation:
		return "initiation"
	case Response:
		return "response"
	case Cookie:
		return "cookie reply"
	case Data:
		return "data"
	}
	return "invalid type"
}

// Sizes of messages, bytes (section 5.4).
const (
	initiationLen = 148 // type 4, sender 4, ephemeral 32, static 32+16, timestamp 12+16, MACs 16+16
	responseLen   = 92  // type 4, sender 4, receiver 4, ephemeral 32, empty 16, MACs 16+16
	cookieLen     = 64  // type 4, receiver 4, nonce 24, cookie 16+16
	minData       = 32  // type 4, receiver 4, counter 8, tag 16
	padding       = 16  // of data before it is encrypted
)

// Bytes of each message that are read here, type and indices.
const (
	headLen         = 8
	responseHeadLen = 12
	dataHeadLen     = 16
	ephemeralLen    = 32 // of an initiation, behind its head
)

// minIndex is the smallest index believed. Indices are random; small numbers
// in that place are other protocols', such as the counts of a DNS header. One
// session in 65536 is missed by it.
const minIndex = 1 << 16

// maxCounter is above what a session can count to: a key serves for 180 s at
// most (section 6.1, Reject-After-Time), so this would be 6 billion messages a
// second.
const maxCounter = 1 << 40

// Kind returns the type of the message in a datagram of wireLen bytes, of which
// b was captured; [None] when it is none, or when too little was captured. Of
// data, only the sizes that padding yields are known: a message that fills the
// tunnel's MTU need not be padded, so other sizes may be data too. See the
// package's comment for what one message is worth.
func Kind(b []byte, wireLen int) Type {
	wireLen = max(wireLen, len(b))
	t, ok := head(b)
	switch {
	case !ok:
		return None
	case t == Initiation && wireLen == initiationLen, t == Response && wireLen == responseLen && len(b) >= responseHeadLen,
		t == Cookie && wireLen == cookieLen:
		return t
	case t == Data && wireLen >= minData && wireLen%padding == 0:
		if c, ok := counter(b); ok && c < maxCounter {
			return Data
		}
	}
	return None
}

// Answers reports whether response is the other side's answer to initiation: a
// handshake response that names the initiation's index, or a cookie reply that
// does. It looks at the first 12 bytes of either, so the types are to be
// asserted with [Kind] first; for a cookie reply, which may answer a response
// too, initiation may be a handshake response.
func Answers(initiation, response []byte) bool {
	asked, ok1 := head(initiation)
	answer, ok2 := head(response)
	if !ok1 || !ok2 {
		return false
	}
	sender := index(initiation, 4)
	switch {
	case asked == Initiation && answer == Response:
		return len(response) >= responseHeadLen && index(response, 8) == sender
	case (asked == Initiation || asked == Response) && answer == Cookie:
		return index(response, 4) == sender
	}
	return false
}

// Repeats reports whether later is another attempt at what first, an initiation
// of the same direction, began: an initiation with an ephemeral key of its own,
// as every attempt has (section 6.4; one in 5 s). Decoys are copies of one
// datagram. It looks at the first 40 bytes of each.
func Repeats(first, later []byte) bool {
	t1, _ := head(first)
	t2, _ := head(later)
	if t1 != Initiation || t2 != Initiation || len(first) < headLen+ephemeralLen || len(later) < headLen+ephemeralLen {
		return false
	}
	return !bytes.Equal(first[headLen:headLen+ephemeralLen], later[headLen:headLen+ephemeralLen])
}

// SameSession reports whether two data messages of one direction belong to one
// session: the same receiver, and a counter that grew. It looks at the first 16
// bytes of each, so the sizes are to be asserted with [Kind] first.
func SameSession(first, later []byte) bool {
	t1, _ := head(first)
	t2, _ := head(later)
	if t1 != Data || t2 != Data || index(first, 4) != index(later, 4) {
		return false
	}
	from, ok1 := counter(first)
	to, ok2 := counter(later)
	return ok1 && ok2 && from < to && to < maxCounter
}

// head reads the type, whose three reserved bytes are zero, and checks the
// index behind it: the receiver's in cookie replies and data, else the sender's.
func head(b []byte) (Type, bool) {
	if len(b) < headLen || b[0] == 0 || b[0] > byte(Data) || b[1]|b[2]|b[3] != 0 || index(b, 4) < minIndex {
		return None, false
	}
	return Type(b[0]), true
}

func index(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }

// counter reads the counter of a data message.
func counter(b []byte) (uint64, bool) {
	if len(b) < dataHeadLen {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[headLen:]), true
}
