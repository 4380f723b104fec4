package tap

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batchLen = 32
	// frameLen is the longest frame that is recorded whole, above the 64 KiB that
	// IP packets without jumbograms and the headers before them can have.
	frameLen = 66 << 10
	// vlanTag is the length of an 802.1Q tag, which the kernel takes out of frames
	// that arrive.
	vlanTag = 4
	// tagAt is where it was, after the two addresses.
	tagAt = 12
)

// mmsghdr is struct mmsghdr (recvmmsg(2)).
type mmsghdr struct {
	unix.Msghdr
	len uint32
}

// control is room for the two control messages that are asked for.
type control [128]byte

// batch is memory for many frames, so that one system call brings them.
type batch struct {
	heads    [batchLen]mmsghdr
	vectors  [batchLen]unix.Iovec
	controls [batchLen]control
	frames   [batchLen][frameLen]byte
}

func newBatch() *batch {
	b := &batch{} // its pointers into itself hold: memory of the heap does not move
	for i := range b.heads {
		b.vectors[i].Base = &b.frames[i][0]
		b.vectors[i].SetLen(frameLen)
		b.heads[i].Iov = &b.vectors[i]
		b.heads[i].SetIovlen(1)
		b.heads[i].Control = &b.controls[i][0]
	}
	return b
}

// receive reads the frames that wait, at least one unless it returns an error:
// EAGAIN when there is none.
func (b *batch) receive(fd uintptr) (n int, err error) {
	for i := range b.heads {
		b.heads[i].SetControllen(len(b.controls[i])) // the kernel wrote what it used
	}
	for {
		// MSG_TRUNC: lengths are those of the frames, not of what there was room for.
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.heads)), batchLen, unix.MSG_TRUNC, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		case unix.ENETDOWN: // told once when the interface goes down; it may come back
		default:
			return 0, errno
		}
	}
}

// frame is one that was received; data is valid until the next call of receive.
type frame struct {
	data []byte
	wire uint32 // length, bytes
	time int64  // ns since the epoch
	tag  []byte // taken out of data, or nil
}

func (b *batch) frame(i int) frame {
	h := &b.heads[i]
	f := frame{data: b.frames[i][:min(h.len, frameLen)], wire: h.len}
	rest := b.controls[i][:h.Controllen]
	for len(rest) >= unix.SizeofCmsghdr {
		head, data, next, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			break
		}
		rest = next
		switch {
		case head.Level == unix.SOL_SOCKET && head.Type == unix.SCM_TIMESTAMPNS && len(data) >= 16:
			f.time = int64(binary.NativeEndian.Uint64(data))*1e9 + int64(binary.NativeEndian.Uint64(data[8:]))
		case head.Level == unix.SOL_PACKET && head.Type == unix.PACKET_AUXDATA && len(data) >= int(unsafe.Sizeof(unix.TpacketAuxdata{})):
			f.tagged((*unix.TpacketAuxdata)(unsafe.Pointer(&data[0])))
		}
	}
	return f
}

// tagged notes the VLAN tag that the kernel put aside.
func (f *frame) tagged(aux *unix.TpacketAuxdata) {
	const valid = unix.TP_STATUS_VLAN_VALID | unix.TP_STATUS_VLAN_TPID_VALID
	if aux.Status&valid == valid && len(f.data) >= tagAt {
		f.tag = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, aux.Vlan_tpid), aux.Vlan_tci)
		f.wire += vlanTag
	}
}

// append appends the frame as it was on the wire.
func (f *frame) append(to []byte) []byte {
	if f.tag == nil {
		return append(to, f.data...)
	}
	to = append(to, f.data[:tagAt]...)
	to = append(to, f.tag...)
	return append(to, f.data[tagAt:]...)
}
