package stun

import "encoding/binary"

// microsoftCookie is the value of MAGIC-COOKIE, which is the first attribute of
// every message of [MS-TURN].
const microsoftCookie = 0x72c64bc6

// Attributes that [MS-TURN] numbers otherwise; seen so in Teams, whose header
// has the cookie of RFC 5389 by now.
const (
	microsoftAlternate = 0x000e // ALTERNATE-SERVER
	microsoftNonce     = AttrRealm
	microsoftRealm     = AttrNonce
)

// unread is the type an attribute is read as when its value is left alone.
const unread = 0

// microsoft reports whether the message begins with Microsoft's cookie.
func microsoft(b []byte) bool {
	be := binary.BigEndian
	return len(b) >= HeaderLen+8 && be.Uint32(b[HeaderLen:]) == AttrMagicCookie<<16|4 && be.Uint32(b[HeaderLen+4:]) == microsoftCookie
}

// microsoftType reads the types that [MS-TURN] section 2.2.1 has of its own.
// Its Send gets no answer, so it is an indication here.
func (m *Message) microsoftType() {
	switch {
	case m.Type == 0x0004:
		m.Class, m.Method = Indication, Send
	case m.Type == 0x0115:
		m.Class, m.Method = Indication, Data
	case m.Method == Send: // the number is another request's there
		m.Method = SetActiveDestination
	}
}

// translate returns the type an attribute has in the RFCs.
func (m *Message) translate(typ uint16) uint16 {
	if !m.Microsoft {
		return typ
	}
	switch typ {
	case microsoftAlternate:
		return AttrAlternateServer
	case microsoftNonce:
		return AttrNonce
	case microsoftRealm:
		return AttrRealm
	case AttrXorPeer, AttrXorRelayed, AttrChannelNumber:
		return unread // other things there, or the same in other clothes
	}
	return typ
}

// padded returns where the attribute behind a value of size at off begins.
func padded(off, size, pad int) int { return off + (size+pad-1)/pad*pad }

// even reports whether attributes padded to a multiple of pad fill a message of
// n bytes, as far as it was captured.
func even(b []byte, n, pad int) bool {
	off := HeaderLen
	for off+4 <= len(b) {
		off = padded(off+4, int(binary.BigEndian.Uint16(b[off+2:])), pad)
		if off > n {
			return false
		}
	}
	return off == n || len(b) < n && off+4 > len(b) && off+4 <= n
}
