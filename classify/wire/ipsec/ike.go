package ipsec

import "encoding/binary"

// Flags of IKEv2 (RFC 7296 section 3.1) and of IKEv1 (RFC 2408 section 3.1).
const (
	FlagInitiator = 0x08 // v2: sent by who began the security association
	flagVersion   = 0x10 // v2: a higher version is spoken too
	FlagResponse  = 0x20 // v2
	FlagEncrypted = 0x01 // v1: what is behind the header
	flagCommit    = 0x02 // v1
	flagAuthOnly  = 0x04 // v1
)

// Exchange types of IKEv2 (IANA, "IKEv2 Exchange Types").
const (
	exchangeInit         = 34 // IKE_SA_INIT; 35 IKE_AUTH, 36 CREATE_CHILD_SA, 37 INFORMATIONAL
	exchangeResume       = 38 // IKE_SESSION_RESUME (RFC 5723)
	exchangeIntermediate = 43 // IKE_INTERMEDIATE (RFC 9242)
	exchangeFollowup     = 44 // IKE_FOLLOWUP_KE (RFC 9370)
)

// Exchange types of IKEv1 (RFC 2408 section 3.1, RFC 2409 appendix A;
// Transaction is of draft-ietf-ipsec-isakmp-mode-cfg).
const (
	exchangeBase        = 1 // 2 Identity Protection, 3 Authentication Only, 4 Aggressive, 5 Informational
	exchangeTransaction = 6
	exchangeQuick       = 32
	exchangeNewGroup    = 33
)

// Payload types that may come first (IANA, "IKEv2 Payload Types" and "Next
// Payload Types" of ISAKMP).
const (
	firstV2 = 33 // SA
	lastV2  = 54 // Puzzle Solution
	lastV1  = 21 // NAT-OA (RFC 3947)
	draftV1 = 130
	lastOld = 132 // the drafts of NAT-D and NAT-OA, and Cisco's fragments
)

// Sizes, bytes.
const (
	ikeHeader     = 28 // RFC 7296 section 3.1
	payloadHeader = 4  // RFC 7296 section 3.2
	marker        = 4  // zeros before IKE on port 4500 (RFC 3948 section 2.2)
)

// Message is the header of an IKE message.
type Message struct {
	Initiator uint64 // its SPI, or cookie; never 0
	Responder uint64 // 0 in the first message
	Next      uint8  // type of the first payload, 0: none
	Version   uint8  // 1 or 2
	Exchange  uint8
	Flags     uint8
	ID        uint32
	Length    uint32 // of the message, bytes
	Marked    bool   // it stands behind the marker, as on port 4500
}

// Parse reads the IKE message in a datagram of wireLen bytes, of which b was
// captured. It is false for anything else: the length in the header must be the
// datagram's, less the marker, and what the first payload says of itself must
// fit. What is encrypted is not looked at.
func Parse(b []byte, wireLen int) (Message, bool) {
	n := max(wireLen, len(b))
	var m Message
	if len(b) >= marker && binary.BigEndian.Uint32(b) == 0 {
		b, n, m.Marked = b[marker:], n-marker, true
	}
	if len(b) < ikeHeader {
		return Message{}, false
	}
	be := binary.BigEndian
	m.Initiator, m.Responder = be.Uint64(b), be.Uint64(b[8:])
	m.Next, m.Version, m.Exchange, m.Flags = b[16], b[17]>>4, b[18], b[19]
	m.ID, m.Length = be.Uint32(b[20:]), be.Uint32(b[24:])
	if m.Initiator == 0 || b[17]&15 != 0 || uint64(m.Length) != uint64(n) || n < ikeHeader {
		return Message{}, false
	}
	if ok := m.Version == 1 && m.v1() || m.Version == 2 && m.v2(); !ok || !m.payload(b, n) {
		return Message{}, false
	}
	return m, true
}

// v1 reports whether the fields are those of IKEv1.
func (m *Message) v1() bool {
	switch {
	case m.Flags&^(FlagEncrypted|flagCommit|flagAuthOnly) != 0:
		return false
	case m.Next == 0 || m.Next > lastV1 && m.Next < draftV1 || m.Next > lastOld:
		return false
	}
	switch e := m.Exchange; {
	case e >= exchangeBase && e < exchangeBase+4: // the first phase is message 0
		return m.ID == 0
	case e == exchangeBase+4, e == exchangeTransaction, e == exchangeQuick, e == exchangeNewGroup:
		return true
	}
	return false
}

// v2 reports whether the fields are those of IKEv2.
func (m *Message) v2() bool {
	switch {
	case m.Flags&^(FlagInitiator|flagVersion|FlagResponse) != 0:
		return false
	case m.Next != 0 && (m.Next < firstV2 || m.Next > lastV2):
		return false
	}
	switch e := m.Exchange; {
	case e == exchangeInit || e == exchangeResume: // starts from nothing, or over with a cookie: message 0
		begins := m.Flags&(FlagInitiator|FlagResponse) == FlagInitiator
		return m.ID == 0 && m.Next != 0 && (!begins || m.Responder == 0)
	case e > exchangeInit && e < exchangeResume, e == exchangeIntermediate, e == exchangeFollowup:
		return m.Responder != 0
	}
	return false
}

// payload checks the header of the first payload, which is in the clear even
// where its content is not, but for encrypted messages of IKEv1.
func (m *Message) payload(b []byte, n int) bool {
	if m.Next == 0 {
		return n == ikeHeader
	}
	if m.Version == 1 && m.Flags&FlagEncrypted != 0 {
		return n >= ikeHeader+payloadHeader
	}
	if len(b) < ikeHeader+payloadHeader {
		return false
	}
	reserved := b[ikeHeader+1]
	if m.Version == 2 {
		reserved &^= 0x80 // the critical bit
	}
	size := int(binary.BigEndian.Uint16(b[ikeHeader+2:]))
	return reserved == 0 && size >= payloadHeader && size <= n-ikeHeader
}

// Answers reports whether resp, which came from the other side, answers req.
// Both must have been captured whole. In IKEv2 the response says that it is one,
// and to which message; in IKEv1 it has the same SPIs and exchange, and brings
// the responder's where the request had none.
func Answers(req, resp []byte) bool {
	q, ok1 := Parse(req, len(req))
	a, ok2 := Parse(resp, len(resp))
	if !ok1 || !ok2 || q.Initiator != a.Initiator || q.Version != a.Version || q.Exchange != a.Exchange || q.ID != a.ID {
		return false
	}
	if q.Responder != 0 && q.Responder != a.Responder {
		return false
	}
	if q.Version == 1 {
		return a.Responder != 0
	}
	return q.Flags&FlagResponse == 0 && a.Flags&FlagResponse != 0 && (q.Flags^a.Flags)&FlagInitiator != 0
}
