package dns

import (
	"encoding/binary"
	"net/netip"
)

// Service parameter keys (RFC 9460 section 14.3.2).
const (
	paramALPN = 1
	paramPort = 3
	paramIPv4 = 4
	paramECH  = 5
	paramIPv6 = 6
)

// maxProtocols bounds the protocol ids kept of one record.
const maxProtocols = 8

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
	a.Priority = binary.BigEndian.Uint16(b[r.data:])
	first := len(m.Answers)
	m.Answers = append(m.Answers, a)
	if a.Priority == 0 {
		return true // an alias; its parameters must be ignored (section 2.4.2)
	}
	more := m.MoreAnswers
	if !m.params(first, b[at:r.end]) {
		m.Answers, m.MoreAnswers = m.Answers[:first], more
		return false
	}
	for i := first + 1; i < len(m.Answers); i++ {
		addr := m.Answers[i].Addr
		m.Answers[i] = m.Answers[first]
		m.Answers[i].Addr = addr
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
func (m *Message) param(first int, key uint16, value []byte) (ok bool) {
	a := &m.Answers[first]
	switch key {
	case paramALPN:
		a.ALPN = true
		a.Protocols, ok = m.protocols(value)
		return ok
	case paramPort:
		if len(value) != 2 {
			return false
		}
		a.Port = binary.BigEndian.Uint16(value)
	case paramECH:
		a.ECH, a.ECHName = true, m.echName(value)
	case paramIPv4:
		return m.hints(first, value, 4)
	case paramIPv6:
		return m.hints(first, value, 16)
	}
	return true
}

// hints keeps the addresses of size bytes each that a parameter lists.
func (m *Message) hints(first int, value []byte, size int) bool {
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

// protocols lists the ids of an alpn parameter (RFC 9460 section 7.1.1: each
// after its length, none of them empty). The usual lists cost no allocation.
func (m *Message) protocols(value []byte) (string, bool) {
	m.raw = m.raw[:0]
	for kept := 0; len(value) > 0; kept++ {
		n := int(value[0])
		if n == 0 || len(value) < 1+n {
			return "", false
		}
		if kept < maxProtocols {
			if kept > 0 {
				m.raw = append(m.raw, ',')
			}
			m.raw = appendProtocol(m.raw, value[1:1+n])
		}
		value = value[1+n:]
	}
	switch string(m.raw) {
	case "h2":
		return "h2", true
	case "h3":
		return "h3", true
	case "h3,h2":
		return "h3,h2", true
	case "h2,h3":
		return "h2,h3", true
	case "dot":
		return "dot", true
	}
	return string(m.raw), true
}

// appendProtocol appends a protocol id as it is written in a list (RFC 9460
// appendix A.1).
func appendProtocol(dst, id []byte) []byte {
	for _, c := range id {
		switch {
		case c == ',' || c == '\\':
			dst = append(dst, '\\', c)
		case c > ' ' && c < 0x7f:
			dst = append(dst, c)
		default:
			dst = append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
	}
	return dst
}
