package dns

import "encoding/binary"

// Builders of hand-made messages.

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

// labels writes a name from its labels, root included.
func labels(ls ...string) (out []byte) {
	for _, l := range ls {
		out = append(append(out, byte(len(l))), l...)
	}
	return append(out, 0)
}

// header writes a header with the counts of the four sections.
func header(flags uint16, counts ...uint16) []byte {
	return cat(u16s(0xbeef, flags), u16s(counts...))
}

func question(name []byte, typ uint16) []byte { return cat(name, u16s(typ, 1)) }

func rec(owner []byte, typ uint16, ttl uint32, data []byte) []byte {
	return cat(owner, u16s(typ, 1), binary.BigEndian.AppendUint32(nil, ttl), u16s(uint16(len(data))), data)
}

// again points to the question's name.
var again = []byte{0xc0, 12}

// response is a usual answer: a CNAME, two addresses, OPT with a cookie.
func response() []byte {
	return cat(header(0x8180, 1, 3, 0, 1), question(labels("web", "WhatsApp", "com"), 1),
		rec(again, 5, 3600, cat([]byte{7}, []byte("mmx-ds."), []byte{3}, []byte("cdn"), []byte{0xc0, 16})),
		rec([]byte{0xc0, 46}, 1, 60, []byte{157, 240, 1, 60}),
		rec([]byte{0xc0, 46}, 1, 60, []byte{157, 240, 1, 61}),
		rec([]byte{0}, 41, 0x01008000, cat(u16s(10, 8), make([]byte, 8))))
}
