package quic

import "encoding/binary"

// octets reads fields off the front of a byte string. Nothing is read that is
// not there.
type octets []byte

func (o *octets) take(n uint64) (octets, bool) {
	if uint64(len(*o)) < n {
		return nil, false
	}
	v := (*o)[:n]
	*o = (*o)[n:]
	return v, true
}

func (o *octets) uint32() (uint32, bool) {
	v, ok := o.take(4)
	if !ok {
		return 0, false
	}
	return binary.BigEndian.Uint32(v), true
}

// vec8 reads a vector with a length of one byte.
func (o *octets) vec8() (octets, bool) {
	n, ok := o.take(1)
	if !ok {
		return nil, false
	}
	return o.take(uint64(n[0]))
}

// varint reads a variable-length integer: the two highest bits say whether it
// has 1, 2, 4 or 8 bytes (RFC 9000 section 16).
func (o *octets) varint() (uint64, bool) {
	if len(*o) == 0 {
		return 0, false
	}
	b, ok := o.take(1 << ((*o)[0] >> 6))
	if !ok {
		return 0, false
	}
	n := uint64(b[0] & 0x3f)
	for _, c := range b[1:] {
		n = n<<8 | uint64(c)
	}
	return n, true
}

// skip reads n variable-length integers.
func (o *octets) skip(n uint64) bool {
	for ; n > 0; n-- { // each takes a byte at least, or ends the loop
		if _, ok := o.varint(); !ok {
			return false
		}
	}
	return true
}
