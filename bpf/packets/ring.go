//go:build linux

package packets

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Of a record's length in the ring (linux/bpf.h).
const (
	busyBit    = 1 << 31 // BPF_RINGBUF_BUSY_BIT: it is being written
	discardBit = 1 << 30 // BPF_RINGBUF_DISCARD_BIT
	lengthLen  = 8       // BPF_RINGBUF_HDR_SZ
)

// ring reads what lies in a BPF ring buffer, without waiting. The place up to which
// all is read is in memory that all readers share: whoever goes on reading begins there.
type ring struct {
	consumer, producer *atomic.Uint64 // bytes since the beginning
	data               []byte         // twice in a row, so that no record breaks off
	mask               uint64
	at, end            uint64    // what is between them is known to be there
	pages              [2][]byte // as they are mapped; nil: closed
}

// openRing maps a ring of so many bytes (kernel/bpf/ringbuf.c: a page of the reader,
// a page of the writer, and the data twice).
func openRing(fd, size int) (r ring, err error) {
	page := os.Getpagesize()
	if r.pages[0], err = unix.Mmap(fd, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return ring{}, fmt.Errorf("mapping the ring: %w", err)
	}
	if r.pages[1], err = unix.Mmap(fd, int64(page), page+2*size, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return ring{}, errors.Join(fmt.Errorf("mapping the ring: %w", err), unix.Munmap(r.pages[0]))
	}
	r.consumer = (*atomic.Uint64)(unsafe.Pointer(&r.pages[0][0]))
	r.producer = (*atomic.Uint64)(unsafe.Pointer(&r.pages[1][0]))
	r.data, r.mask = r.pages[1][page:], uint64(size-1)
	return r, nil
}

// waiting is how many bytes are in it.
func (r *ring) waiting() int { return int(r.producer.Load() - r.consumer.Load()) }

// begin goes to where reading ended.
func (r *ring) begin() { r.at, r.end = r.consumer.Load(), r.producer.Load() }

// length is that of the record at a place, and its bits.
func (r *ring) length(pos uint64) *uint32 { return (*uint32)(unsafe.Pointer(&r.data[pos])) }

// next returns the next record, which stays there until free; nil: the ring is empty.
func (r *ring) next() []byte {
	for {
		if r.at == r.end {
			if r.end = r.producer.Load(); r.at == r.end {
				return nil
			}
		}
		pos := r.at & r.mask
		length := atomic.LoadUint32(r.length(pos))
		if length&busyBit != 0 {
			continue // whoever writes it is at it
		}
		size := uint64(length &^ discardBit)
		r.at += (lengthLen + size + 7) &^ 7
		if length&discardBit == 0 {
			return r.data[pos+lengthLen : pos+lengthLen+size]
		}
	}
}

// free gives the room of what was read back. To do so for each record would have the
// CPUs that read and write wait for each other.
func (r *ring) free() { r.consumer.Store(r.at) }

// close unmaps it.
func (r *ring) close() error {
	if r.pages[0] == nil {
		return nil
	}
	err := errors.Join(unix.Munmap(r.pages[0]), unix.Munmap(r.pages[1]))
	*r = ring{}
	return err
}
