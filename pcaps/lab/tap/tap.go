package tap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps/lab/netns"
)

// buffer is how many bytes of frames may wait for us in the kernel, which counts
// each with its overhead: some 80,000 small ones.
const buffer = 64 << 20

// Tap is a running recording.
type Tap struct {
	name string
	file *os.File // the socket, in the runtime's poller
	raw  syscall.RawConn
	done chan struct{} // closed when the reader has ended

	// The reader's, until done.
	batch   *batch
	slab    []byte
	records []pcapfile.Record
	err     error
}

// Open starts to record an interface. On loopback a frame is recorded once, when
// it arrives.
func Open(ns *netns.NS, ifname string) (*Tap, error) {
	t, err := attach(ns, ifname)
	if err == nil {
		go t.read()
	}
	return t, err
}

// attach lets frames queue up.
func attach(ns *netns.NS, ifname string) (*Tap, error) {
	t := &Tap{name: ns.Name() + " " + ifname, done: make(chan struct{}), batch: newBatch()}
	err := ns.Do(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0) // protocol 0: deaf until bound
		if err != nil {
			return os.NewSyscallError("socket", err)
		}
		t.file = os.NewFile(uintptr(fd), t.name)
		if err := configure(fd); err != nil {
			return err
		}
		return listen(fd, ifname)
	})
	if err == nil {
		t.raw, err = t.file.SyscallConn()
	}
	if err != nil {
		if t.file != nil {
			t.file.Close()
		}
		return nil, fmt.Errorf("record %s: %w", t.name, err)
	}
	return t, nil
}

// configure asks for timestamps, VLAN tags and room.
func configure(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return os.NewSyscallError("SO_TIMESTAMPNS", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1); err != nil {
		return os.NewSyscallError("PACKET_AUXDATA", err)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer) == nil {
		return nil
	}
	// Without CAP_NET_ADMIN over the machine: as much as net.core.rmem_max allows.
	return os.NewSyscallError("SO_RCVBUF", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer))
}

// settling is how long the kernel may take to begin stamping frames when they pass:
// the first socket that asks for it only schedules that (net_enable_timestamp).
// Until then frames are stamped when they are read.
const settling = 100 * time.Millisecond

// stamping has the kernel stamp frames for as long as the program lives: with every tap
// of its own to wait for, a busy machine would sooner or later take longer.
var stamping = sync.OnceValue(func() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) // bound to nothing, open to the end
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	time.Sleep(settling)
	return os.NewSyscallError("SO_TIMESTAMPNS", err)
})

// listen attaches the socket to the interface, which is one of the calling
// thread's namespace.
func listen(fd int, ifname string) error {
	at, err := net.InterfaceByName(ifname)
	if err != nil {
		return err
	}
	if at.Flags&net.FlagLoopback != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
			return os.NewSyscallError("PACKET_IGNORE_OUTGOING", err)
		}
	}
	if err := stamping(); err != nil {
		return err
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	return os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: at.Index}))
}

// read takes frames until Stop's deadline.
func (t *Tap) read() {
	defer close(t.done)
	for t.err == nil {
		var took error
		err := t.raw.Read(func(fd uintptr) bool {
			took = t.take(fd)
			return took != unix.EAGAIN
		})
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return
		case err != nil:
			t.err = err
		default:
			t.err = took
		}
	}
}

// take reads what waits, one batch at most.
func (t *Tap) take(fd uintptr) error {
	n, err := t.batch.receive(fd)
	for i := range n {
		f := t.batch.frame(i)
		t.records = append(t.records, pcapfile.Record{Time: f.time, Frame: t.store(f), WireLen: f.wire})
	}
	return err
}

// slabSize is how much memory is asked for at once to keep frames in.
const slabSize = 1 << 20

// store keeps a copy of the frame.
func (t *Tap) store(f frame) []byte {
	if len(f.data)+vlanTag > cap(t.slab)-len(t.slab) {
		t.slab = make([]byte, 0, slabSize)
	}
	start := len(t.slab)
	t.slab = f.append(t.slab)
	return slices.Clip(t.slab[start:])
}

// Stop ends the recording: frames that passed before the call are in it.
func (t *Tap) Stop() (Capture, error) {
	defer t.file.Close()
	stopped := time.Now().UnixNano()
	if err := t.file.SetReadDeadline(time.Unix(0, 1)); err != nil {
		return Capture{}, err
	}
	<-t.done
	var c Capture
	err := t.err
	if e := t.raw.Control(func(fd uintptr) {
		for err == nil && !t.later(stopped) {
			err = t.take(fd)
		}
		if err == unix.EAGAIN {
			err = nil
		}
		if err == nil {
			c.Dropped, err = dropped(fd)
		}
	}); err == nil {
		err = e
	}
	// Two processors stamp frames before they queue them, so neighbours may be out
	// of order by microseconds.
	slices.SortStableFunc(t.records, func(a, b pcapfile.Record) int { return int(a.Time - b.Time) })
	c.Records = t.records
	if err != nil {
		return c, fmt.Errorf("record %s: %w", t.name, err)
	}
	return c, nil
}

// later reports whether the last frame passed after a time: traffic that goes on
// does not keep us.
func (t *Tap) later(than int64) bool {
	return len(t.records) > 0 && t.records[len(t.records)-1].Time > than
}

// dropped returns how many frames found no room.
func dropped(fd uintptr) (uint64, error) {
	s, err := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, os.NewSyscallError("PACKET_STATISTICS", err)
	}
	return uint64(s.Drops), nil
}
