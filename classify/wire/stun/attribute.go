package stun

import (
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// maxText is the longest a text attribute may be, bytes: 509 of USERNAME, 763
// of REALM, NONCE and SOFTWARE (RFC 8489 sections 14.3, 14.9, 14.10, 14.14). The
// larger is asked of all.
const maxText = 763

// fingerprintXor is what a FINGERPRINT's CRC-32 is combined with (RFC 8489
// section 14.7): "STUN" in ASCII.
const fingerprintXor = 0x5354554e

// attribute reads one with the header at off and the value v; last says whether
// it ends the message. False: the value breaks the rules. Behind an integrity
// attribute only a FINGERPRINT counts, for the receiver ignores the others (RFC
// 8489 section 14.5); of several of a type the first counts (section 14).
func (m *Message) attribute(b []byte, off int, v []byte, last bool) bool {
	typ := m.translate(binary.BigEndian.Uint16(b[off:]))
	switch typ {
	case AttrFingerprint:
		return m.fingerprint(b, off, v, last)
	case AttrIntegrity:
		// HMAC-SHA1; Microsoft has SHA-256 under the same number ([MS-TURN]
		// section 2.2.2.7).
		m.Integrity, m.sealed = true, true
		return len(v) == 20 || m.Microsoft && len(v) == 32
	case AttrIntegritySHA256:
		// May be cut short by the sender (RFC 8489 section 14.6).
		m.Integrity, m.sealed = true, true
		return len(v) >= 16 && len(v) <= 32 && len(v)%4 == 0
	}
	if m.sealed {
		return true
	}
	if to, xor := m.address(typ); to != nil {
		return keepAddress(to, b, v, xor)
	}
	if typ < 0x8000 {
		return m.required(typ, b, v)
	}
	return m.optional(typ, v)
}

// address returns where an address attribute goes and whether it is disguised.
func (m *Message) address(typ uint16) (to *netip.AddrPort, xor bool) {
	switch typ {
	case AttrMappedAddress:
		return &m.Mapped, false
	case AttrXorMapped, AttrXorMappedOld:
		return &m.XorMapped, true
	case AttrXorRelayed:
		return &m.Relayed, true
	case AttrChangedAddress, AttrOtherAddress:
		return &m.Other, false
	case AttrAlternateServer:
		return &m.AlternateServer, false
	}
	return nil, false
}

// required reads attributes a receiver must understand (below 0x8000).
func (m *Message) required(typ uint16, b, v []byte) bool {
	switch typ {
	case AttrXorPeer:
		return m.peer(b, v)
	case AttrUsername:
		return keepText(&m.Username, &m.names, v)
	case AttrRealm:
		return keepText(&m.Realm, &m.realms, v)
	case AttrNonce:
		m.Nonce = true
		return len(v) <= maxText
	case AttrErrorCode:
		return m.errorCode(v)
	case AttrData:
		if m.Data == nil {
			m.Data = v
		}
	case AttrLifetime:
		return keep32(&m.Lifetime, v)
	case AttrPriority:
		return keep32(&m.Priority, v)
	case AttrChannelNumber:
		// A number and two reserved bytes (RFC 8656 section 18.1).
		if len(v) != 4 {
			return false
		}
		if m.Channel == 0 {
			m.Channel = binary.BigEndian.Uint16(v)
		}
	case AttrUseCandidate:
		m.UseCandidate = true
		return len(v) == 0
	}
	return true
}

// optional reads attributes a receiver may ignore (0x8000 and above).
func (m *Message) optional(typ uint16, v []byte) bool {
	switch typ {
	case AttrSoftware:
		return keepText(&m.Software, &m.wares, v)
	case AttrControlling, AttrControlled:
		if len(v) != 8 {
			return false
		}
		if m.Controlling || m.Controlled {
			return true
		}
		m.Controlling, m.Controlled = typ == AttrControlling, typ == AttrControlled
		m.TieBreaker = binary.BigEndian.Uint64(v)
	}
	return true
}

func keepText(to *string, r *recent, v []byte) bool {
	if len(v) > maxText {
		return false
	}
	if *to == "" {
		*to = r.keep(v)
	}
	return true
}

func keep32(to *uint32, v []byte) bool {
	if len(v) != 4 {
		return false
	}
	if *to == 0 {
		*to = binary.BigEndian.Uint32(v)
	}
	return true
}

// errorCode reads the class, 3 to 6, and number, below 100, in the low bits of
// the third and in the fourth byte (RFC 8489 section 14.8).
func (m *Message) errorCode(v []byte) bool {
	if len(v) < 4 || len(v) > 4+maxText {
		return false
	}
	class, number := int(v[2]&7), int(v[3])
	if class < 3 || class > 6 || number > 99 {
		return false
	}
	if m.ErrorCode == 0 {
		m.ErrorCode = 100*class + number
	}
	return true
}

// peer keeps one of several peers: CreatePermission may name many (RFC 8656
// section 10.1).
func (m *Message) peer(b, v []byte) bool {
	var a netip.AddrPort
	if !keepAddress(&a, b, v, true) {
		return false
	}
	if len(m.Peers) == MaxPeers {
		m.MorePeers++
	} else {
		m.Peers = append(m.Peers, a)
	}
	return true
}

// keepAddress reads a family, a port and an address (RFC 8489 section 14.1), if
// there is none yet. Disguised ones are combined with the cookie and transaction
// id, which in a classic message stand in the same place (section 14.2).
func keepAddress(to *netip.AddrPort, b, v []byte, xor bool) bool {
	if len(v) < 4 {
		return false
	}
	family, size := v[1], len(v)-4
	if !(family == 1 && size == 4 || family == 2 && size == 16) {
		return false
	}
	if to.IsValid() {
		return true
	}
	port := binary.BigEndian.Uint16(v[2:])
	var raw [16]byte
	copy(raw[:], v[4:])
	if xor {
		port ^= binary.BigEndian.Uint16(b[4:])
		for i := range size {
			raw[i] ^= b[4+i]
		}
	}
	addr := netip.AddrFrom16(raw)
	if size == 4 {
		addr = netip.AddrFrom4([4]byte(raw[:4]))
	}
	*to = netip.AddrPortFrom(addr, port)
	return true
}

// fingerprint checks the sum over the message before the attribute. The length
// in the header counts the attribute, as it must be the last.
func (m *Message) fingerprint(b []byte, off int, v []byte, last bool) bool {
	if len(v) != 4 {
		m.Fingerprint = Bad
		return false
	}
	if m.Fingerprint != Absent {
		return true
	}
	m.Fingerprint = Bad
	if last && crc32.ChecksumIEEE(b[:off])^fingerprintXor == binary.BigEndian.Uint32(v) {
		m.Fingerprint = Good
	}
	return true
}
