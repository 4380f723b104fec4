//go:build linux

package live

import (
	"io"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/bpf/owner"
	"chokepoint/bpf/packets"
	"chokepoint/bpf/testimony"
	"chokepoint/capture"
	"chokepoint/capture/afpacket"
)

// second is one, in nanoseconds of the boot clock.
const second = uint64(time.Second)

// program is what is used of [packets.Program].
type program interface {
	AttachTCX(ifindex int, l3 bool) (io.Closer, error)
	AttachClsact(ifindex int, l3 bool) (io.Closer, error)
	Next(b *packets.Block, deadline time.Time) (emptied bool, err error)
	Wake()
	Unseen(tell func(packets.Unseen)) error
	Counts() (packets.Counts, error)
	Close() error
}

// witness is what is used of [testimony.Program].
type witness interface {
	Next(deadline time.Time) (testimony.Event, error)
	Repeated(tell func(testimony.Event)) error
	Reason(e *testimony.Event) string
	Counts() (testimony.Counts, error)
	Close() error
}

// register is what is used of [owner.Reader].
type register interface {
	Sockets(tell func(owner.Socket)) error
	Cgroup(id uint64) string
	Close() error
}

// ring is what is used of [afpacket.Source].
type ring interface {
	capture.Source
	Wake()
}

// links knows the interfaces of the namespace.
type links interface {
	list() ([]device, error)
	changes() <-chan change
	close()
}

// system is the world: the kernel's, or a test's.
type system struct {
	load     func(packets.Config) (program, error)
	sweep    func(ifindex int) (int, error)
	testify  func(testimony.Config) (witness, error)
	register func() (register, error)
	ring     func(afpacket.Config) (ring, error)
	links    func(*place) (links, error)
	netns    func() uint32 // of the calling thread, inode number; 0 unknown
	boot     func() uint64 // the boot clock, ns
	clocks   func() (boot uint64, real int64)
	patience time.Duration // how long a Read waits for a packet
}

// kernel is the real one. Packages return concrete types and nil for none: an
// interface must not hold such a nil.
func kernel() system {
	return system{
		load: func(c packets.Config) (program, error) {
			p, err := packets.Load(c)
			if err != nil {
				return nil, err
			}
			return p, nil
		},
		testify: func(c testimony.Config) (witness, error) {
			p, err := testimony.Load(c)
			if err != nil {
				return nil, err
			}
			return p, nil
		},
		register: func() (register, error) {
			r, err := owner.Open()
			if err != nil {
				return nil, err
			}
			return r, nil
		},
		ring: func(c afpacket.Config) (ring, error) {
			s, err := afpacket.Open(c)
			if err != nil {
				return nil, err
			}
			return s, nil
		},
		sweep:  packets.Sweep,
		links:  subscribe,
		netns:  netnsInode,
		boot:   func() uint64 { return uint64(nanos(unix.CLOCK_BOOTTIME)) },
		clocks: clocks,

		patience: patience,
	}
}

// netnsInode identifies the network namespace of the calling thread.
func netnsInode() uint32 {
	var st unix.Stat_t
	if unix.Stat(threadNetns, &st) != nil {
		return 0
	}
	return uint32(st.Ino)
}
