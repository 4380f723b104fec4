package capture

// NoteKind says what a Note testifies.
type NoteKind uint8

// What the kernel of the capturing host can say beside the packets.
const (
	// NoteDrop: this host's kernel dropped packets of the flow (kfree_skb) for
	// the reason named.
	NoteDrop NoteKind = iota + 1
	// NoteResetSent: this host's TCP sent a RST (tcp_send_reset); Key is in the
	// direction of the RST.
	NoteResetSent
	// NoteResetReceived: this host's TCP accepted a RST and ended the connection
	// (tcp_receive_reset); Key is in the direction of the RST.
	NoteResetReceived
	// NoteResetRefused: this host's TCP discarded a RST as unacceptable (kfree_skb
	// with TCP_RESET, TCP_INVALID_SEQUENCE or TCP_OLD_SEQUENCE and the RST flag).
	NoteResetRefused
	// NoteRetransmit: this host's TCP sent a segment again (tcp_retransmit_skb).
	NoteRetransmit
	// NoteOwner: the process at this host's end; Key is in the direction out.
	NoteOwner
	// NoteUnseen: packets of the flow passed that were counted and not looked at,
	// because the capture could not keep up. They were not lost on the way.
	NoteUnseen
)

// Note is what the kernel testifies of a flow beside its packets. Only live
// capture has any.
type Note struct {
	Kind    NoteKind
	Time    int64  // ns since the epoch, as Packet.Time
	Key     Key    // innermost 5-tuple, in the direction of the packet it is about
	Cookie  uint64 // of the socket, 0 unknown
	If      uint16 // where, an index into Source.Interfaces, if IfKnown
	IfKnown bool
	Reason  string // the kernel's own name: "NETFILTER_DROP", "TCP_ABORT_ON_DATA"; "" none
	Count   uint32 // how many packets since the last note of the same kind, key and reason, this one included
	Bytes   uint64 // NoteUnseen: IP bytes
	Out     bool   // the packet was on its way out of this host
	// Untapped: it was on its way out and had not come as far as where the source
	// captures, which is not so by the reason alone: AF_PACKET lies behind the queue.
	Untapped bool

	// Of the packet, as far as the kernel told; Has says what (HasTCP: Flags, Seq).
	Has   Fields
	Flags uint16
	Seq   uint32
	TTL   uint8
	IPID  uint16

	Process Process // NoteOwner
}

// Process is who holds a socket. Comm and Cgroup are foreign text.
type Process struct {
	PID    uint32 // 0 unknown
	Comm   string // at most 15 bytes (TASK_COMM_LEN)
	Cgroup string // path below the cgroup2 mount, "" unknown
}
