package pcapfile

import (
	"encoding/binary"
	"fmt"

	"chokepoint/capture"
)

// Block types (draft-ietf-opsawg-pcapng section 10.1). All others are stepped
// over: name resolution, decryption secrets, custom blocks.
const (
	blockSection    = magicSection
	blockInterface  = 1
	blockObsolete   = 2 // Packet Block, appendix A
	blockSimple     = 3
	blockStatistics = 5
	blockEnhanced   = 6
)

const (
	blockHeaderLen = 8 // type, total length
	// minBlock is a block without a body: its header and the length again.
	minBlock     = 12
	byteOrderBig = 0x1a2b3c4d // section 4.1, byte-order magic
)

// blocks cuts the blocks of a pcapng stream.
type blocks struct {
	order
	ifs     []capture.Interface // of all sections
	clocks  []clock             // same indexes
	section int                 // index of the present section's first interface
	last    int64               // time of the latest packet, for those without
}

// clock is what reading an interface's packets takes besides its description.
type clock struct {
	resolution
	limit uint32 // longest captured length believed
	fcs   uint32 // bytes of frame check sequence at the end of frames
	known bool   // decode understands the link type
}

func (n *blocks) interfaces() []capture.Interface { return n.ifs }

func (n *blocks) part(b []byte) string {
	if len(b) < blockHeaderLen {
		return "block header"
	}
	switch n.u32(b) {
	case blockSection:
		return "section header"
	case blockInterface:
		return "interface description"
	case blockEnhanced, blockSimple, blockObsolete:
		return "packet block"
	}
	return fmt.Sprintf("block of type %#x", n.u32(b))
}

func (n *blocks) next(b []byte, p *capture.Packet) (int, outcome, error) {
	if len(b) < minBlock {
		return minBlock, more, nil
	}
	kind := n.u32(b)
	if kind == blockSection { // a palindrome: known before its byte order is
		if err := n.setOrder(b); err != nil {
			return 0, more, err
		}
	}
	total := n.u32(b[4:])
	switch {
	case total < minBlock || total%4 != 0:
		return 0, more, fmt.Errorf("block length %d is impossible", total)
	case total > maxRecord:
		return 0, more, fmt.Errorf("block claims %d bytes, more than the %d believed", total, maxRecord)
	}
	size := int(total)
	if len(b) < size {
		return size, more, nil
	}
	if again := n.u32(b[size-4:]); again != total {
		return 0, more, fmt.Errorf("block lengths disagree: %d in front, %d behind", total, again)
	}
	what, err := n.read(kind, b[blockHeaderLen:size-4], p)
	return size, what, err
}

// read takes the body of a block.
func (n *blocks) read(kind uint32, body []byte, p *capture.Packet) (outcome, error) {
	switch kind {
	case blockEnhanced:
		return n.enhanced(body, p)
	case blockSimple:
		return n.simple(body, p)
	case blockObsolete:
		return n.obsolete(body, p)
	case blockSection:
		return aside, n.sectionHeader(body)
	case blockInterface:
		return aside, n.describe(body)
	case blockStatistics:
		return aside, n.statistics(body)
	}
	return aside, nil
}

// setOrder reads the byte order of the section that b starts.
func (n *blocks) setOrder(b []byte) error {
	switch {
	case binary.LittleEndian.Uint32(b[8:]) == byteOrderBig:
		n.big = false
	case binary.BigEndian.Uint32(b[8:]) == byteOrderBig:
		n.big = true
	default:
		return fmt.Errorf("section header has no byte-order magic but % x", b[8:12])
	}
	return nil
}

// sectionHeader begins a section: interface numbers count from 0 again. The
// section's length is not used, as blocks tell their own.
func (n *blocks) sectionHeader(body []byte) error {
	if len(body) < 16 { // byte-order magic, version, section length
		return fmt.Errorf("section header has %d bytes, at least 16 are needed", len(body))
	}
	if major := n.u16(body[4:]); major != 1 {
		return fmt.Errorf("pcapng version %d.%d is not known", major, n.u16(body[6:]))
	}
	n.section = len(n.ifs)
	return nil
}
