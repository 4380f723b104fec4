package mtproto

import (
	"encoding/binary"
	"hash/crc32"

	"chokepoint/classify/wire"
)

// maxMessage bounds a message's length, bytes; servers take 1 MiB, answers with
// files stay under 2 MiB (TDLib drops what is over 16 MiB).
const maxMessage = 1 << 24

// encryptedMin is the shortest encrypted message: key id 8, message key 16, and
// an encrypted part of salt 8, session 8, id 8, sequence 4, length 4, body 4 and
// 12 of padding, a multiple of 16 (mtproto/description).
const (
	encryptedHead = 8 + 16
	encryptedMin  = encryptedHead + 48
)

// fullHead is length and sequence number; a CRC-32 follows the message.
const (
	fullHead = 8
	fullTail = 4
)

// tagOf returns what a client sends before its first message.
func tagOf(t Transport) string {
	switch t {
	case TransportAbridged:
		return "\xef"
	case TransportIntermediate:
		return "\xee\xee\xee\xee"
	case TransportPadded:
		return "\xdd\xdd\xdd\xdd"
	}
	return ""
}

// frameHead reads what stands before a message: n bytes of message, padding
// included, follow head bytes. Quick-acknowledgement bits are dropped.
func frameHead(t Transport, b []byte) (n, head int, st wire.Status) {
	switch {
	case t == TransportAbridged:
		if len(b) < 1 {
			return 0, 0, wire.NeedMore
		}
		n, head = int(b[0]&0x7f)*4, 1
		if b[0]&0x7f == 0x7f {
			if len(b) < 4 {
				return 0, 0, wire.NeedMore
			}
			n, head = 4*(int(b[1])|int(b[2])<<8|int(b[3])<<16), 4
		}
	case len(b) < 4:
		return 0, 0, wire.NeedMore
	case t == TransportFull:
		if len(b) < fullHead {
			return 0, 0, wire.NeedMore
		}
		if binary.LittleEndian.Uint32(b[4:]) != 0 {
			return 0, 0, wire.Alien
		}
		n, head = int(binary.LittleEndian.Uint32(b)&0x7fffffff)-fullHead-fullTail, fullHead
	default:
		n, head = int(binary.LittleEndian.Uint32(b)&0x7fffffff), 4
	}
	if n < plainMin || n > maxMessage || t == TransportFull && n%4 != 0 {
		return 0, 0, wire.Alien
	}
	return n, head, wire.Done
}

// Abridged reports whether b, the first payload of a client's stream and wireLen
// bytes on the wire, is exactly one abridged message with the tag before it. Of
// a random payload 18 bits agree by chance: a weak sign without the address of a
// data centre.
func Abridged(b []byte, wireLen int) bool {
	n, head, ok := tagged(TransportAbridged, b)
	return ok && head+n == wireLen && shaped(b[head:], n, false)
}

// Intermediate reports whether b, the first payload of a client's stream and
// wireLen bytes on the wire, is the tag and a message of the intermediate
// transport. 32 bits are fixed, the length and shape of the message are checked.
func Intermediate(b []byte, wireLen int) bool {
	n, head, ok := tagged(TransportIntermediate, b)
	return ok && fits(TransportIntermediate, b, head+n, wireLen) && shaped(b[head:], n, false)
}

// Padded is [Intermediate] for the padded transport.
func Padded(b []byte, wireLen int) bool {
	n, head, ok := tagged(TransportPadded, b)
	return ok && fits(TransportPadded, b, head+n, wireLen) && shaped(b[head:], n, true)
}

// Full reports whether b is the first message of a stream in the full transport,
// of either side: the payload is one message of sequence number 0, and its
// CRC-32 is right. Where capturing has cut the payload, length, sequence number
// and the shape of the message must do.
func Full(b []byte, wireLen int) bool {
	n, head, st := frameHead(TransportFull, b)
	if st != wire.Done || head+n+fullTail != wireLen || wireLen%4 != 0 || !shaped(b[head:], n, false) {
		return false
	}
	if len(b) < wireLen {
		return len(b) >= fullHead+encryptedHead
	}
	end := wireLen - fullTail
	return crc32.ChecksumIEEE(b[:end]) == binary.LittleEndian.Uint32(b[end:])
}

// tagged reads tag and frame head of a client's stream.
func tagged(t Transport, b []byte) (n, head int, ok bool) {
	tag := tagOf(t)
	if len(b) < len(tag) || string(b[:len(tag)]) != tag {
		return 0, 0, false
	}
	n, head, st := frameHead(t, b[len(tag):])
	return n, head + len(tag), st == wire.Done
}

// fits reports whether a message that ends at end suits a payload of wireLen
// bytes: it fills it, goes on in the next one, or another message follows.
func fits(t Transport, b []byte, end, wireLen int) bool {
	if end >= wireLen {
		return wireLen > 8
	}
	if len(b) < end {
		return false
	}
	_, _, st := frameHead(t, b[end:])
	return st == wire.Done
}

// shaped reports whether b can start a message of n bytes, as far as it is there.
func shaped(b []byte, n int, padded bool) bool {
	if len(b) < 8 {
		return true
	}
	if binary.LittleEndian.Uint64(b) == 0 {
		_, st := plainMessage(b, n, 0)
		return st == wire.Done || st == wire.NeedMore
	}
	return n >= encryptedMin && (padded || (n-encryptedHead)%16 == 0)
}
