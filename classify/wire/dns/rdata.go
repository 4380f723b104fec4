package dns

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// typeDNAME redirects a subtree (RFC 6672 section 2.1); dnsmessage has no name
// for it.
const typeDNAME = 39

// rr is a resource record by offsets into its message.
type rr struct {
	owner     int
	typ       uint16
	ttl       uint32
	data, end int
}

// answer keeps a record of the answer section and reports whether its data
// fits its type.
func (m *Message) answer(b []byte, r rr) bool {
	if len(m.Answers) == MaxAnswers {
		m.MoreAnswers++
		return true
	}
	owner, ok := m.name(b, r.owner)
	if !ok {
		return false
	}
	a := Answer{Name: owner, Type: r.typ, TTL: r.ttl}
	data := b[r.data:r.end]
	switch dnsmessage.Type(r.typ) {
	case dnsmessage.TypeA, dnsmessage.TypeAAAA:
		a.Addr, ok = address(data, dnsmessage.Type(r.typ) == dnsmessage.TypeA)
	case dnsmessage.TypeCNAME, dnsmessage.TypeNS, dnsmessage.TypePTR, typeDNAME:
		a.Target, ok = m.name(b[:r.end], r.data)
	case dnsmessage.TypeTXT:
		a.Target, ok = text(data)
	case dnsmessage.TypeSVCB, dnsmessage.TypeHTTPS:
		return m.service(b, r, a)
	}
	if ok {
		m.Answers = append(m.Answers, a)
	}
	return ok
}

// address reads the data of an A or AAAA record (RFC 1035 section 3.4.1, RFC
// 3596 section 2.2).
func address(data []byte, v4 bool) (netip.Addr, bool) {
	if v4 && len(data) != 4 || !v4 && len(data) != 16 {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(data)
}

// text escapes the first character-string of a TXT record (RFC 1035 section
// 3.3.14).
func text(data []byte) (string, bool) {
	if len(data) == 0 || len(data) < 1+int(data[0]) {
		return "", false
	}
	return string(appendLabel(nil, data[1:1+int(data[0])])), true
}

// EDNS option codes (IANA DNS EDNS0 Option Codes).
const (
	optECS    = 8  // RFC 7871 section 6
	optCookie = 10 // RFC 7873 section 4
	optEDE    = 15 // RFC 8914 section 2
)

// opt notes what an OPT record carries; of its TTL field the top byte extends
// the response code (RFC 6891 section 6.1.3).
func (m *Message) opt(data []byte, ttl uint32) {
	if !m.HasOPT {
		m.Rcode |= uint16(ttl>>24) << 4
	}
	m.HasOPT = true
	for len(data) >= 4 {
		code, n := binary.BigEndian.Uint16(data), int(binary.BigEndian.Uint16(data[2:]))
		if len(data) < 4+n {
			return
		}
		value := data[4 : 4+n]
		switch code {
		case optECS:
			m.HasECS = true
		case optCookie:
			m.HasCookie = true
		case optEDE:
			if n >= 2 && !m.HasEDE {
				m.HasEDE, m.EDE = true, binary.BigEndian.Uint16(value)
			}
		}
		data = data[4+n:]
	}
}
