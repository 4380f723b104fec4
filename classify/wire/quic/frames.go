package quic

import "encoding/binary"

// Frame types that an Initial may hold (RFC 9000 section 12.4, table 3).
const (
	framePadding = 0x00
	framePing    = 0x01
	frameACK     = 0x02
	frameACKECN  = 0x03
	frameCrypto  = 0x06
	frameClose   = 0x1c // of the transport
)

// eachCrypto calls fn for every CRYPTO frame of an Initial (RFC 9000 section
// 19.6). What may not be in an Initial, or does not parse, ends the walk: where
// the next frame begins is then not known.
func eachCrypto(frames []byte, fn func(offset uint64, data []byte)) {
	b := octets(frames)
	for {
		b = b[zeros(b):]
		if len(b) == 0 {
			return
		}
		typ, ok := b.varint()
		if !ok {
			return
		}
		switch typ {
		case framePadding, framePing:
		case frameACK, frameACKECN:
			ok = skipACK(&b, typ)
		case frameClose:
			ok = skipClose(&b)
		case frameCrypto:
			var offset, n uint64
			var data octets
			if offset, ok = b.varint(); ok {
				if n, ok = b.varint(); ok {
					if data, ok = b.take(n); ok {
						fn(offset, data)
					}
				}
			}
		default:
			return
		}
		if !ok {
			return
		}
	}
}

// zeros returns how many PADDING frames b begins with. They are most of many an
// Initial, which has to fill 1200 bytes (RFC 9000 section 14.1).
func zeros(b []byte) (n int) {
	for len(b)-n >= 8 && binary.LittleEndian.Uint64(b[n:]) == 0 {
		n += 8
	}
	for n < len(b) && b[n] == framePadding {
		n++
	}
	return n
}

// skipACK passes over an ACK frame (RFC 9000 section 19.3).
func skipACK(b *octets, typ uint64) bool {
	if !b.skip(2) { // largest acknowledged, delay
		return false
	}
	ranges, ok := b.varint()
	if !ok || !b.skip(1) || !b.skip(2*ranges) { // ranges < 2^62
		return false
	}
	return typ == frameACK || b.skip(3) // ECN counts
}

// skipClose passes over a CONNECTION_CLOSE frame (RFC 9000 section 19.19).
func skipClose(b *octets) bool {
	if !b.skip(2) { // error code, frame type
		return false
	}
	n, ok := b.varint()
	if ok {
		_, ok = b.take(n)
	}
	return ok
}
