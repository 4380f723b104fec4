package fact

import (
	"net/netip"
	"strings"

	"chokepoint/capture"
)

// Bounds of what is kept of a host's testimony.
const (
	// MaxLocalDrops is how many reasons are told apart per flow.
	MaxLocalDrops = 4
	// MaxStrays is how many kinds of packets that no flow is known of are
	// remembered in the World.
	MaxStrays = 1024
)

// Local is what the kernel of the capturing host said of a flow.
type Local struct {
	// End is the side at which this host holds the socket, if it does.
	End Opt[Dir]

	Drops    []LocalDrop // packets of the flow that this host dropped, up to MaxLocalDrops
	Sent     [2]LocalReset
	Received [2]LocalReset // by the Dir of the RST: this host's TCP accepted it
	Refused  [2]LocalReset // this host's TCP discarded it as unacceptable
	Retrans  uint32        // segments that this host's TCP sent again
	Unseen   [2]uint64     // wire segments that were counted and not looked at
	Process  capture.Process
}

// LocalDrop is packets that this host dropped for one reason.
type LocalDrop struct {
	Reason      string // the kernel's name
	Dir         Dir
	Out         bool // on their way out
	Tapped      bool // they had passed the tap by then
	Count       uint32
	First, Last int64    // ns
	Packets     []uint64 // the latest packet of the direction when the kernel told, up to 4
}

// Tapped reports whether packets that this host dropped for a reason had passed the
// tap by then. On the way in it lies behind generic XDP and the backlog of the
// processor, on the way out between the neighbour and the queue
// (__netif_receive_skb_core, __dev_queue_xmit, net/core/dev.c).
func Tapped(reason string, out bool) bool {
	if !out {
		return reason != "XDP" && reason != "CPU_BACKLOG"
	}
	for _, queue := range [...]string{"QDISC_", "FQ_", "CAKE_", "DUALPI2_", "FULL_RING", "DEV_READY"} {
		if strings.HasPrefix(reason, queue) {
			return true
		}
	}
	return false
}

// LocalReset is what this host's TCP did with RSTs of one direction.
type LocalReset struct {
	Count       uint32
	First, Last int64 // ns
	Reason      string
}

// Add counts a note.
func (r *LocalReset) Add(n *capture.Note) {
	if r.Count == 0 {
		r.First, r.Reason = n.Time, n.Reason
	}
	r.Count += n.Count
	r.Last = max(r.Last, n.Time)
}

// Stray is packets that this host dropped before the tap could see them: a filter
// on the way out, a neighbour that does not answer.
type Stray struct {
	ID          FlowID      // of its own: no packet has such a number
	Key         capture.Key // of the first; later source ports are not told apart
	Reason      string
	Out         bool
	If          uint16
	Count       uint32
	Ports       int    // source ports it happened to, those in a row counted once, up to 64
	LastPort    uint16 // the latest of them
	First, Last int64
}

// StrayKey is what strays are told apart by.
type StrayKey struct {
	Src, Dst netip.Addr
	DstPort  uint16
	Proto    uint8
	Reason   string
}
