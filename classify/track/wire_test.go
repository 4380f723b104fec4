package track

import "encoding/binary"

// Builders of the messages the streams of these tests carry.

func u16(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }

func cat(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func vec16(b []byte) []byte { return cat(u16(len(b)), b) }

// record is a TLS record (RFC 8446 section 5.1).
func record(kind byte, body []byte) []byte { return cat([]byte{kind, 3, 3}, vec16(body)) }

func handshakeMsg(kind byte, body []byte) []byte {
	return cat([]byte{kind, 0}, vec16(body))
}

// clientHello is a hello message without its record, padded by so many bytes.
func clientHello(name string, pad int) []byte {
	var exts []byte
	if name != "" {
		exts = cat(u16(0), vec16(vec16(cat([]byte{0}, vec16([]byte(name))))))
	}
	exts = cat(exts, u16(16), vec16(vec16([]byte("\x02h2"))))
	if pad > 0 {
		exts = cat(u16(21), vec16(make([]byte, pad)), exts)
	}
	return handshakeMsg(1, cat([]byte{3, 3}, make([]byte, 32), []byte{0}, vec16(u16(0x1301)), []byte{1, 0}, vec16(exts)))
}

// tlsHello is the same in one record.
func tlsHello(name string, pad int) []byte { return record(22, clientHello(name, pad)) }

// serverHello selects TLS 1.2.
func serverHello() []byte {
	return handshakeMsg(2, cat([]byte{3, 3}, make([]byte, 32), []byte{0}, u16(0xc02f), []byte{0}))
}

// split cuts b at the given places.
func split(b []byte, at ...int) (out [][]byte) {
	from := 0
	for _, n := range append(at, len(b)) {
		out = append(out, b[from:n])
		from = n
	}
	return out
}
