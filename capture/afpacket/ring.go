//go:build linux

package afpacket

import (
	"errors"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// blockSize is how much the kernel hands over at once, bytes, unless frames are
	// longer or the ring is small. A block that is handed over because its time is up
	// takes as much of the ring as a full one: with 64 of them a reader may be late
	// by 64 times [retire], however little passes.
	blockSize = 1 << 18
	// minBlock is the least block, bytes, above the pages of every architecture.
	minBlock = 1 << 16
	// overhead is what a block and a frame in it have beside the frame's bytes at
	// most: the two headers, sockaddr_ll, link header (packet_rcv's netoff).
	overhead = 4096
	// frameSize is for the kernel's arithmetic; TPACKET_V3 packs frames densely.
	frameSize = 2048
	// retire is when a block is handed over that is not full, ms.
	retire = 20
	// blockHead is where a block's header begins behind its version and offset
	// (struct tpacket_block_desc, linux/if_packet.h).
	blockHead = 8
	// clockSet is more than packets of one ring can be out of order by, ns.
	clockSet = int64(1e9)
)

// ring is the memory that the kernel writes frames to, block by block. What it has
// handed over is indexed, and stays where it is until it is delivered.
type ring struct {
	fd     int // AF_PACKET socket; -1 when closed
	mem    []byte
	block  int   // size, bytes
	next   int   // number of the block to be handed over next
	left   []int // frames of each block not yet delivered
	newest int64 // time of the last frame indexed, ns

	waiting int // blocks that are ours
	queue   []entry
	done    int // entries at the queue's start that were delivered
}

// entry is a frame that waits in the ring.
type entry struct {
	time int64 // ns since the epoch
	at   int   // of its header in the ring
}

// blocks divides bytes of ring for frames of up to snap bytes.
func blocks(bytes, snap int) (size, count int) {
	size = minBlock
	for size < blockSize && size*8 <= bytes || size < snap+overhead {
		size *= 2
	}
	return size, max(2, bytes/size)
}

// mapRing makes the socket's ring.
func (r *ring) mapRing(bytes, snap int) (err error) {
	size, count := blocks(bytes, snap)
	req := unix.TpacketReq3{Block_size: uint32(size), Block_nr: uint32(count), Frame_size: frameSize,
		Frame_nr: uint32(size / frameSize * count), Retire_blk_tov: retire}
	if err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return os.NewSyscallError("PACKET_RX_RING", err)
	}
	if r.mem, err = unix.Mmap(r.fd, 0, size*count, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return os.NewSyscallError("mmap", err)
	}
	r.block, r.left = size, make([]int, count)
	return nil
}

// close unmaps the ring and closes the socket, once.
func (r *ring) close() (err error) {
	if r.fd < 0 {
		return nil
	}
	if r.mem != nil {
		err = unix.Munmap(r.mem)
	}
	err = errors.Join(err, unix.Close(r.fd))
	r.fd, r.mem = -1, nil
	r.queue, r.done = nil, 0
	return err
}

// head returns the frame to deliver next, nil if there is none.
func (r *ring) head() *entry {
	if r.done == len(r.queue) {
		return nil
	}
	return &r.queue[r.done]
}

// pressed reports whether the kernel may soon have no room.
func (r *ring) pressed() bool { return r.waiting > len(r.left)/2 }

// take indexes the blocks that the kernel has handed over.
func (r *ring) take() {
	if r.done > 0 {
		r.queue = r.queue[:copy(r.queue, r.queue[r.done:])]
		r.done = 0
	}
	for r.waiting < len(r.left) {
		h := r.header(r.next)
		if atomic.LoadUint32(&h.Block_status)&unix.TP_STATUS_USER == 0 {
			return
		}
		r.waiting++
		r.left[r.next] = r.index(r.next*r.block, h)
		if r.left[r.next] == 0 {
			r.giveBack(r.next)
		}
		r.next = (r.next + 1) % len(r.left)
	}
}

// header is that of a block.
func (r *ring) header(block int) *unix.TpacketHdrV1 {
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&r.mem[block*r.block+blockHead]))
}

// frame is the header of a frame.
func (r *ring) frame(at int) *unix.Tpacket3Hdr {
	return (*unix.Tpacket3Hdr)(unsafe.Pointer(&r.mem[at]))
}

// giveBack hands a block back to the kernel.
func (r *ring) giveBack(block int) {
	r.waiting--
	atomic.StoreUint32(&r.header(block).Block_status, unix.TP_STATUS_KERNEL)
}

// index queues the frames of the block that begins at start, and returns how many.
func (r *ring) index(start int, h *unix.TpacketHdrV1) (count int) {
	at := start + int(h.Offset_to_first_pkt)
	for range h.Num_pkts {
		if at < start || at+unix.SizeofTpacket3Hdr > start+r.block {
			break // the kernel writes no such thing
		}
		f := r.frame(at)
		if uint64(f.Mac)+uint64(f.Snaplen) > uint64(start+r.block-at) {
			break
		}
		r.enqueue(entry{time: int64(f.Sec)*1e9 + int64(f.Nsec), at: at})
		count++
		if f.Next_offset < unix.SizeofTpacket3Hdr { // 0: the last one
			break
		}
		at += int(f.Next_offset)
	}
	return count
}

// enqueue puts a frame to its place by time, which is the last or nearly so. A
// clock that was set back is no disorder.
func (r *ring) enqueue(e entry) {
	r.newest = e.time
	r.queue = append(r.queue, e)
	for i := len(r.queue) - 1; i > r.done; i-- {
		d := r.queue[i-1].time - e.time
		if d <= 0 || d > clockSet {
			break
		}
		r.queue[i], r.queue[i-1] = r.queue[i-1], e
	}
}

// dequeue lets go of the head, whose bytes are not needed any more.
func (r *ring) dequeue() {
	block := r.queue[r.done].at / r.block
	r.done++
	if r.left[block]--; r.left[block] == 0 {
		r.giveBack(block)
	}
}

// drops returns how many frames the kernel had no room for since the last call.
func (r *ring) drops() uint64 {
	if r.fd < 0 {
		return 0
	}
	s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0
	}
	return uint64(s.Drops)
}
