package mtproto

import (
	"encoding/binary"

	"chokepoint/classify/wire"
)

// The head of an unencrypted message (mtproto/description, "Unencrypted
// Message"): auth_key_id 0, message id, length of the body; the body starts with
// a constructor.
const (
	plainHead = 8 + 8 + 4
	plainMin  = plainHead + 4 + 16 // a constructor and a nonce: req_pq
)

// Constructors of the key exchange (mtproto/auth_key), as little-endian numbers.
const (
	ReqPQ              uint32 = 0x60469778
	ReqPQMulti         uint32 = 0xbe7e8ef1
	ReqDHParams        uint32 = 0xd712e4be
	SetClientDHParams  uint32 = 0xf5045f1f
	ResPQ              uint32 = 0x05162463
	ServerDHParamsOK   uint32 = 0xd0e8075c
	ServerDHParamsFail uint32 = 0x79cb045d
)

// A message id is unix time times 2^32, about (mtproto/description, "Message
// Identifier"). Without a clock to compare with, any time since Telegram was
// published will do.
const (
	earliest = 1356998400 // 2013-01-01
	latest   = 4102444800 // 2100-01-01
	// drift is how far a client's clock may be off, seconds. The constructor is the
	// proof; this only keeps nonsense out.
	drift = 30 * 24 * 3600
)

// Hello is an unencrypted message of the key exchange.
type Hello struct {
	Transport   Transport
	Constructor uint32
	Server      bool  // sent by the server
	Sent        int64 // seconds since the epoch, by the sender's clock
}

// Unencrypted reads the start of a direction that sends an unencrypted message
// first, which proves MTProto: 96 bits of it are fixed. now is the time of the
// packet in seconds, 0 when unknown.
func Unencrypted(b []byte, now int64) (Hello, wire.Status) {
	st := wire.Alien
	for _, t := range [...]Transport{TransportAbridged, TransportIntermediate, TransportPadded, TransportFull} {
		// A server sends no tag, whatever the transport.
		for _, tagged := range [...]bool{true, false} {
			h, s := unencryptedIn(t, tagged, b, now)
			if s == wire.Done {
				return h, s
			}
			if s == wire.NeedMore {
				st = s
			}
		}
	}
	return Hello{}, st
}

// unencryptedIn reads the first message of a stream in one transport.
func unencryptedIn(t Transport, tagged bool, b []byte, now int64) (Hello, wire.Status) {
	off := 0
	if tagged {
		tag := tagOf(t)
		if tag == "" {
			return Hello{}, wire.Alien
		}
		if len(b) < len(tag) {
			if string(b) == tag[:len(b)] {
				return Hello{}, wire.NeedMore
			}
			return Hello{}, wire.Alien
		}
		if string(b[:len(tag)]) != tag {
			return Hello{}, wire.Alien
		}
		off = len(tag)
	}
	n, head, st := frameHead(t, b[off:])
	if st != wire.Done {
		return Hello{}, st
	}
	h, st := plainMessage(b[off+head:], n, now)
	if st != wire.Done {
		return Hello{}, st
	}
	// A tag is a client's; without one only the full transport lets a client begin.
	if client := tagged || t == TransportFull && !h.Server; client == h.Server {
		return Hello{}, wire.Alien
	}
	h.Transport = t
	return h, wire.Done
}

// plainMessage reads the head of an unencrypted message in n bytes.
func plainMessage(b []byte, n int, now int64) (Hello, wire.Status) {
	if n < plainMin {
		return Hello{}, wire.Alien
	}
	for _, c := range b[:min(len(b), 8)] {
		if c != 0 {
			return Hello{}, wire.Alien
		}
	}
	if len(b) < plainHead+4 {
		return Hello{}, wire.NeedMore
	}
	id := binary.LittleEndian.Uint64(b[8:])
	body := binary.LittleEndian.Uint32(b[16:])
	h := Hello{Constructor: binary.LittleEndian.Uint32(b[plainHead:]), Server: id&3 == 1, Sent: int64(id >> 32)}
	if body%4 != 0 || body < plainMin-plainHead || int64(body) > int64(n-plainHead) || !timely(h.Sent, now) {
		return Hello{}, wire.Alien
	}
	// The two lowest bits: 1 in a server's answer, 3 in what it sends unasked; 0
	// from a client, though the documented example of 2013 has 2.
	if id&3 == 3 || !known(h.Constructor, h.Server) {
		return Hello{}, wire.Alien
	}
	return h, wire.Done
}

func timely(sent, now int64) bool {
	if now == 0 {
		return sent >= earliest && sent < latest
	}
	return sent >= now-drift && sent <= now+drift
}

func known(constructor uint32, server bool) bool {
	switch constructor {
	case ReqPQ, ReqPQMulti, ReqDHParams, SetClientDHParams:
		return !server
	case ResPQ, ServerDHParamsOK, ServerDHParamsFail:
		return server
	}
	return false
}
