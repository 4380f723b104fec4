package pcapfile

import (
	"fmt"
	"strings"

	"chokepoint/capture"
)

// Option codes (draft-ietf-opsawg-pcapng sections 3.5, 4.2 and 4.6).
const (
	optEnd       = 0
	ifName       = 2
	ifTsresol    = 9
	ifFilter     = 11
	ifFcslen     = 13
	ifTsoffset   = 14
	isbIfdrop    = 5 // by the interface, for want of resources
	isbOsdrop    = 7 // by the operating system
	maxInterface = 1 << 16
)

// Longest texts kept of an interface, bytes. A Linux name has 15 (IFNAMSIZ), a
// Windows device path some 60; filters are for people to read.
const (
	maxName   = 128
	maxFilter = 512
)

// describe reads an interface description block (section 4.2).
func (n *blocks) describe(body []byte) error {
	if len(body) < 8 {
		return fmt.Errorf("interface description has %d bytes, at least 8 are needed", len(body))
	}
	if len(n.ifs) == maxInterface {
		return fmt.Errorf("more than %d interfaces", maxInterface)
	}
	snaplen := n.u32(body[4:])
	i := capture.Interface{Link: capture.LinkType(n.u16(body)), Snaplen: snaplen}
	c := clock{resolution: micros, limit: recordLimit(snaplen), known: i.Link.Supported()}
	var offset int64
	err := n.options(body[8:], func(code uint16, v []byte) (err error) {
		switch code {
		case ifName:
			i.Name = text(v, maxName)
		case ifFilter:
			i.Filter = filter(v)
		case ifTsresol:
			if err = length("if_tsresol", v, 1); err == nil {
				c.resolution, err = newResolution(v[0])
			}
		case ifTsoffset:
			if err = length("if_tsoffset", v, 8); err == nil {
				offset = int64(n.u64(v))
			}
		case ifFcslen:
			if err = length("if_fcslen", v, 1); err == nil {
				c.fcs = fcsBytes(v[0])
			}
		}
		return err
	})
	c.resolution = c.withOffset(offset)
	n.ifs, n.clocks = append(n.ifs, i), append(n.clocks, c)
	return err
}

// statistics reads the drop counts of an interface (section 4.6). They count
// from the start of the capture, so the latest block holds.
func (n *blocks) statistics(body []byte) error {
	if len(body) < 12 { // interface, timestamp
		return fmt.Errorf("statistics block has %d bytes, at least 12 are needed", len(body))
	}
	iface, known := n.u32(body), uint32(len(n.ifs)-n.section)
	if iface >= known {
		return fmt.Errorf("statistics of interface %d, but the section describes %d", iface, known)
	}
	var drops [2]uint64
	var seen bool
	err := n.options(body[12:], func(code uint16, v []byte) (err error) {
		if code != isbIfdrop && code != isbOsdrop {
			return nil
		}
		if err = length("isb drop count", v, 8); err == nil {
			drops[(code-isbIfdrop)/2], seen = n.u64(v), true
		}
		return err
	})
	if seen {
		n.ifs[n.section+int(iface)].Dropped = drops[0] + drops[1]
	}
	return err
}

// options calls fn for each option in b (section 3.5). The end-of-options mark
// may be missing.
func (n *blocks) options(b []byte, fn func(code uint16, v []byte) error) error {
	for len(b) >= 4 {
		code, size := n.u16(b), int(n.u16(b[2:]))
		if code == optEnd {
			return nil
		}
		b = b[4:]
		if size > len(b) {
			return fmt.Errorf("option %d claims %d bytes, its block has %d left", code, size, len(b))
		}
		if err := fn(code, b[:size]); err != nil {
			return err
		}
		b = b[min(len(b), (size+3)&^3):] // padded to 32 bits
	}
	return nil
}

func length(name string, v []byte, want int) error {
	if len(v) != want {
		return fmt.Errorf("%s has %d bytes instead of %d", name, len(v), want)
	}
	return nil
}

// text returns a foreign string as valid UTF-8 of at most limit bytes.
func text(v []byte, limit int) string {
	s := string(v[:min(len(v), limit)])
	return strings.ToValidUTF8(strings.TrimRight(s, "\x00"), "\uFFFD")
}

// filter returns the text of if_filter, whose first byte says what it is: 0 a
// libpcap expression, everything else is no text.
func filter(v []byte) string {
	if len(v) == 0 || v[0] != 0 {
		return ""
	}
	return text(v[1:], maxFilter)
}

// fcsBytes reads if_fcslen. The draft means bits, while its example and
// Wireshark mean bytes; no check sequence is longer than four bytes or shorter
// than two, so that both can be told apart.
func fcsBytes(v byte) uint32 {
	switch v {
	case 2, 4:
		return uint32(v)
	case 16, 32:
		return uint32(v) / 8
	}
	return 0
}
