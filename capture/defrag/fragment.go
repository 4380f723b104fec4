package defrag

// Fragment is one IP fragment. Header and Data may point into a frame: the
// Table copies what it keeps.
type Fragment struct {
	Src, Dst [16]byte // IPv4 addresses mapped (RFC 4291 section 2.5.5.2)
	V6       bool
	Proto    uint8  // of the fragmented data, as this fragment says
	If       uint16 // capture interface: copies seen on two do not mix
	ID       uint32 // identification, 16 bits for IPv4
	Off      int    // of Data in the datagram's data, bytes
	More     bool   // more fragments follow
	Time     int64  // ns since the epoch, capture time

	// Header is the IPv4 header with its options, or the IPv6 header and what
	// follows it up to the fragment header.
	Header []byte
	NextAt int    // IPv6: index in Header of the byte that announces the fragment header
	Data   []byte // as captured
	Len    int    // of the data on the wire; more than len(Data) if the snaplen cut it
}

// key tells datagrams apart. For IPv4 the protocol belongs to it (RFC 791
// section 3.2), for IPv6 it does not (RFC 8200 section 4.5).
type key struct {
	src, dst [16]byte
	id       uint32
	iface    uint16
	proto    uint8
	v6       bool
}

func (f *Fragment) key() key {
	k := key{src: f.Src, dst: f.Dst, id: f.ID, iface: f.If, v6: f.V6}
	if !f.V6 {
		k.proto = f.Proto
	}
	return k
}

// malformed reports whether no sender that keeps to the RFCs made the fragment:
// all but the last come in units of 8 bytes (RFC 791 section 3.2, RFC 8200
// section 4.5), and none is empty unless it is the whole datagram.
func (f *Fragment) malformed() bool {
	switch {
	case f.Off < 0 || f.Off%8 != 0 || f.More && f.Len%8 != 0:
		return true
	case f.Len < 0 || len(f.Data) > f.Len || f.Len == 0 && !f.whole():
		return true
	case f.V6:
		return len(f.Header) < ipv6Len || f.NextAt < 0 || f.NextAt >= len(f.Header)
	}
	return len(f.Header) < ipv4Len
}

// whole reports whether the fragment is a datagram of its own (RFC 6946 calls
// it atomic).
func (f *Fragment) whole() bool { return f.Off == 0 && !f.More }

// fits reports whether a datagram with such a header and so much data can be
// expressed: the length field of IPv4 counts the header, that of IPv6 all but
// its first 40 bytes.
func (f *Fragment) fits(header, data int) bool {
	if f.V6 {
		header -= ipv6Len
	}
	return header+data <= maxSize
}

// maxSize is the largest value of the 16-bit length fields (RFC 791 section
// 3.1, RFC 8200 section 3); jumbograms cannot be fragmented (RFC 2675 section 3).
const maxSize = 1<<16 - 1
