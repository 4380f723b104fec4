//go:build linux

package testimony

import (
	"errors"
	"fmt"
	"math"
	"os"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
)

// Kind says what an Event tells.
type Kind uint8

// Kinds of events; the tracepoint in brackets.
const (
	Drop          Kind = iota + 1 // a packet was dropped (kfree_skb), for a reason on the list
	ResetRefused                  // a RST was discarded as unacceptable (kfree_skb: TCP_RESET, TCP_INVALID_SEQUENCE, TCP_OLD_SEQUENCE)
	ResetSent                     // this host's TCP sent a RST (tcp_send_reset)
	ResetReceived                 // it accepted one (tcp_receive_reset)
	Retransmit                    // it sent a segment again (tcp_retransmit_skb)
	Connect                       // a process began to connect (inet_sock_set_state, CLOSE to SYN_SENT); no source port yet, unless it chose one
	Connected                     // the same socket, with its ports: it left SYN_SENT
)

// Event is one of them, or several that are alike.
type Event struct {
	Kind             Kind
	Time             uint64   // CLOCK_BOOTTIME, ns; of the last where Count > 1
	Cookie           uint64   // of the socket, 0 unknown
	Src, Dst         [16]byte // in the direction of the packet, IPv4 mapped; for connections from this host
	SrcPort, DstPort uint16
	Proto            uint8
	HasPacket        bool // TTL, IPID, Flags, Seq, Ack are those of a packet; of the first where Count > 1
	TTL              uint8
	IPID             uint16
	Flags            uint16 // TCP
	Seq, Ack         uint32
	Ifindex          uint32 // 0 unknown
	Netns            uint32 // inode number, 0 unknown
	Reason           uint32 // Program.Reason names it
	Count            uint32 // packets since the last event of the same kind, flow and reason, this one included
	PID              uint32 // Connect
	Comm             [16]byte
	Cgroup           uint64 // cgroup2 id (inode number) of the process
	Out              bool   // the packet was on its way out
}

// Counts is what became of the events.
type Counts struct {
	Seen   uint64 // events on the list, in our namespaces
	Lost   uint64 // that found the ring full and were in no table either
	Others uint64 // drops for reasons that are no loss, or in other namespaces
	Missed uint64 // that came in an interrupt of the same program on the same CPU: the kernel does not run it again; few would have been on the list
}

// ErrNothing is returned by Next when no event came in time.
var ErrNothing = errors.New("no event in time")

// Config is what the programs are loaded with.
type Config struct {
	Netns     []uint32 // only events in these network namespaces (inode numbers); empty: all
	RingBytes int      // a power of two and at least a page; 0: 1 MiB
}

// Program is loaded and attached. Next and Repeated may be called from one
// goroutine at a time each; everything else from any.
type Program struct {
	dialect dialect
	kernel  factsObjects
	links   []link.Link
	ring    *ringbuf.Reader
	record  ringbuf.Record // reused

	pages   [2]*ebpf.Map // that take turns to be written on
	writing int          // which of them is

	keys   []factsTopic // room for Repeated, reused
	values []factsTally
}

func (p *Program) programs() []*ebpf.Program {
	k := &p.kernel
	return []*ebpf.Program{k.InetSockSetState, k.TcpSendReset, k.TcpReceiveReset, k.TcpRetransmitSkb, k.KfreeSkb}
}

// Next waits for an event until the deadline; then it returns ErrNothing. After
// Close it returns os.ErrClosed. Every refused, sent and received RST and every
// connection comes this way, of drops and retransmissions the first of its kind,
// flow and reason since the last call of Repeated.
func (p *Program) Next(deadline time.Time) (Event, error) {
	p.ring.SetDeadline(deadline)
	err := p.ring.ReadInto(&p.record)
	switch {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, ringbuf.ErrFlushed):
		return Event{}, ErrNothing
	default:
		return Event{}, err
	}
	var e factsEvent
	if len(p.record.RawSample) < int(unsafe.Sizeof(e)) {
		return Event{}, fmt.Errorf("the kernel wrote a record of %d bytes, not %d", len(p.record.RawSample), unsafe.Sizeof(e))
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&e)), unsafe.Sizeof(e)), p.record.RawSample)
	return e.event(1), nil
}

// Wake makes a Next that waits return ErrNothing at once, or the next Next that
// would wait.
func (p *Program) Wake() {
	// It fails when the ring is closed: then nobody waits.
	_ = p.ring.Flush()
}

// event translates.
func (e *factsEvent) event(count uint64) Event {
	t := &e.Topic
	return Event{
		Kind: Kind(t.Kind), Time: e.Time, Cookie: t.Cookie,
		Src: t.Src, Dst: t.Dst, SrcPort: t.Sport, DstPort: t.Dport, Proto: t.Proto, Out: t.Out != 0,
		HasPacket: e.Packet != 0, TTL: e.Ttl, IPID: e.Ipid, Flags: e.Flags, Seq: e.Seq, Ack: e.Ack,
		Ifindex: e.Ifindex, Netns: t.Netns, Reason: t.Reason, Count: uint32(min(count, math.MaxUint32)),
		PID: e.Pid, Comm: e.Comm, Cgroup: e.Cgroup,
	}
}

// Reason names the reason of an event as the running kernel does:
// "NETFILTER_DROP" of a drop, "TCP_ABORT_ON_DATA" of a reset sent; "" unknown.
// Before Linux 6.10 resets sent have none.
func (p *Program) Reason(e *Event) string {
	switch e.Kind {
	case Drop, ResetRefused:
		return p.dialect.drops[e.Reason]
	case ResetSent:
		return p.dialect.resets[e.Reason]
	}
	return ""
}

// Counts returns the counters.
func (p *Program) Counts() (Counts, error) {
	var c Counts
	for i, n := range []*uint64{&c.Seen, &c.Lost, &c.Others} {
		var of []uint64 // each CPU
		if err := p.kernel.Counts.Lookup(uint32(i), &of); err != nil {
			return Counts{}, err
		}
		for _, x := range of {
			*n += x
		}
	}
	for _, prog := range p.programs() {
		s, err := prog.Stats()
		if err != nil {
			return Counts{}, err
		}
		c.Missed += s.RecursionMisses
	}
	return c, nil
}

// Close detaches everything. A Next that waits returns os.ErrClosed.
func (p *Program) Close() (err error) {
	for _, l := range p.links {
		err = errors.Join(err, l.Close())
	}
	if p.ring != nil {
		err = errors.Join(err, p.ring.Close())
	}
	for _, m := range p.pages {
		err = errors.Join(err, m.Close())
	}
	return errors.Join(err, p.kernel.Close())
}
