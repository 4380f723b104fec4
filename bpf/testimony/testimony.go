//go:build linux

package testimony

import (
	"errors"
	"time"
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
	Connect                       // a process began to connect (inet_sock_set_state, CLOSE to SYN_SENT); no source port yet
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
	HasPacket        bool // TTL, IPID, Flags, Seq, Ack are those of a packet
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
}

// ErrNothing is returned by Next when no event came in time.
var ErrNothing = errors.New("no event in time")

// Config is what the programs are loaded with.
type Config struct {
	Netns     []uint32 // only events in these network namespaces (inode numbers); empty: all
	RingBytes int      // 0: 1 MiB
}

// Program is loaded and attached.
type Program struct{}

// Load loads and attaches the programs. The error is a *bpf.Unavailable where
// something is missing.
func Load(c Config) (*Program, error) { panic("not built yet") }

// Next waits for an event until the deadline.
func (p *Program) Next(deadline time.Time) (Event, error) { panic("not built yet") }

// Wake makes a Next that waits return ErrNothing at once.
func (p *Program) Wake() { panic("not built yet") }

// Repeated calls tell with what was only counted since the last call.
func (p *Program) Repeated(tell func(Event)) error { panic("not built yet") }

// Reason names the reason of an event as the running kernel does:
// "NETFILTER_DROP" of a drop, "TCP_ABORT_ON_DATA" of a reset sent; "" unknown.
func (p *Program) Reason(e *Event) string { panic("not built yet") }

// Counts returns the counters.
func (p *Program) Counts() (Counts, error) { panic("not built yet") }

// Close detaches everything.
func (p *Program) Close() error { panic("not built yet") }
