package defrag

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
)

// pieceCost is what a piece costs besides its bytes: three words.
const pieceCost = 24

// piece is a run of bytes of a datagram.
type piece struct {
	off, at, n int // where in the datagram, where in the arrival order, how many
}

func (p piece) end() int { return p.off + p.n }

// datagram is one being put together.
type datagram struct {
	key    key
	first  int64 // time of the first fragment to arrive
	header []byte
	nextAt int
	proto  uint8
	data   []byte  // of all pieces, as they came
	pieces []piece // by offset, disjoint
	have   int     // bytes in pieces
	total  int     // bytes of data in all, -1 until the last fragment is there
	dead   bool    // given up: further fragments are ignored until it expires
	older  *datagram
	newer  *datagram
}

// at returns the index of the first piece that ends behind off.
func (d *datagram) at(off int) int {
	return sort.Search(len(d.pieces), func(i int) bool { return d.pieces[i].end() > off })
}

// insert adds the bytes of f that no piece covers yet.
func (d *datagram) insert(f *Fragment) {
	from, end := f.Off, f.Off+len(f.Data)
	for i := d.at(from); from < end; i++ {
		until := end
		if i < len(d.pieces) {
			until = min(end, d.pieces[i].off)
		}
		if until > from {
			d.pieces = slices.Insert(d.pieces, i, piece{off: from, at: len(d.data), n: until - from})
			d.data = append(d.data, f.Data[from-f.Off:until-f.Off]...)
			d.have += until - from
			from = until
		} else {
			from = d.pieces[i].end()
		}
	}
}

// overlaps reports whether f touches bytes that are there already, and whether
// it does nothing but repeat them.
func (d *datagram) overlaps(f *Fragment) (touches, repeats bool) {
	end, repeated := f.Off+len(f.Data), 0
	for i := d.at(f.Off); i < len(d.pieces) && d.pieces[i].off < end; i++ {
		p := d.pieces[i]
		touches = true
		from, to := max(p.off, f.Off), min(p.end(), end)
		if bytes.Equal(d.data[p.at+from-p.off:p.at+to-p.off], f.Data[from-f.Off:to-f.Off]) {
			repeated += to - from
		}
	}
	return touches, touches && repeated == len(f.Data)
}

// reach returns where the bytes so far end.
func (d *datagram) reach() int {
	if len(d.pieces) == 0 {
		return 0
	}
	return d.pieces[len(d.pieces)-1].end()
}

// assemble returns the complete datagram in memory of its own.
func (d *datagram) assemble() []byte {
	b := make([]byte, 0, len(d.header)+d.total)
	b = append(b, d.header...)
	for _, p := range d.pieces {
		b = append(b, d.data[p.at:p.at+p.n]...)
	}
	finish(b, len(d.header), d.key.v6, d.nextAt, d.proto)
	return b
}

// finish makes the header that of an unfragmented datagram: true length, no
// offset, no more-fragments flag, and for IPv6 the protocol of the data where
// the fragment header was announced. Don't-fragment stays as it was sent.
func finish(b []byte, header int, v6 bool, nextAt int, proto uint8) {
	if v6 {
		binary.BigEndian.PutUint16(b[4:], uint16(len(b)-ipv6Len))
		b[nextAt] = proto
		return
	}
	good := checksum(b[:header]) == 0
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	b[6] &= 0xc0
	b[7] = 0
	if good { // a wrong one stays wrong, so that it can be told
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], checksum(b[:header]))
	}
}

// checksum is the Internet checksum (RFC 1071); over a header with its right
// checksum it is 0.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	sum = sum>>16 + sum&0xffff
	return ^uint16(sum>>16 + sum)
}
