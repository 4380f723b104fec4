package dns

import (
	"net/netip"

	"chokepoint/classify/wire"
)

// Status is what the parser makes of a datagram or stream; see package wire.
type Status = wire.Status

// The answers of the parser. All but NeedMore are final.
const (
	NeedMore  = wire.NeedMore
	Done      = wire.Done
	NotDNS    = wire.Alien
	Malformed = wire.Malformed
)

// MaxAnswers bounds the answers kept of one message; the rest is counted.
const MaxAnswers = 64

// Answer is one record of the answer section, or one address hint of it.
type Answer struct {
	Name   string // owner, presentation form in lower case
	Type   uint16
	TTL    uint32     // s
	Addr   netip.Addr // of A and AAAA records, and of SVCB and HTTPS hints; else invalid
	Target string     // of CNAME, DNAME, NS, PTR, SVCB, HTTPS: a name; of TXT: its first string
	ALPN   bool       // SVCB, HTTPS: alpn is present
	ECH    bool       // SVCB, HTTPS: ech is present

	Priority  uint16 // SVCB, HTTPS: lower is tried first; 0 is an alias for Target, without parameters
	Port      uint16 // SVCB, HTTPS: 0 when none is given
	Protocols string // SVCB, HTTPS: the first 8 ids of alpn, "h3,h2"; a comma or backslash in one as \X, odd bytes as \DDD
	ECHName   string // SVCB, HTTPS: the host name that ech puts into the open; "" when ech gives none
}

// Message is one DNS message. The zero value is ready; one value may be used
// for any number of messages and reuses its memory, so whatever is to outlive
// the next parse must be cloned. Names are in presentation form without the
// final dot, "." for the root, odd bytes as \DDD (RFC 1035 section 5.1): a
// legal name has at most 255 octets on the wire, and at most four times as many
// characters here. All strings are foreign text.
type Message struct {
	ID             uint16
	Response       bool
	Opcode         uint8
	AA, TC, RD, RA bool
	AD, CD         bool   // RFC 4035 section 3.2
	Rcode          uint16 // with the upper bits of OPT, if any

	Questions int    // as the header counts them; the first one is parsed
	QName     string // lower case; "" when there is no question
	QNameRaw  string // case kept
	QType     uint16
	QClass    uint16 // the top bit is mDNS's "unicast response" (RFC 6762 section 5.4)

	Answers     []Answer // at most 64
	MoreAnswers int      // records and hints beyond those kept
	HasSOA      bool     // in the authority section
	SOAOwner    string   // its owner, lower case
	HasOPT      bool
	HasCookie   bool   // OPT carries a cookie
	HasECS      bool   // OPT carries a client subnet
	HasEDE      bool   // OPT carries an extended error
	EDE         uint16 // its code: 15 blocked, 16 censored, 17 filtered (RFC 8914 section 4)

	Trailing int  // bytes behind the last record
	Clipped  bool // the capture ends before the message: what was there is parsed
	FaultAt  int  // offset in the message where parsing stopped, with Clipped or Malformed

	want      int
	addresses bool   // the record with hints being parsed has yielded one
	raw       []byte // scratch: a name in presentation form, case kept
	last      string // question of the message before: the same again costs no allocation
	lastLow   string
	lastECH   string // the same for names of ech
}

// Want returns how many more bytes ParseTCP is known to need after NeedMore.
func (m *Message) Want() int { return m.want }

// ParseUDP parses the message in a datagram of wireLen bytes, of which b was
// captured. Done: all of it, or with Clipped as much as was captured. NotDNS:
// there is no header, or the records it counts cannot fit. Malformed: a record
// breaks the format; what came before it is kept, FaultAt says where. A fault in
// a message that was not captured whole counts as its clipping.
func (m *Message) ParseUDP(b []byte, wireLen int) Status {
	return m.parse(b, max(wireLen, len(b)))
}

// ParseTCP parses the first message of stream, which starts at a length prefix
// (RFC 1035 section 4.2.2), and returns how many bytes it took, with Malformed
// too: the next message starts there.
func (m *Message) ParseTCP(stream []byte) (Status, int) {
	if len(stream) < 2 {
		m.reset()
		m.want = 2 - len(stream)
		return NeedMore, 0
	}
	n := 2 + (int(stream[0])<<8 | int(stream[1]))
	if n < 2+headerLen {
		m.reset()
		return NotDNS, 0
	}
	if len(stream) < n {
		m.reset()
		if len(stream) >= 2+headerLen && !plausible(stream[2:], n-2) {
			return NotDNS, 0
		}
		m.want = n - len(stream)
		return NeedMore, 0
	}
	st := m.parse(stream[2:n], n-2)
	if st == NotDNS {
		return st, 0
	}
	return st, n
}

// reset forgets the last message but keeps the memory.
func (m *Message) reset() {
	if m.QNameRaw != "" {
		m.last, m.lastLow = m.QNameRaw, m.QName
	}
	*m = Message{Answers: m.Answers[:0], raw: m.raw, last: m.last, lastLow: m.lastLow, lastECH: m.lastECH}
}
