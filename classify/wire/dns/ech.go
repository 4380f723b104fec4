package dns

import (
	"encoding/binary"

	"chokepoint/classify/wire"
)

// Encrypted ClientHello configurations (RFC 9849 section 4). What is kept of
// them is the name that goes into the open: every ClientHello encrypted with
// that key shows it in place of the real one.
const (
	echVersion   = 0xfe0d
	echKeyFixed  = 1 + 2 + 2 // config id, KEM, length of the public key
	echSuite     = 2 + 2     // KDF, AEAD
	echMaxName   = 1         // maximum_name_length
	echConfigFix = 2 + 2     // version, length
)

// ECHPublicName returns the public name of the first configuration in an
// ECHConfigList whose version is known, as it is there: 1 to 255 bytes of list,
// foreign text. It is false when there is none, and when the list breaks its
// format before it.
func ECHPublicName(list []byte) (name []byte, ok bool) {
	if len(list) < 2 || len(list) != 2+int(binary.BigEndian.Uint16(list)) {
		return nil, false
	}
	list = list[2:]
	for len(list) >= echConfigFix {
		version, n := binary.BigEndian.Uint16(list), int(binary.BigEndian.Uint16(list[2:]))
		list = list[echConfigFix:]
		if len(list) < n {
			return nil, false
		}
		if version == echVersion {
			return echContents(list[:n])
		}
		list = list[n:]
	}
	return nil, false
}

// echContents reads the public name out of ECHConfigContents: it stands behind
// the key, the cipher suites and the length to which names are padded, and
// before extensions, which must fill the rest.
func echContents(b []byte) ([]byte, bool) {
	be := binary.BigEndian
	if len(b) < echKeyFixed {
		return nil, false
	}
	key := int(be.Uint16(b[3:]))
	b = b[echKeyFixed:]
	if key == 0 || len(b) < key+2 {
		return nil, false
	}
	suites := int(be.Uint16(b[key:]))
	b = b[key+2:]
	if suites == 0 || suites%echSuite != 0 || len(b) < suites+echMaxName+1 {
		return nil, false
	}
	b = b[suites+echMaxName:]
	n := int(b[0])
	if n == 0 || len(b) < 1+n+2 || len(b) != 1+n+2+int(be.Uint16(b[1+n:])) {
		return nil, false
	}
	return b[1 : 1+n], true
}

// echName returns the public name of a list as a host name, "" when it is none:
// clients ignore such a configuration. What else may be wrong with a list is its
// clients' business too, not a fault of the message that carries it.
func (m *Message) echName(list []byte) string {
	raw, ok := ECHPublicName(list)
	if !ok {
		return ""
	}
	if string(raw) != m.lastECH {
		name, ok := wire.Hostname(string(raw))
		if !ok {
			return ""
		}
		m.lastECH = name
	}
	return m.lastECH
}
