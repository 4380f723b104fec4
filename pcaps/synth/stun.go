package synth

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
	"slices"
	"time"
)

// STUN and TURN (RFC 8489 sections 5 and 14, RFC 8656 sections 17 and 18).
const (
	stunCookie      = 0x2112a442
	stunFingerprint = 0x5354554e
	stunHeader      = 20

	stunBinding    = 0x001
	stunAllocate   = 0x003
	stunPermission = 0x008
	stunChannel    = 0x009
	stunSuccess    = 0x100
	stunError      = 0x110

	attrUsername     = 0x06
	attrIntegrity    = 0x08
	attrError        = 0x09
	attrChannel      = 0x0c
	attrLifetime     = 0x0d
	attrPeer         = 0x12
	attrRealm        = 0x14
	attrNonce        = 0x15
	attrRelayed      = 0x16
	attrTransport    = 0x19
	attrMapped       = 0x20
	attrPriority     = 0x24
	attrUseCandidate = 0x25
	attrSoftware     = 0x8022
	attrFingerprint  = 0x8028
	attrControlled   = 0x8029
	attrControlling  = 0x802a
)

// STUN is a message under construction.
type STUN struct{ b []byte }

// NewSTUN begins a message; id has 12 bytes.
func NewSTUN(typ uint16, id []byte) *STUN {
	return &STUN{slices.Concat(u16s(typ, 0), binary.BigEndian.AppendUint32(nil, stunCookie), id)}
}

// Attr adds an attribute, padded to a multiple of 4.
func (m *STUN) Attr(typ uint16, v []byte) *STUN {
	m.b = slices.Concat(m.b, u16s(typ, uint16(len(v))), v, make([]byte, -len(v)&3))
	binary.BigEndian.PutUint16(m.b[2:], uint16(len(m.b)-stunHeader))
	return m
}

// Address adds an address in disguise: under the cookie and, in IPv6, the id (RFC
// 8489 section 14.2).
func (m *STUN) Address(typ uint16, a netip.AddrPort) *STUN {
	family := byte(1)
	if a.Addr().Is6() {
		family = 2
	}
	v := binary.BigEndian.AppendUint16([]byte{0, family}, a.Port()^stunCookie>>16)
	for i, b := range a.Addr().AsSlice() {
		v = append(v, b^m.b[4+i]) // the cookie stands there, then the id
	}
	return m.Attr(typ, v)
}

// Sealed adds what looks like MESSAGE-INTEGRITY: nobody here has the key.
func (m *STUN) Sealed(s *Sim) *STUN { return m.Attr(attrIntegrity, s.Bytes(20)) }

// Bytes ends the message with its FINGERPRINT (RFC 8489 section 14.7).
func (m *STUN) Bytes() []byte {
	m.Attr(attrFingerprint, make([]byte, 4))
	at := len(m.b) - 8
	binary.BigEndian.PutUint32(m.b[at+4:], crc32.ChecksumIEEE(m.b[:at])^stunFingerprint)
	return m.b
}

// serverThought is how long a server takes to answer.
const serverThought = 300 * time.Microsecond

// asked is a question of the client and the answer; the ids are alike.
func asked(q, a *STUN) []Datagram {
	return []Datagram{{From: Up, Data: q.Bytes(), Wait: 2 * time.Millisecond}, {From: Down, Data: a.Bytes(), Wait: serverThought}}
}

// WhatIsMyAddress is a question to a public STUN server.
func WhatIsMyAddress(s *Sim, seen netip.AddrPort) []Datagram {
	id := s.Bytes(12)
	return asked(NewSTUN(stunBinding, id), NewSTUN(stunBinding|stunSuccess, id).Address(attrMapped, seen))
}

// Check is ICE's check of a path by one side (RFC 8445 section 7.2.4) and the
// answer, which names where it came from.
func Check(s *Sim, from Dir, seen netip.AddrPort, nominate bool) []Datagram {
	id := s.Bytes(12)
	role := uint16(attrControlled)
	if from == Up {
		role = attrControlling
	}
	q := NewSTUN(stunBinding, id).Attr(attrUsername, []byte("h6Kd:w0Zq")).Attr(role, s.Bytes(8)).
		Attr(attrPriority, []byte{0x6e, 0x7f, 0x1e, 0xff})
	if nominate {
		q.Attr(attrUseCandidate, nil)
	}
	a := NewSTUN(stunBinding|stunSuccess, id).Address(attrMapped, seen).Sealed(s)
	return []Datagram{{From: from, Data: q.Sealed(s).Bytes(), Wait: 20 * time.Millisecond}, {From: from ^ 1, Data: a.Bytes(), Wait: serverThought}}
}

// Relay describes a TURN server's part in a call.
type Relay struct {
	Realm                 string
	Seen, Relayed, Callee netip.AddrPort // as the server sees the client; its own; the other caller's
	Channel               uint16
}

// TURN is the way to a channel: an Allocate that is refused and one that is
// not, a permission, the channel.
func (r Relay) TURN(s *Sim) (out []Datagram) {
	udp, nonce := []byte{17, 0, 0, 0}, []byte("5a9e1c70b3f24d86")
	minutes := binary.BigEndian.AppendUint32(nil, 600)
	known := func(typ uint16, id []byte) *STUN {
		return NewSTUN(typ, id).Attr(attrUsername, []byte("1795600000:4f1d")).Attr(attrRealm, []byte(r.Realm)).Attr(attrNonce, nonce)
	}
	ids := [4][]byte{s.Bytes(12), s.Bytes(12), s.Bytes(12), s.Bytes(12)}
	channel := append(u16s(r.Channel), 0, 0)
	for _, x := range [...]struct{ q, a *STUN }{
		{NewSTUN(stunAllocate, ids[0]).Attr(attrTransport, udp),
			NewSTUN(stunAllocate|stunError, ids[0]).Attr(attrError, append([]byte{0, 0, 4, 1}, "Unauthorized"...)).
				Attr(attrRealm, []byte(r.Realm)).Attr(attrNonce, nonce).Attr(attrSoftware, []byte("relay"))},
		{known(stunAllocate, ids[1]).Attr(attrTransport, udp).Sealed(s),
			NewSTUN(stunAllocate|stunSuccess, ids[1]).Address(attrRelayed, r.Relayed).Address(attrMapped, r.Seen).
				Attr(attrLifetime, minutes).Attr(attrSoftware, []byte("relay")).Sealed(s)},
		{known(stunPermission, ids[2]).Address(attrPeer, r.Callee).Sealed(s), NewSTUN(stunPermission|stunSuccess, ids[2]).Sealed(s)},
		{known(stunChannel, ids[3]).Attr(attrChannel, channel).Address(attrPeer, r.Callee).Sealed(s), NewSTUN(stunChannel|stunSuccess, ids[3]).Sealed(s)},
	} {
		out = append(out, asked(x.q, x.a)...)
	}
	return out
}

// Wrap puts media into the channel (RFC 8656 section 12.4).
func (r Relay) Wrap(media func() []byte) func() []byte {
	return func() []byte {
		b := media()
		return slices.Concat(u16s(r.Channel, uint16(len(b))), b)
	}
}
