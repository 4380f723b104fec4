package tls

import "encoding/binary"

// Builders of hand-made messages. Each returns the bytes of one structure.

func cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func u16s(vs ...uint16) (out []byte) {
	for _, v := range vs {
		out = binary.BigEndian.AppendUint16(out, v)
	}
	return out
}

func vec8(parts ...[]byte) []byte {
	b := cat(parts...)
	return append([]byte{byte(len(b))}, b...)
}

func vec16(parts ...[]byte) []byte {
	b := cat(parts...)
	return append(u16s(uint16(len(b))), b...)
}

func vec24(parts ...[]byte) []byte {
	b := cat(parts...)
	return append([]byte{byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
}

func ext(typ uint16, data ...[]byte) []byte { return cat(u16s(typ), vec16(data...)) }

func sni(name string) []byte { return ext(extServerName, vec16([]byte{0}, vec16([]byte(name)))) }

func alpn(names ...string) []byte {
	var list []byte
	for _, n := range names {
		list = append(list, vec8([]byte(n))...)
	}
	return ext(extALPN, vec16(list))
}

func share(group uint16, n int) []byte { return cat(u16s(group), vec16(make([]byte, n))) }

// hello builds a ClientHello message; nil exts leaves the block out.
func hello(version uint16, suites []uint16, exts ...[]byte) []byte {
	body := cat(u16s(version), counting(32), vec8(counting(32)), vec16(u16s(suites...)), vec8([]byte{0}))
	if exts != nil {
		body = cat(body, vec16(exts...))
	}
	return cat([]byte{msgClientHello}, vec24(body))
}

// serverHello builds a ServerHello message.
func serverHello(version uint16, random []byte, suite uint16, exts ...[]byte) []byte {
	body := cat(u16s(version), random, vec8(counting(32)), u16s(suite), []byte{0})
	if exts != nil {
		body = cat(body, vec16(exts...))
	}
	return cat([]byte{msgServerHello}, vec24(body))
}

// counting returns n bytes 0, 1, 2 ...
func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func record(typ byte, body []byte) []byte {
	return cat([]byte{typ, 3, 3}, vec16(body))
}

// records cuts a handshake message into records of n bytes.
func records(msg []byte, n int) (out []byte) {
	for len(msg) > n {
		out = append(out, record(typeHandshake, msg[:n])...)
		msg = msg[n:]
	}
	return append(out, record(typeHandshake, msg)...)
}

// chrome is a hello like those of Chrome 131 and later: GREASE everywhere,
// X25519MLKEM768, GREASE ECH.
func chrome(name string) []byte {
	return hello(0x0303,
		[]uint16{0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35},
		ext(0x4a4a), sni(name), ext(23), ext(0xff01, []byte{0}),
		ext(extSupportedGroups, vec16(u16s(0x6a6a, 0x11ec, 29, 23, 24))),
		ext(extPointFormats, vec8([]byte{0})), ext(35), alpn("h2", "http/1.1"),
		ext(5, []byte{1, 0, 0, 0, 0}), ext(extSigAlgs, vec16(u16s(0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601))), ext(18),
		ext(extKeyShare, vec16(share(0x6a6a, 1), share(0x11ec, 1216), share(29, 32))),
		ext(45, vec8([]byte{1})), ext(extSupportedVersions, vec8(u16s(0x8a8a, 0x0304, 0x0303))),
		ext(27, vec8(u16s(2))), ext(0x44cd, vec16(vec8([]byte("h2")))),
		ext(extECH, []byte{0}, u16s(1, 1), []byte{0x7b}, vec16(make([]byte, 32)), vec16(make([]byte, 144))),
		ext(0xcaca, []byte{0}))
}
