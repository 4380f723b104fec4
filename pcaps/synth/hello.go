package synth

import (
	"encoding/binary"
	"slices"
)

// TLS numbers (IANA TLS parameters; RFC 8446 appendix B).
const (
	recordHandshake = 22
	recordCCS       = 20
	recordData      = 23

	extServerName   = 0
	extGroups       = 10
	extALPN         = 16
	extPadding      = 21
	extVersions     = 43
	extKeyShare     = 51
	extQUIC         = 57
	extECH          = 0xfe0d
	groupX25519     = 29
	groupMLKEM      = 0x11ec // X25519MLKEM768, draft-ietf-tls-ecdhe-mlkem
	shareX25519     = 32
	shareMLKEM      = 1216 // of a client: 1184 bytes of ML-KEM-768 and 32 of X25519
	shareMLKEMReply = 1120 // of a server: 1088 and 32
	// paddedHello is the length RFC 7685 hellos are padded to, with the record
	// header: 512 bytes of message confused some servers.
	paddedHello = 517
	maxRecord   = 1 << 14
)

// greases are values reserved to keep servers tolerant (RFC 8701).
var greases = []uint16{0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a, 0x5a5a, 0x6a6a, 0x7a7a, 0x8a8a, 0x9a9a, 0xaaaa, 0xbaba, 0xcaca, 0xdada, 0xeaea, 0xfafa}

// ClientHello describes the hello of a TLS 1.3 client.
type ClientHello struct {
	Name        string   // server name
	ALPN        []string //
	PostQuantum bool     // with an X25519MLKEM768 share: about 1.7 kB, two segments
	ECH         bool     // an outer hello; GREASE looks the same (RFC 9849 section 6.2)
}

// Bytes writes the hello as one record, in the layout of a Chromium client.
func (h ClientHello) Bytes(s *Sim) []byte {
	g := func() uint16 { return greases[s.Rand.IntN(len(greases))] }
	group, first, last := g(), g(), g()
	for last == first {
		last = g()
	}
	groups, shares := []uint16{group}, slices.Concat(u16s(group), vec16([]byte{0}))
	if h.PostQuantum {
		groups = append(groups, groupMLKEM)
		shares = slices.Concat(shares, u16s(groupMLKEM), vec16(s.Bytes(shareMLKEM)))
	}
	groups = append(groups, groupX25519, 23, 24)
	shares = slices.Concat(shares, u16s(groupX25519), vec16(s.Bytes(shareX25519)))
	exts := slices.Concat(
		ext(first), ext(extServerName, vec16([]byte{0}, vec16([]byte(h.Name)))), ext(23), ext(0xff01, []byte{0}),
		ext(extGroups, vec16(u16s(groups...))), ext(11, vec8([]byte{0})), ext(35), h.alpn(), ext(5, []byte{1, 0, 0, 0, 0}),
		ext(13, vec16(u16s(0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601))), ext(18), ext(extKeyShare, vec16(shares)),
		ext(45, vec8([]byte{1})), ext(extVersions, vec8(u16s(g(), 0x304, 0x303))), ext(27, vec8(u16s(2))), h.ech(s), ext(last, []byte{0}))
	suites := u16s(g(), 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35)
	fixed := slices.Concat(u16s(0x303), s.Bytes(32), vec8(s.Bytes(32)), vec16(suites), vec8([]byte{0}))
	const around = 5 + 4 + 2 // record header, message header, length of the extensions
	if n := paddedHello - around - len(fixed) - len(exts) - 4; n >= 0 {
		exts = append(exts, ext(extPadding, make([]byte, n))...)
	}
	msg := slices.Concat([]byte{1}, vec24(fixed, vec16(exts)))
	return slices.Concat([]byte{recordHandshake, 3, 1}, vec16(msg))
}

// ech is ECHClientHello of an outer hello: HKDF-SHA256, AES-128-GCM (RFC 9849
// section 5).
func (h ClientHello) ech(s *Sim) []byte {
	if !h.ECH {
		return nil
	}
	return ext(extECH, []byte{0, 0, 1, 0, 1, byte(s.Rand.Uint32())}, vec16(s.Bytes(32)), vec16(s.Bytes(208)))
}

func (h ClientHello) alpn() []byte {
	if len(h.ALPN) == 0 {
		return nil
	}
	var list []byte
	for _, n := range h.ALPN {
		list = append(list, vec8([]byte(n))...)
	}
	return ext(extALPN, vec16(list))
}

// serverFlight is the ServerHello and the rest of the server's first flight,
// encrypted: the size of a chain of two certificates.
func serverFlight(s *Sim, h ClientHello) []byte {
	hello := slices.Concat([]byte{recordHandshake, 3, 3}, vec16(serverHello(s, h.PostQuantum, 32)))
	return slices.Concat(hello, []byte{recordCCS, 3, 3, 0, 1, 1}, Records(s, 2400+s.Rand.IntN(700)), Records(s, 281+17), Records(s, 36+17))
}

// serverHello is the message; session is how long the session id is that it
// repeats.
func serverHello(s *Sim, pq bool, session int) []byte {
	group, n := uint16(groupX25519), shareX25519
	if pq {
		group, n = groupMLKEM, shareMLKEMReply
	}
	exts := slices.Concat(ext(extVersions, u16s(0x304)), ext(extKeyShare, u16s(group), vec16(s.Bytes(n))))
	return slices.Concat([]byte{2}, vec24(u16s(0x303), s.Bytes(32), vec8(s.Bytes(session)), u16s(0x1301), []byte{0}, vec16(exts)))
}

// clientFinished is the client's second flight.
func clientFinished(s *Sim) []byte {
	return slices.Concat([]byte{recordCCS, 3, 3, 0, 1, 1}, Records(s, 36+17))
}

// Records returns n bytes of encrypted content in records as large as they may
// be, headers not counted.
func Records(s *Sim, n int) (out []byte) {
	for n > 0 {
		k := min(n, maxRecord+17)
		out = slices.Concat(out, []byte{recordData, 3, 3}, vec16(s.Bytes(k)))
		n -= k
	}
	return out
}

func ext(typ uint16, data ...[]byte) []byte { return slices.Concat(u16s(typ), vec16(data...)) }

func u16s(vs ...uint16) (out []byte) {
	for _, v := range vs {
		out = binary.BigEndian.AppendUint16(out, v)
	}
	return out
}

func vec8(parts ...[]byte) []byte {
	b := slices.Concat(parts...)
	return append([]byte{byte(len(b))}, b...)
}

func vec16(parts ...[]byte) []byte {
	b := slices.Concat(parts...)
	return append(u16s(uint16(len(b))), b...)
}

func vec24(parts ...[]byte) []byte {
	b := slices.Concat(parts...)
	return append([]byte{byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
}
