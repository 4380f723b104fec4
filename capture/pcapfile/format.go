package pcapfile

import (
	"encoding/binary"
	"math/bits"

	"chokepoint/capture"
)

const (
	// plainRecord is the longest captured packet believed whatever the snaplen
	// says: tcpdump's default snaplen, above any GRO or TSO super-packet.
	plainRecord = 256 << 10
	// maxRecord is the longest one believed when the snaplen announces it, and
	// the longest pcapng block: libpcap's and Wireshark's limit for blocks.
	maxRecord = 16 << 20
)

// recordLimit returns the longest captured length that an interface of this
// snaplen may have.
func recordLimit(snaplen uint32) uint32 {
	return max(plainRecord, min(snaplen, maxRecord))
}

// outcome is what a format found at the start of some bytes.
type outcome uint8

const (
	more    outcome = iota // not all there yet
	aside                  // something that is no packet
	packet                 // a packet
	skipped                // a packet of an unsupported link type
)

// format cuts records out of a stream.
type format interface {
	// next reads what starts at b[0]. It returns how long that is; with more, how
	// long at least, which is beyond len(b). For a packet it fills p's Time,
	// Frame (pointing into b), WireLen, If and Link.
	next(b []byte, p *capture.Packet) (size int, what outcome, err error)
	// part names what a stream broke off in that had b of it left.
	part(b []byte) string
	// interfaces lists what was announced so far.
	interfaces() []capture.Interface
}

// order is a byte order as a value, so that reading by it needs no dynamic
// call.
type order struct{ big bool }

func (o order) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if o.big {
		return bits.ReverseBytes16(v)
	}
	return v
}

func (o order) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if o.big {
		return bits.ReverseBytes32(v)
	}
	return v
}

func (o order) u64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if o.big {
		return bits.ReverseBytes64(v)
	}
	return v
}

// trimFCS returns a captured frame and its wire length without the frame check
// sequence of n bytes. A frame that the snaplen cut has lost it, or a part.
func trimFCS(frame []byte, wire, n uint32) ([]byte, uint32) {
	have := uint32(len(frame))
	if n == 0 || n > wire {
		return frame, wire
	}
	if keep := wire - n; have > keep {
		frame = frame[:keep:keep]
	}
	return frame, wire - n
}
