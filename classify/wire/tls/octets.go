package tls

// octets reads the vectors of the TLS presentation language (RFC 8446 section
// 3.4) off the front of a byte string. Nothing is read that is not there.
type octets []byte

func (o *octets) take(n int) (octets, bool) {
	if len(*o) < n {
		return nil, false
	}
	v := (*o)[:n]
	*o = (*o)[n:]
	return v, true
}

func (o *octets) uint8() (uint8, bool) {
	v, ok := o.take(1)
	if !ok {
		return 0, false
	}
	return v[0], true
}

func (o *octets) uint16() (uint16, bool) {
	v, ok := o.take(2)
	if !ok {
		return 0, false
	}
	return uint16(v[0])<<8 | uint16(v[1]), true
}

// vec8 reads a vector with a length of one byte.
func (o *octets) vec8() (octets, bool) {
	n, ok := o.uint8()
	if !ok {
		return nil, false
	}
	return o.take(int(n))
}

// vec16 reads a vector with a length of two bytes.
func (o *octets) vec16() (octets, bool) {
	n, ok := o.uint16()
	if !ok {
		return nil, false
	}
	return o.take(int(n))
}

// vec24 reads a vector with a length of three bytes.
func (o *octets) vec24() (octets, bool) {
	n, ok := o.take(3)
	if !ok {
		return nil, false
	}
	return o.take(uint24(n))
}

// appendUint16s appends the 16-bit numbers of a list to dst and reports
// whether the list had whole numbers only.
func (o octets) appendUint16s(dst []uint16) ([]uint16, bool) {
	for len(o) >= 2 {
		dst = append(dst, uint16(o[0])<<8|uint16(o[1]))
		o = o[2:]
	}
	return dst, len(o) == 0
}

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
