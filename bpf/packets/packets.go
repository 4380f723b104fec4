//go:build linux

package packets

import (
	"errors"
	"io"
	"time"
)

// Config is what a program is loaded with.
type Config struct {
	Payloads  uint32 // capture.Plan
	Whole     uint32
	Head      uint32
	RingBytes int  // of the ring buffer, a power of two; 0: 16 MiB
	Flows     int  // that are told apart (LRU); 0: 65,536
	Aggregate bool // always count instead of sending headers, not only under pressure
}

// Header is what precedes a packet's bytes.
type Header struct {
	Time    uint64 // CLOCK_BOOTTIME, ns, at the hook
	Cookie  uint64 // of the sending socket, on its way out and where the plan wants the packet whole; 0 unknown
	Ifindex uint32
	WireLen uint32 // length of the frame, link header included, VLAN tag in the metadata not
	Segs    uint16 // wire segments (gso_segs), at least 1
	SegSize uint16 // payload bytes of each but the last (gso_size), 0: not merged
	VLAN    uint16 // TCI in the packet's metadata, where HasVLAN
	HasVLAN bool
	Out     bool // leaving this host
}

// Counts is what became of the packets that passed.
type Counts struct {
	Seen    uint64 // frames that met the program
	Sent    uint64 // records sent
	Lost    uint64 // records that found the ring full
	Unseen  uint64 // frames that were counted on their flow instead of being sent
	Strange uint64 // frames whose headers it could not follow; sent whole
}

// Unseen is what was counted of a flow instead of being sent.
type Unseen struct {
	Src, Dst         [16]byte // IPv4 mapped (RFC 4291 2.5.5.2)
	SrcPort, DstPort uint16
	Proto            uint8
	Segs             uint32 // wire segments from Src to Dst
	Bytes            uint64 // their IP bytes
	Ifindex          uint32 // 0 unknown
	Time             uint64 // of the latest, CLOCK_BOOTTIME, ns
}

// ErrNothing is returned by Next when no record came in time.
var ErrNothing = errors.New("no record in time")

// Program is loaded. Its methods may be called from one goroutine at a time but
// for Counts and Close.
type Program struct{}

// Load loads the program. The error is a *bpf.Unavailable where something is missing.
func Load(c Config) (*Program, error) { panic("not built yet") }

// AttachTCX attaches to both directions of an interface; the attachment ends with
// Close or with the process. l3 says that its frames have no link header.
func (p *Program) AttachTCX(ifindex int, l3 bool) (io.Closer, error) { panic("not built yet") }

// AttachClsact does the same by clsact filters, which outlive the process: they
// carry our name, and Sweep removes them.
func (p *Program) AttachClsact(ifindex int, l3 bool) (io.Closer, error) { panic("not built yet") }

// Sweep removes filters of ours that an earlier process left on an interface, and
// the clsact qdisc if it was ours and nothing is left in it. It returns how many
// filters went.
func Sweep(ifindex int) (int, error) { panic("not built yet") }

// Next waits for a record until the deadline. It appends the packet's bytes to buf
// and returns the longer slice; the bytes are those behind the old length.
func (p *Program) Next(buf []byte, deadline time.Time) (Header, []byte, error) {
	panic("not built yet")
}

// Wake makes a Next that waits return ErrNothing at once.
func (p *Program) Wake() { panic("not built yet") }

// Unseen calls tell with what was counted since the last call, flow by flow and
// direction by direction.
func (p *Program) Unseen(tell func(Unseen)) error { panic("not built yet") }

// Counts returns the counters.
func (p *Program) Counts() (Counts, error) { panic("not built yet") }

// Close unloads the program; attachments must be closed before.
func (p *Program) Close() error { panic("not built yet") }
