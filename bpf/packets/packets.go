//go:build linux

package packets

import (
	"errors"
	"io"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

// Config is what a program is loaded with.
type Config struct {
	Payloads  uint32 // capture.Plan
	Whole     uint32 // capture.Plan; 1 to MaxWhole
	Head      uint32 // capture.Plan
	RingBytes int    // of the ring buffer, a power of two and whole pages; 0: 16 MiB
	Flows     int    // that are told apart (LRU); 0: 65,536
	Aggregate bool   // always count instead of sending headers, not only under pressure
}

// MaxWhole is the most bytes of a frame that a record can carry.
const MaxWhole = 4096

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

// Counts is what became of the packets that passed: Seen is Sent, Lost and Unseen.
type Counts struct {
	Seen       uint64 // frames that met the program
	Sent       uint64 // records sent
	Lost       uint64 // records that found the ring full
	Unseen     uint64 // frames that were counted on their flow instead of being sent
	UnseenSegs uint64 // the same in wire segments
	Strange    uint64 // frames whose headers it could not follow; sent whole, so among Sent or Lost
}

// Unseen is what was counted of a flow instead of being sent.
type Unseen struct {
	Src, Dst         [16]byte // IPv4 mapped (RFC 4291 2.5.5.2)
	SrcPort, DstPort uint16
	Proto            uint8
	Segs             uint32 // wire segments from Src to Dst
	Bytes            uint64 // their IP bytes on the wire: a merged frame's headers count once for each segment
	Ifindex          uint32 // where the flow's latest was counted, 0 unknown
	Time             uint64 // of the latest, CLOCK_BOOTTIME, ns
}

// Program is loaded. Its methods may be called from one goroutine at a time but
// for Wake, Counts and Close.
type Program struct {
	mu     sync.Mutex // of objects against Close
	closed bool
	objects
	counters []counters // of each CPU

	reading sync.Mutex      // of the ring against Close
	ring    ring            // reads
	reader  *ringbuf.Reader // waits
	record  ringbuf.Record  // that it waited for

	tallies
}

// objects are named as in packets.bpf.c.
type objects struct {
	EtherIn  *ebpf.Program `ebpf:"ether_in"`
	EtherOut *ebpf.Program `ebpf:"ether_out"`
	IPIn     *ebpf.Program `ebpf:"ip_in"`
	IPOut    *ebpf.Program `ebpf:"ip_out"`
	Flows    *ebpf.Map     `ebpf:"flows"`
	Ring     *ebpf.Map     `ebpf:"ring"`
	PerCPU   *ebpf.Map     `ebpf:"counts"`
}

// programs returns those for the two directions of an interface.
func (o *objects) programs(l3 bool) (in, out *ebpf.Program) {
	if l3 {
		return o.IPIn, o.IPOut
	}
	return o.EtherIn, o.EtherOut
}

// counters is struct counters of flow.h.
type counters struct {
	Seen, Sent, Lost, Unseen, UnseenSegs, Strange, Unwoken uint64
}

// Counts returns the counters.
func (p *Program) Counts() (c Counts, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.PerCPU.Lookup(uint32(0), &p.counters); err != nil {
		return c, err
	}
	for _, cpu := range p.counters {
		c.Seen += cpu.Seen
		c.Sent += cpu.Sent
		c.Lost += cpu.Lost
		c.Unseen += cpu.Unseen
		c.UnseenSegs += cpu.UnseenSegs
		c.Strange += cpu.Strange
	}
	return c, nil
}

// Close unloads the program; attachments must be closed before.
func (p *Program) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	err := p.reader.Close() // a Next that waits returns
	p.reading.Lock()
	defer p.reading.Unlock()
	return errors.Join(err, p.ring.close(), p.unload())
}

func (o *objects) unload() (err error) {
	for _, c := range []io.Closer{o.EtherIn, o.EtherOut, o.IPIn, o.IPOut, o.Flows, o.Ring, o.PerCPU} {
		err = errors.Join(err, c.Close())
	}
	return err
}
