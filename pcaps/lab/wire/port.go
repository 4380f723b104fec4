package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// slots is how many frames the kernel keeps for us. At 20 k packets/s that is
	// 400 ms, more than a busy machine lets us wait.
	slots = 8192
	// overhead is what a slot holds beside the frame: struct tpacket2_hdr and
	// sockaddr_ll, aligned (packet(7), PACKET_RX_RING), and the Ethernet header.
	overhead = 128
	// blockSize is in what pieces the kernel allocates the ring at least, bytes.
	blockSize = 1 << 16
	// sendBuffer is asked for, bytes: a frame that is still on its way to the other
	// end of the veth counts against it.
	sendBuffer = 4 << 20
)

// port is an interface: an AF_PACKET socket with a ring of received frames
// (TPACKET_V2), which come with the kernel's time and without a system call each.
type port struct {
	name string
	fd   int
	ring []byte
	slot int // size, bytes
	head int // number of the slot to read next
}

// openPort opens an interface of the calling thread's namespace.
func openPort(name string) (p *port, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("interface %s: %w", name, err)
		}
	}()
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	p = &port{name: name, slot: 2048}
	for p.slot < ifi.MTU+overhead {
		p.slot *= 2
	}
	// Protocol 0: nothing comes before everything is set.
	if p.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := p.prepare(ifi.Index); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *port) prepare(index int) (err error) {
	for _, o := range []struct {
		name   string
		option int
		value  int
	}{
		{"PACKET_VERSION", unix.PACKET_VERSION, unix.TPACKET_V2},
		{"PACKET_IGNORE_OUTGOING", unix.PACKET_IGNORE_OUTGOING, 1},
	} {
		if err := unix.SetsockoptInt(p.fd, unix.SOL_PACKET, o.option, o.value); err != nil {
			return os.NewSyscallError(o.name, err)
		}
	}
	if unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuffer) != nil {
		// Without CAP_NET_ADMIN: as much as everybody may have, or as it was.
		_ = unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer)
	}
	size, block := slots*p.slot, max(blockSize, p.slot)
	req := unix.TpacketReq{Block_size: uint32(block), Block_nr: uint32(size / block), Frame_size: uint32(p.slot), Frame_nr: slots}
	if err := unix.SetsockoptTpacketReq(p.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return os.NewSyscallError("PACKET_RX_RING", err)
	}
	if p.ring, err = unix.Mmap(p.fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	promiscuous := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	if err := unix.SetsockoptPacketMreq(p.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &promiscuous); err != nil {
		return os.NewSyscallError("PACKET_ADD_MEMBERSHIP", err)
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	return os.NewSyscallError("bind", unix.Bind(p.fd, &unix.SockaddrLinklayer{Ifindex: index, Protocol: all}))
}

func (p *port) close() error {
	var err error
	if p.ring != nil {
		err = unix.Munmap(p.ring)
	}
	return errors.Join(err, unix.Close(p.fd))
}

// frame is a received frame in its slot, to be copied before the slot is given
// back.
type frame struct {
	at    int64 // when the kernel had it, ns since the epoch
	bytes []byte
	whole bool // not cut, and its checksums are there
}

// peek returns the next received frame without taking it.
func (p *port) peek() (f frame, ok bool) {
	h := p.header()
	status := atomic.LoadUint32(&h.Status)
	if status&unix.TP_STATUS_USER == 0 {
		return frame{}, false
	}
	at := p.head*p.slot + int(h.Mac)
	return frame{
		at:    int64(h.Sec)*1e9 + int64(h.Nsec),
		bytes: p.ring[at : at+int(h.Snaplen)],
		whole: h.Snaplen == h.Len && status&unix.TP_STATUS_CSUMNOTREADY == 0,
	}, true
}

// take gives the slot of the frame that peek returned back to the kernel.
func (p *port) take() {
	atomic.StoreUint32(&p.header().Status, unix.TP_STATUS_KERNEL)
	p.head = (p.head + 1) % slots
}

func (p *port) header() *unix.Tpacket2Hdr {
	return (*unix.Tpacket2Hdr)(unsafe.Pointer(&p.ring[p.head*p.slot]))
}

// send sends a frame at once.
func (p *port) send(frame []byte) error {
	for {
		_, err := unix.Write(p.fd, frame)
		if err != unix.EINTR {
			return err
		}
	}
}

// dropped returns how many frames the kernel had no slot for since the last call.
func (p *port) dropped() uint64 {
	s, err := unix.GetsockoptTpacketStats(p.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0
	}
	return uint64(s.Drops)
}

// failure is what the socket has to say when poll reports an error on it.
func (p *port) failure() error {
	code, err := unix.GetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err != nil {
		return fmt.Errorf("interface %s: %w", p.name, err)
	}
	return nil
}
