//go:build linux

package owner

import (
	"bytes"
	"sync"

	"github.com/cilium/ebpf/link"
)

// Socket is a socket and who holds it. The first process that the kernel lists
// counts, unless another holds it too that did not inherit it: then PID is 0, and
// Comm and Cgroup are what all holders have in common.
//
// Two sockets may have the same addresses, by SO_REUSEPORT: tell them apart by
// Cookie, or not at all.
type Socket struct {
	Cookie                uint64   // 0: nobody had asked for it yet (only where MPTCP holds the TCP socket)
	Local, Remote         [16]byte // IPv4 mapped; Remote zero: not connected
	LocalPort, RemotePort uint16
	Proto                 uint8  // TCP or UDP
	Netns                 uint32 // inode number
	PID                   uint32
	Comm                  string // of the process's first thread; foreign text
	Cgroup                uint64 // cgroup2 id
}

// Reader lists sockets. It holds an attached iterator, so that it works after
// privileges have been given up. It may be used from several goroutines.
type Reader struct {
	mu   sync.Mutex // guards room
	iter *link.Iter
	room []iterHolding // of the last listing, to be used again

	groups groups
}

// Open loads the iterator. The error is a *bpf.Unavailable where something is missing.
func Open() (*Reader, error) {
	it, err := attach()
	if err != nil {
		return nil, err
	}
	return &Reader{iter: it, groups: groups{mount: mount()}}, nil
}

// Sockets calls tell with every TCP and UDP socket that has a port and that a
// process holds, in no order. An error may come after some were told; [ErrMany] is one.
func (r *Reader) Sockets(tell func(Socket)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := r.iter.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	r.room, err = list(f, r.room[:0])
	each(r.room, tell)
	return err
}

// Close unloads it.
func (r *Reader) Close() error { return r.iter.Close() }

// socket is what a descriptor says of its socket; who holds it is decided later.
func (h *iterHolding) socket() Socket {
	return Socket{Cookie: h.Cookie, Local: h.Local, Remote: h.Remote, LocalPort: h.LocalPort, RemotePort: h.RemotePort,
		Proto: h.Proto, Netns: h.Netns}
}

func (h *iterHolding) comm() string {
	name, _, _ := bytes.Cut(h.Comm[:], []byte{0})
	return string(name)
}
