package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

// TCP option kinds (IANA tcp-parameters).
const (
	optEnd    = 0
	optNop    = 1
	optMSS    = 2  // RFC 9293 section 3.7.1
	optWScale = 3  // RFC 7323 section 2.2
	optSACKOK = 4  // RFC 2018 section 2
	optSACK   = 5  // RFC 2018 section 3
	optTS     = 8  // RFC 7323 section 3.2
	optMPTCP  = 30 // RFC 8684 section 3

	mptcpRST = 8 // MP_TCPRST subtype, RFC 8684 section 3.6

	// nopNopTS is NOP, NOP and a timestamp option's kind and length, the whole
	// of most segments' options (RFC 7323 appendix A).
	nopNopTS = 0x0101080a
)

// options reads what was captured of the TCP options.
func (d *Decoder) options(p *capture.Packet, b []byte) {
	if len(b) == 12 && binary.BigEndian.Uint32(b) == nopNopTS {
		timestamps(p, b[4:])
		return
	}
	for len(b) > 0 {
		switch b[0] {
		case optEnd:
			return
		case optNop:
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			d.cutOption(p, b)
			return
		}
		size := int(b[1])
		if !option(p, b[0], b[2:size]) {
			p.Has |= capture.BadOpts
			d.Counts[BadTCPOptions]++
		}
		b = b[size:]
	}
}

// cutOption handles an option that is not all in b: the snaplen may have cut
// it, unless its length makes no sense anyhow.
func (d *Decoder) cutOption(p *capture.Packet, b []byte) {
	if p.Has&capture.Clipped != 0 && (len(b) < 2 || b[1] >= 2) {
		return
	}
	p.Has |= capture.BadOpts
	d.Counts[TruncatedTCPOptions]++
}

// option stores one option's value and reports whether its length is right.
// One of a wrong length is skipped, as receivers do (Linux tcp_parse_options).
func option(p *capture.Packet, kind uint8, v []byte) bool {
	switch kind {
	case optMSS:
		if len(v) != 2 {
			return false
		}
		p.MSS = binary.BigEndian.Uint16(v)
		p.Has |= capture.HasMSS
	case optWScale:
		if len(v) != 1 {
			return false
		}
		p.WScale = v[0]
		p.Has |= capture.HasWScale
	case optSACKOK:
		if len(v) != 0 {
			return false
		}
		p.Has |= capture.HasSACKOK
	case optSACK:
		return sackBlocks(p, v)
	case optTS:
		if len(v) != 8 {
			return false
		}
		timestamps(p, v)
	case optMPTCP:
		return mptcp(p, v)
	}
	return true
}

func timestamps(p *capture.Packet, v []byte) {
	p.TSval = binary.BigEndian.Uint32(v)
	p.TSecr = binary.BigEndian.Uint32(v[4:])
	p.Has |= capture.HasTS
}

// sackBlocks stores the blocks; of two SACK options the later one counts.
func sackBlocks(p *capture.Packet, v []byte) bool {
	if len(v) == 0 || len(v)%8 != 0 || len(v) > 8*capture.MaxSACK {
		return false
	}
	n := len(v) / 8
	for i := range p.SACK[:n] {
		p.SACK[i][0] = binary.BigEndian.Uint32(v[8*i:])
		p.SACK[i][1] = binary.BigEndian.Uint32(v[8*i+4:])
	}
	p.NSACK = uint8(n)
	p.Has |= capture.HasSACK
	return true
}

func mptcp(p *capture.Packet, v []byte) bool {
	if len(v) == 0 {
		return false
	}
	p.Has |= capture.HasMPTCP
	if v[0]>>4 != mptcpRST {
		return true
	}
	if len(v) != 2 {
		return false
	}
	p.Has |= capture.HasTCPRST
	return true
}
