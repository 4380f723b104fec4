//go:build linux

package replay

import (
	"encoding/binary"
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

const (
	etherLen = 14
	// minFrame is the least that a frame must have to pass an Ethernet device.
	minFrame = etherLen
)

// nobody's hardware addresses: locally administered, of no interface, so that
// neither end takes a frame for its own.
var (
	nobody  = [6]byte{0x02, 0, 0, 0, 0, 0x98}
	noOther = [6]byte{0x02, 0, 0, 0, 0, 0x99}
)

// Frames makes frames of packets, at times that are slower or faster by a factor.
// What a capture cut off is zero. Packets of hosts in local leave the watched end.
// Link types without Ethernet header get one; others are left out and counted.
func Frames(packets []capture.Packet, local map[netip.Addr]bool, faster float64) (frames []Frame, left int) {
	var d decode.Decoder
	var first int64
	for i := range packets {
		p := packets[i]
		p.Has = 0
		d.Decode(&p)
		b := ether(&p)
		if b == nil {
			left++
			continue
		}
		if first == 0 {
			first = p.Time
		}
		frames = append(frames, Frame{
			At:  time.Duration(float64(p.Time-first) / faster),
			Out: p.Has&capture.HasIP != 0 && local[p.Key.SrcAddr()], Bytes: b,
		})
	}
	return frames, left
}

// ether returns a packet's frame as it was on the wire, addressed to nobody.
func ether(p *capture.Packet) []byte {
	frame := p.Frame
	switch p.Link {
	case capture.LinkEthernet:
	case capture.LinkRaw, capture.LinkIPv4, capture.LinkIPv6:
		kind := uint16(0x0800)
		if p.Has&capture.HasIPv6 != 0 {
			kind = 0x86dd
		}
		frame = append(binary.BigEndian.AppendUint16(make([]byte, 12, etherLen), kind), frame...)
	default:
		return nil
	}
	if len(frame) < minFrame {
		return nil
	}
	wire := int(p.WireLen) + len(frame) - len(p.Frame)
	b := make([]byte, max(wire, len(frame)))
	copy(b, frame)
	copy(b[0:6], noOther[:])
	copy(b[6:12], nobody[:])
	return b
}

// Clients lists the hosts that opened connections or asked first.
func Clients(packets []capture.Packet) map[netip.Addr]bool {
	var d decode.Decoder
	out := map[netip.Addr]bool{}
	known := map[capture.Key]bool{}
	for i := range packets {
		p := packets[i]
		p.Has = 0
		d.Decode(&p)
		if p.Has&capture.HasPorts == 0 {
			continue
		}
		k, _ := p.Key.Canonical()
		opens := p.Has&capture.HasUDP != 0 || p.Flags&(capture.SYN|capture.ACK) == capture.SYN
		if !known[k] && opens {
			out[p.Key.SrcAddr()] = true
		}
		known[k] = true
	}
	return out
}
