//go:build linux

package afpacket

import (
	"encoding/binary"
	"math"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
)

const (
	// tagAt is where the VLAN tag was on the wire, behind the two addresses.
	tagAt = 12
	// tagLen is the length of a tag (IEEE 802.1Q 9.3).
	tagLen = 4
	// etherVLAN is the customer tag's type (IEEE 802.1Q table 9-1), which kernels
	// before 3.14 do not tell.
	etherVLAN = 0x8100
)

const (
	// vnetLen is the length of struct virtio_net_hdr (linux/virtio_net.h), which
	// lies right before the frame.
	vnetLen = 10
	// vnetType and vnetSize are where gso_type and gso_size are in it.
	vnetType, vnetSize = 1, 4
	// vnetECN is a flag in gso_type.
	vnetECN = 0x80
)

// deliver makes the ring's next frame a packet, with its bytes appended to buf,
// which must have room for them.
func (t *tap) deliver(p *capture.Packet, buf []byte) []byte {
	e := t.head()
	h := t.frame(e.at)
	start := len(buf)
	buf, p.WireLen = t.append(buf, e.at, h)
	p.Time, p.Link = e.time, t.link
	p.Frame = buf[start:len(buf):len(buf)]
	p.Has, p.Payload = 0, nil
	if t.vnet && int(h.Mac) >= vnetLen {
		mac := e.at + int(h.Mac)
		p.Segs = t.segments(p, t.mem[mac-vnetLen:mac])
		p.Has = capture.HasSegs
	}
	t.dequeue()
	return buf
}

// append appends a frame as it was on the wire, up to the snap length, and returns
// its length there.
func (t *tap) append(buf []byte, at int, h *unix.Tpacket3Hdr) ([]byte, uint32) {
	data := t.mem[at+int(h.Mac) : at+int(h.Mac)+int(h.Snaplen)]
	if t.link == capture.LinkRaw {
		// Some devices have a header of their own before IP when they send (GRE).
		own := min(max(int(h.Net)-int(h.Mac), 0), len(data))
		return append(buf, data[own:]...), h.Len - uint32(own)
	}
	if h.Status&unix.TP_STATUS_VLAN_VALID == 0 || len(data) < tagAt {
		return append(buf, data...), h.Len
	}
	kind := h.Hv1.Vlan_tpid
	if h.Status&unix.TP_STATUS_VLAN_TPID_VALID == 0 {
		kind = etherVLAN
	}
	data = data[:min(len(data), max(t.snap-tagLen, tagAt))]
	buf = append(buf, data[:tagAt]...)
	buf = binary.BigEndian.AppendUint16(buf, kind)
	buf = binary.BigEndian.AppendUint16(buf, uint16(h.Hv1.Vlan_tci))
	return append(buf, data[tagAt:]...), h.Len + tagLen
}

// segments returns of how many segments a frame was made, or will be: the kernel
// tells the payload of one.
func (t *tap) segments(p *capture.Packet, vnet []byte) uint16 {
	size := uint32(binary.NativeEndian.Uint16(vnet[vnetSize:]))
	if vnet[vnetType]&^vnetECN == 0 || size == 0 {
		return 1
	}
	// Where the payload begins is in the headers; merged frames are few.
	t.scratch.Frame, t.scratch.WireLen, t.scratch.Link = p.Frame, p.WireLen, p.Link
	t.dec.Decode(&t.scratch)
	n := (t.scratch.PayloadLen + size - 1) / size
	return uint16(min(max(n, 1), math.MaxUint16))
}
