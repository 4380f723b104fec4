package stun

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"chokepoint/classify/wire"
)

// Bounds on what is kept of one message; the rest is counted.
const (
	MaxAttrs = 32
	MaxPeers = 8
)

// Check is the outcome of a FINGERPRINT.
type Check uint8

// The outcomes.
const (
	Absent Check = iota // there is none, or the capture ends before it
	Good
	Bad // of a wrong sum, or not the last attribute
)

// Message is one STUN message. The zero value is ready; one value may be used
// for any number of messages and reuses its memory, so Attrs, Peers and Data are
// valid until the next Parse. Strings stay valid; they are foreign text.
//
// A value is absent when it is zero: an empty string, an invalid address. Where
// zero means something, ask [Message.Has].
type Message struct {
	Type   uint16 // as it stands in the header
	Class  Class
	Method Method
	Txn    [12]byte // of a classic message: the last 12 bytes of its 16

	Attrs     []uint16 // types in order, at most MaxAttrs
	MoreAttrs int      // attributes beyond those

	Username  string
	Realm     string
	Software  string
	Nonce     bool // a NONCE is present
	ErrorCode int  // 300 to 699

	Mapped          netip.AddrPort // MAPPED-ADDRESS
	XorMapped       netip.AddrPort // XOR-MAPPED-ADDRESS
	Relayed         netip.AddrPort // XOR-RELAYED-ADDRESS
	Other           netip.AddrPort // OTHER-ADDRESS, or CHANGED-ADDRESS as it was
	AlternateServer netip.AddrPort
	Peers           []netip.AddrPort // XOR-PEER-ADDRESS, at most MaxPeers
	MorePeers       int

	Channel  uint16 // CHANNEL-NUMBER
	Lifetime uint32 // s
	Data     []byte // DATA; not nil if it is present and was captured. Part of the datagram

	Priority     uint32
	UseCandidate bool
	Controlling  bool
	Controlled   bool
	TieBreaker   uint64 // of Controlling or Controlled

	Integrity   bool // MESSAGE-INTEGRITY or its SHA-256 sister is present
	Fingerprint Check
	Classic     bool // RFC 3489, or Microsoft's of that time: without the cookie
	Microsoft   bool // [MS-TURN]: some attributes have other numbers, see dialect.go
	Unpadded    bool // attributes follow each other without padding, as WhatsApp and Microsoft have them
	Cut         bool // the capture ends before the message: what was there is parsed
	FaultAt     int  // with Malformed: offset of the first attribute that breaks the rules

	sealed bool // an integrity attribute has been passed
	names  recent
	realms recent
	wares  recent
}

// Has reports whether the message carries an attribute of the type, one of the
// first MaxAttrs.
func (m *Message) Has(attr uint16) bool { return slices.Contains(m.Attrs, attr) }

// Parse parses the message that is the whole of a datagram of wireLen bytes, of
// which b was captured. Done: all of it, or with Cut as much as was captured.
// Alien: it is not STUN. Malformed: it has the cookie, but its length or an
// attribute breaks the rules; what could be read is kept.
//
// Attributes are padded to 32 bits (RFC 8489 section 14); if that does not come
// out even and without padding it does, they are read so.
//
// A message without the cookie is Done, with Classic, if all of it was captured
// and cannot be anything else; see classic.go.
func (m *Message) Parse(b []byte, wireLen int) wire.Status {
	m.reset()
	n := max(wireLen, len(b))
	if len(b) < HeaderLen || b[0]&0xc0 != 0 {
		return wire.Alien
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	if binary.BigEndian.Uint32(b[4:]) != Magic {
		if len(b) != n || length != n-HeaderLen || !classic(b) {
			return wire.Alien
		}
		m.Classic = true
	}
	m.header(b)
	if length != n-HeaderLen {
		m.FaultAt = 2
		return wire.Malformed
	}
	m.Cut = len(b) < n
	if m.Microsoft = microsoft(b); m.Microsoft {
		m.microsoftType()
	}
	m.Unpadded = !even(b, n, 4) && even(b, n, 1)
	m.attributes(b, n)
	if m.FaultAt != 0 {
		return wire.Malformed
	}
	return wire.Done
}

// reset forgets the last message but keeps the memory.
func (m *Message) reset() {
	*m = Message{Attrs: m.Attrs[:0], Peers: m.Peers[:0], names: m.names, realms: m.realms, wares: m.wares}
}

func (m *Message) header(b []byte) {
	m.Type = binary.BigEndian.Uint16(b)
	copy(m.Txn[:], b[8:HeaderLen])
	m.Class, m.Method = kindOf(m.Type)
}

// attributes reads those of the message b of n bytes on the wire. One whose
// value is wrong does not hide those behind it.
func (m *Message) attributes(b []byte, n int) {
	pad := 4
	if m.Unpadded {
		pad = 1
	}
	off := HeaderLen
	for off+4 <= len(b) {
		typ, size := binary.BigEndian.Uint16(b[off:]), int(binary.BigEndian.Uint16(b[off+2:]))
		at, end := off+4, off+4+size
		next := padded(at, size, pad)
		if next > n {
			m.fault(off)
			return
		}
		if len(m.Attrs) < MaxAttrs {
			m.Attrs = append(m.Attrs, typ)
		} else {
			m.MoreAttrs++
		}
		if end > len(b) {
			return
		}
		if !m.attribute(b, off, b[at:end:end], next == n) {
			m.fault(off)
		}
		off = next
	}
	if len(b) == n && off != n {
		m.fault(off)
	}
}

func (m *Message) fault(off int) {
	if m.FaultAt == 0 {
		m.FaultAt = off
	}
}

// recent remembers a few strings, so that the same again costs no allocation: a
// relay has one realm, and the two ends of a check have a username each.
type recent struct {
	text [4]string
	next uint8
}

func (r *recent) keep(raw []byte) string {
	for _, s := range r.text {
		if s == string(raw) {
			return s
		}
	}
	s := string(raw)
	r.text[r.next%uint8(len(r.text))] = s
	r.next++
	return s
}

// Relays reports whether the message asks a relay for something or comes from
// one: its method is TURN's (RFC 8656 section 17, RFC 6062 section 6.1).
func (m *Message) Relays() bool {
	switch m.Method {
	case Allocate, Refresh, Send, Data, CreatePermission, ChannelBind, Connect, ConnectionBind, ConnectionAttempt, SetActiveDestination:
		return true
	}
	return false
}
