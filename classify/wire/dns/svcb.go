package dns

import (
	"encoding/binary"
	"net/netip"
)

// Service parameter keys (RFC 9460 section 14.3.2).
const (
	paramALPN = 1
	paramIPv4 = 4
	paramECH  = 5
	paramIPv6 = 6
)

// service keeps an SVCB or HTTPS record (RFC 9460 section 2.2) as one answer
// for each address hint, or one without address when there is none.
func (m *Message) service(b []byte, r rr, a Answer) bool {
	if r.end-r.data < 3 {
		return false
	}
	at, ok := skipName(b[:r.end], r.data+2)
	if !ok {
		return false
	}
	if a.Target, ok = m.name(b[:r.end], r.data+2); !ok {
		return false
	}
	first := len(m.Answers)
	m.Answers = append(m.Answers, a)
	if !m.params(first, b[at:r.end]) {
		m.Answers = m.Answers[:first]
		return false
	}
	for i := first + 1; i < len(m.Answers); i++ {
		m.Answers[i].ALPN, m.Answers[i].ECH = m.Answers[first].ALPN, m.Answers[first].ECH
	}
	return true
}

// params reads the service parameters of the record kept at index first.
func (m *Message) params(first int, b []byte) bool {
	m.addresses = false
	for len(b) > 0 {
		if len(b) < 4 {
			return false
		}
		key, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+n || !m.param(first, key, b[4:4+n]) {
			return false
		}
		b = b[4+n:]
	}
	return true
}

// param notes one parameter of the record whose first answer is at index first.
func (m *Message) param(first int, key uint16, value []byte) bool {
	size := 0
	switch key {
	case paramALPN:
		m.Answers[first].ALPN = true
	case paramECH:
		m.Answers[first].ECH = true
	case paramIPv4:
		size = 4
	case paramIPv6:
		size = 16
	}
	if size == 0 {
		return true
	}
	for ; len(value) >= size; value = value[size:] {
		addr, _ := netip.AddrFromSlice(value[:size])
		m.hint(first, addr)
	}
	return len(value) == 0
}

// hint keeps an address: the first one in the record's own answer.
func (m *Message) hint(first int, addr netip.Addr) {
	switch {
	case !m.addresses:
		m.Answers[first].Addr, m.addresses = addr, true
	case len(m.Answers) < MaxAnswers:
		a := m.Answers[first]
		a.Addr = addr
		m.Answers = append(m.Answers, a)
	default:
		m.MoreAnswers++
	}
}
