package vary

import (
	"encoding/binary"
	"net/netip"
)

// DNS in wire format (RFC 1035 section 4.1, RFC 3596 section 2).
const (
	dnsPort, dnsHead  = 53, 12
	typeA, typeAAAA   = 1, 28
	recordFixed       = 10 // bytes after an owner's name: type, class, TTL, length
	pointer, pointsTo = 0xc0, 0x3fff
)

func isDNS(udp []byte) bool {
	return len(udp) >= udpHead+dnsHead &&
		(binary.BigEndian.Uint16(udp) == dnsPort || binary.BigEndian.Uint16(udp[2:]) == dnsPort)
}

// answersSixed asks for IPv6 addresses where a message of DNS in UDP asked for IPv4
// ones, and answers with them. A message that cannot be read to its end stays.
func answersSixed(udp []byte, addr func(netip.Addr) netip.Addr) (out []byte, grown int) {
	m := &rewritten{in: udp[udpHead:], addr: addr}
	if !m.rewrite() {
		return udp, 0
	}
	out = append(append([]byte(nil), udp[:udpHead]...), m.out...)
	binary.BigEndian.PutUint16(out[udpLen:], uint16(len(out)))
	return out, len(out) - len(udp)
}

// rewritten is a message that is copied record by record.
type rewritten struct {
	in, out []byte
	at      int // in in
	grew    int // where in in the first record ends that has grown; 0: none has
	addr    func(netip.Addr) netip.Addr
}

// moved reports whether what was at an offset is no longer there.
func (m *rewritten) moved(offset int) bool { return m.grew > 0 && offset >= m.grew }

func (m *rewritten) rewrite() bool {
	count := func(i int) int { return int(binary.BigEndian.Uint16(m.in[4+2*i:])) }
	questions, records := count(0), count(1)+count(2)+count(3)
	m.copy(dnsHead)
	for range questions {
		if !m.name() || len(m.in) < m.at+4 {
			return false
		}
		from := len(m.out)
		m.copy(4)
		m.ask(m.out[from:])
	}
	for range records {
		if !m.name() || !m.record() {
			return false
		}
	}
	m.copy(len(m.in) - m.at)
	return true
}

func (m *rewritten) copy(n int) {
	m.out = append(m.out, m.in[m.at:m.at+n]...)
	m.at += n
}

func (m *rewritten) ask(kind []byte) {
	if binary.BigEndian.Uint16(kind) == typeA {
		binary.BigEndian.PutUint16(kind, typeAAAA)
	}
}

// name copies a name; a pointer behind what has grown would be wrong, and ends it.
func (m *rewritten) name() bool {
	for m.at < len(m.in) {
		switch n := int(m.in[m.at]); {
		case n >= pointer:
			if m.at+2 > len(m.in) || m.moved(int(binary.BigEndian.Uint16(m.in[m.at:])&pointsTo)) {
				return false
			}
			m.copy(2)
			return true
		case n == 0:
			m.copy(1)
			return true
		default:
			if m.at+1+n > len(m.in) {
				return false
			}
			m.copy(1 + n)
		}
	}
	return false
}

func (m *rewritten) record() bool {
	if len(m.in) < m.at+recordFixed {
		return false
	}
	fixed := m.in[m.at : m.at+recordFixed]
	length := int(binary.BigEndian.Uint16(fixed[8:]))
	if len(m.in) < m.at+recordFixed+length {
		return false
	}
	if binary.BigEndian.Uint16(fixed) != typeA || length != 4 {
		m.copy(recordFixed + length)
		return true
	}
	a := m.addr(netip.AddrFrom4([4]byte(m.in[m.at+recordFixed:]))).As16()
	from := len(m.out)
	m.copy(recordFixed)
	binary.BigEndian.PutUint16(m.out[from:], typeAAAA)
	binary.BigEndian.PutUint16(m.out[from+8:], uint16(len(a)))
	m.out = append(m.out, a[:]...)
	m.at += 4
	if m.grew == 0 {
		m.grew = m.at
	}
	return true
}
