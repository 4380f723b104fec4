//go:build linux

package afpacket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"chokepoint/bpf"
	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// tap is one interface.
type tap struct {
	ring
	name        string
	index       uint16 // in Source.Interfaces
	link        capture.LinkType
	snap        int
	vnet        bool // a virtio_net_hdr is before each frame
	promiscuous bool

	state state
	again int64  // when to look at the interface again, ns
	said  string // the last notice

	dec     decode.Decoder
	scratch capture.Packet
}

// openTap makes the socket and the ring of an interface.
func openTap(name string, c *Config) (t *tap, err error) {
	t = &tap{name: name, snap: c.Snap, promiscuous: c.Promiscuous}
	// Protocol 0: nothing comes before everything is set.
	t.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, unavailable(name, err)
	}
	if err = t.prepare(c); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// prepare makes the ring and lets frames in.
func (t *tap) prepare(c *Config) error {
	d, err := find(t.fd, t.name)
	if errors.Is(err, unix.ENODEV) {
		return noSuch(t.name)
	}
	if err == nil {
		t.link, err = linkType(t.name, d.kind)
	}
	if err != nil {
		return err
	}
	if err = unix.SetsockoptInt(t.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("interface %s: %w", t.name, os.NewSyscallError("PACKET_VERSION", err))
	}
	// Before the ring: its frames have the header or they do not.
	t.vnet = tellsSegments() && unix.SetsockoptInt(t.fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1) == nil
	if err = t.mapRing(c.RingBytes, c.Snap); err == nil {
		err = t.bind(d)
	}
	if err != nil {
		return fmt.Errorf("interface %s: %w", t.name, err)
	}
	return nil
}

// unavailable says why there is no socket.
func unavailable(name string, err error) error {
	u := &bpf.Unavailable{What: "capture on " + name + " by AF_PACKET", Err: os.NewSyscallError("socket", err)}
	switch {
	case errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES):
		u.Lacks, u.Advice = "capability CAP_NET_RAW", "run it as root, or give it to the program: setcap cap_net_raw+ep"
	case errors.Is(err, unix.EAFNOSUPPORT):
		u.Lacks = "packet sockets of the kernel (CONFIG_PACKET)"
	default:
		return fmt.Errorf("interface %s: %w", name, u.Err)
	}
	return u
}

// bind lets the frames of a device in.
func (t *tap) bind(d device) error {
	if err := t.filter(d.loopback); err != nil {
		return os.NewSyscallError("SO_ATTACH_FILTER", err)
	}
	if t.promiscuous {
		m := unix.PacketMreq{Ifindex: int32(d.index), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(t.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m); err != nil {
			return os.NewSyscallError("PACKET_ADD_MEMBERSHIP", err)
		}
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	if err := unix.Bind(t.fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: d.index}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	return nil
}

// adPacketType is where classic BPF finds skb->pkt_type: SKF_AD_OFF +
// SKF_AD_PKTTYPE (linux/filter.h).
const adPacketType = 0xfffff000 + 4

// filter has the kernel copy the snap length of each frame. Loopback shows frames
// when they leave and when they arrive; they are taken when they arrive.
func (t *tap) filter(loopback bool) error {
	accept := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(t.snap)}
	prog := []unix.SockFilter{accept}
	if loopback {
		prog = []unix.SockFilter{
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: adPacketType},
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.PACKET_OUTGOING},
			{Code: unix.BPF_RET | unix.BPF_K, K: 0},
			accept,
		}
	}
	return unix.SetsockoptSockFprog(t.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]})
}

// tellsSegments reports whether the kernel can say of every frame how it was
// merged: before Linux 6.2 it has no word for UDP and drops such frames
// (virtio_net_hdr_from_skb in linux/virtio_net.h).
func tellsSegments() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	var major, minor int
	_, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor)
	return err == nil && (major > 6 || major == 6 && minor >= 2)
}
