package track

import "chokepoint/capture"

// Sequence numbers compare modulo 2^32 (RFC 9293 section 3.4).

func before(a, b uint32) bool { return int32(a-b) < 0 }

func after(a, b uint32) bool { return int32(a-b) > 0 }

// later returns the later of two sequence numbers.
func later(a, b uint32) uint32 {
	if after(a, b) {
		return a
	}
	return b
}

// dataSeq is the sequence number of a segment's first byte of payload: that of
// a SYN comes before it (RFC 7413).
func dataSeq(p *capture.Packet) uint32 {
	if p.Flags&capture.SYN != 0 {
		return p.Seq + 1
	}
	return p.Seq
}

// Ethernet's payload less the fixed headers: what a segment carries where no
// MSS option was seen (RFC 6691).
const defaultMSS = 1460

// maxFrame is the largest payload that is believed to have been one packet on
// the wire where no MSS was seen: a jumbo frame. Larger ones were merged by
// the capturing host (GRO, TSO).
const maxFrame = 9000

// segments returns how many wire segments a payload stands for. mss is what
// the flow negotiated: options count against it (RFC 6691 section 2); 0 unknown.
func segments(p *capture.Packet, mss uint32) uint32 {
	n := p.PayloadLen
	if p.Segs > 1 {
		return uint32(p.Segs)
	}
	if options := uint32(p.OptsLen); mss > options {
		mss -= options
	}
	switch {
	case mss == 0 && n <= maxFrame, mss != 0 && n <= mss:
		return 1
	case mss == 0:
		mss = defaultMSS
	}
	return (n + mss - 1) / mss
}

// merged is what a frame was on the wire.
type merged struct {
	segs  uint32
	size  uint32 // payload of all but the last
	first uint32 // sequence number after the first, whose round trip is measured
}

// apart says what a frame was on the wire.
func apart(p *capture.Packet, mss uint32) merged {
	m := merged{segs: segments(p, mss), size: p.PayloadLen}
	if m.segs < 2 {
		return m
	}
	if full := mss - min(mss, uint32(p.OptsLen)); full > 0 && (p.PayloadLen+full-1)/full == m.segs {
		m.size = full
	} else {
		m.size = (p.PayloadLen + m.segs - 1) / m.segs // the source says otherwise
	}
	return m
}
