//go:build linux

package owner

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"unsafe"
)

// most is how many descriptors are looked at: 31 MiB of them.
const most = 1 << 18

// ErrMany says that processes hold more sockets than are looked at; those behind
// were not told.
var ErrMany = fmt.Errorf("owner: processes hold more than %d sockets", most)

// chunk is how many records room is made for at a time: two reads of the kernel's
// buffer (8 pages, bpf_seq_read in kernel/bpf/bpf_iter.c).
const chunk = 512

// list reads records until the end and appends them to hs. What the kernel writes
// is whole records; a torn one is an error.
func list(r io.Reader, hs []iterHolding) ([]iterHolding, error) {
	r = patient{r}
	for len(hs) < most {
		if cap(hs)-len(hs) < chunk {
			hs = append(make([]iterHolding, 0, 2*cap(hs)+chunk), hs...)
		}
		room := hs[len(hs) : len(hs)+chunk]
		n, err := io.ReadFull(r, raw(room))
		const size = int(unsafe.Sizeof(iterHolding{}))
		hs = hs[:len(hs)+n/size]
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && n%size == 0:
			return hs, nil
		default:
			return hs, fmt.Errorf("owner: list of sockets: %w", err)
		}
	}
	return hs, ErrMany
}

// raw is the memory of records, for the kernel to write to.
func raw(hs []iterHolding) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(hs))), len(hs)*int(unsafe.Sizeof(hs[0])))
}

// patient reads on where an iterator pauses: after a million files of which none is
// a socket it says EAGAIN (MAX_ITER_OBJECTS, kernel/bpf/bpf_iter.c).
type patient struct{ r io.Reader }

func (p patient) Read(b []byte) (n int, err error) {
	for {
		if n, err = p.r.Read(b); n > 0 || !errors.Is(err, syscall.EAGAIN) {
			return n, err
		}
	}
}
