package dns

import (
	"encoding/binary"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Sizes on the wire, bytes (RFC 1035 section 4.1).
const (
	headerLen   = 12
	minQuestion = 1 + 2 + 2     // root name, type, class
	recordFixed = 2 + 2 + 4 + 2 // type, class, TTL, length; a name of at least one byte goes before
)

// Sections of a message after the question.
const (
	answer = iota
	authority
	additional
)

// plausible reports whether a header's counts fit into a message of n bytes.
func plausible(h []byte, n int) bool {
	be := binary.BigEndian
	questions := int(be.Uint16(h[4:]))
	records := int(be.Uint16(h[6:])) + int(be.Uint16(h[8:])) + int(be.Uint16(h[10:]))
	if h[2]&0x02 != 0 {
		records = 0 // a truncated answer may count records it left out
	}
	return headerLen+questions*minQuestion+records*(1+recordFixed) <= n
}

// parse reads the message b of n bytes on the wire, n >= len(b).
func (m *Message) parse(b []byte, n int) Status {
	m.reset()
	if len(b) < headerLen || !plausible(b, n) {
		return NotDNS
	}
	m.header(b)
	off, ok := m.questions(b)
	for section := answer; ok && section <= additional; section++ {
		count := binary.BigEndian.Uint16(b[6+2*section:])
		for ; ok && count > 0; count-- {
			if m.TC && off == n {
				break // counted, left out
			}
			off, ok = m.record(b, off, section)
		}
	}
	switch {
	case ok:
		m.Trailing = n - off
		return Done
	case len(b) < n:
		m.Clipped, m.FaultAt = true, off
		return Done
	}
	m.FaultAt = off
	return Malformed
}

func (m *Message) header(b []byte) {
	m.ID = binary.BigEndian.Uint16(b)
	m.Response = b[2]&0x80 != 0
	m.Opcode = b[2] >> 3 & 15
	m.AA, m.TC, m.RD = b[2]&4 != 0, b[2]&2 != 0, b[2]&1 != 0
	m.RA, m.AD, m.CD = b[3]&0x80 != 0, b[3]&0x20 != 0, b[3]&0x10 != 0
	m.Rcode = uint16(b[3] & 15)
	m.Questions = int(binary.BigEndian.Uint16(b[4:]))
}

// questions reads the first question and passes over the others. Like all
// steps it returns the offset it came to; when it fails, where it began.
func (m *Message) questions(b []byte) (int, bool) {
	off := headerLen
	for i := range m.Questions {
		end, ok := skipName(b, off)
		if !ok || len(b) < end+4 {
			return off, false
		}
		if i == 0 {
			if m.raw, _, ok = appendName(m.raw[:0], b, off); !ok {
				return off, false
			}
			m.question()
			m.QType = binary.BigEndian.Uint16(b[end:])
			m.QClass = binary.BigEndian.Uint16(b[end+2:])
		}
		off = end + 4
	}
	return off, true
}

// question keeps the name in raw, reusing the strings of the last message.
func (m *Message) question() {
	if string(m.raw) == m.last {
		m.QNameRaw, m.QName = m.last, m.lastLow
		return
	}
	m.QNameRaw = string(m.raw)
	m.QName = lower(m.QNameRaw)
}

// record reads one resource record.
func (m *Message) record(b []byte, off, section int) (int, bool) {
	at, ok := skipName(b, off)
	if !ok || len(b) < at+recordFixed {
		return off, false
	}
	r := rr{
		owner: off, typ: binary.BigEndian.Uint16(b[at:]), ttl: binary.BigEndian.Uint32(b[at+4:]),
		data: at + recordFixed, end: at + recordFixed + int(binary.BigEndian.Uint16(b[at+8:])),
	}
	if len(b) < r.end {
		return off, false
	}
	switch {
	case section == answer:
		ok = m.answer(b, r)
	case section == authority && dnsmessage.Type(r.typ) == dnsmessage.TypeSOA && !m.HasSOA:
		m.SOAOwner, m.HasSOA = m.name(b, off)
		ok = m.HasSOA
	case section == additional && dnsmessage.Type(r.typ) == dnsmessage.TypeOPT:
		m.opt(b[r.data:r.end], r.ttl)
	}
	if !ok {
		return off, false
	}
	return r.end, true
}

// name reads a name in lower case. Owners mostly repeat the question or the
// target of the record before, whose strings are used again.
func (m *Message) name(b []byte, off int) (string, bool) {
	if m.QName != "" && len(b) >= off+2 && b[off] == pointer && b[off+1] == headerLen {
		return m.QName, true
	}
	var ok bool
	if m.raw, _, ok = appendName(m.raw[:0], b, off); !ok {
		return "", false
	}
	if string(m.raw) == m.QNameRaw {
		return m.QName, true
	}
	for i, c := range m.raw {
		if c >= 'A' && c <= 'Z' {
			m.raw[i] = c + 'a' - 'A'
		}
	}
	if n := len(m.Answers); n > 0 {
		if a := &m.Answers[n-1]; string(m.raw) == a.Target {
			return a.Target, true
		} else if string(m.raw) == a.Name {
			return a.Name, true
		}
	}
	return string(m.raw), true
}

// lower is strings.ToLower for ASCII, which presentation form is.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			return strings.ToLower(s)
		}
	}
	return s
}
