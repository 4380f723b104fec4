package detect

import (
	"fmt"
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// resetCase is every abortive end that claims to come from one side of a flow.
// The rules R1..R7 and R12 are its methods; each returns the signs it saw.
type resetCase struct {
	f      *fact.Flow
	w      *fact.World
	dir    fact.Dir // the claimed sender
	resets []fact.Reset
	fins   []fact.FIN
}

func newResetCase(f *fact.Flow, w *fact.World, dir fact.Dir) *resetCase {
	c := &resetCase{f: f, w: w, dir: dir}
	for _, r := range f.Resets {
		if r.Dir == dir {
			c.resets = append(c.resets, r)
		}
	}
	for _, x := range f.FINs {
		if x.Dir == dir {
			c.fins = append(c.fins, x)
		}
	}
	return c
}

func (c *resetCase) first() *fact.Reset { return &c.resets[0] }
func (c *resetCase) own() *fact.Side    { return &c.f.Sides[c.dir] }
func (c *resetCase) peer() *fact.Side   { return &c.f.Sides[c.dir.Other()] }

// rtt is the smallest round trip between the tap and the claimed sender.
func (c *resetCase) rtt() fact.Opt[time.Duration] { return c.f.RTTMin(c.dir.Other()) }

// Bounds of the reorder guard: a quarter of the RTT between them
// (resets-and-drops, section 3.2).
const (
	minReorderGuard = time.Millisecond
	maxReorderGuard = 20 * time.Millisecond
)

// guard is how long after a reset a packet may still be merely reordered.
func (c *resetCase) guard() time.Duration {
	return min(max(c.rtt().Or(0)/4, minReorderGuard), maxReorderGuard)
}

// mss is the largest segment the claimed sender may send: what the other side
// announced, or Ethernet's without options.
func (c *resetCase) mss() int32 {
	const ethernet = 1460
	return int32(c.peer().MSS.Or(ethernet))
}

// local reports whether the capturing host itself is the claimed sender: its
// resets were made by its own stack, nobody on the path could have sent them. Whose
// socket it is the kernel knows better than what the packets look like.
func (c *resetCase) local() bool {
	if l := c.f.Local; l != nil && l.End.Ok {
		return c.dir == l.End.V
	}
	return c.f.Vantage == "host" && c.dir == fact.Up || c.f.Vantage == "server" && c.dir == fact.Down
}

// address is where the packets claim to come from.
func (c *resetCase) address() netip.Addr {
	if c.dir == fact.Up {
		return c.f.Key.SrcAddr()
	}
	return c.f.Key.DstAddr()
}

// lossy reports whether the capture as a whole lost packets, though no gap
// shows in this flow: impossibilities are then only strong.
func (c *resetCase) lossy() bool {
	return (c.f.Blind|c.w.Blind)&fact.BlindKernelDrops != 0
}

// sent is the payload the claimed sender had sent before r, bytes.
func (c *resetCase) sent(r *fact.Reset) uint64 {
	if c.dir == fact.Up {
		return r.UpBytes
	}
	return r.DownBytes
}

// spoke is how many packets of the claimed sender are no resets.
func (c *resetCase) spoke() uint64 {
	return c.own().Packets - min(c.own().Packets, uint64(len(c.resets)))
}

// heard is how many packets the other side had sent before r.
func (c *resetCase) heard(r *fact.Reset) uint32 {
	if c.dir == fact.Up {
		return r.DownPackets
	}
	return r.UpPackets
}

// socketless reports whether r has the shape of a reply without a socket: no
// ACK, no window, no options (Linux; resets-and-drops, section 2.2, shape B).
func socketless(r *fact.Reset) bool {
	return !r.HasAck && r.Window == 0 && r.OptsLen == 0
}

// echo reports whether r is what a host without the connection answers: the
// shape, and the sequence number taken from the offender (RFC 9293 3.5.2).
// Hosts behind a route flap, load balancers, and the kernel beneath a raw
// socket program all send it while the connection lives on elsewhere.
func echo(r *fact.Reset) bool { return socketless(r) && r.AckEchoes }

// exact reports whether r hits the receiver's next sequence number as far as
// the tap can tell (RFC 5961 section 3.2): only then does it end a connection.
func exact(r *fact.Reset) bool {
	return r.SeqAhead.Ok && r.SeqAhead.V == 0 || r.AckEchoes
}

// finBefore reports whether either side had closed before r.
func finBefore(r *fact.Reset) bool { return r.FINBefore[fact.Up] || r.FINBefore[fact.Down] }

// asReset converts the parts of a FIN that the timing and distance rules read.
func asReset(x *fact.FIN) fact.Reset {
	return fact.Reset{Num: x.Num, Time: x.Time, Dir: x.Dir, Flags: x.Flags, Seq: x.Seq, TTL: x.TTL, IPID: x.IPID,
		HasAck: x.Flags&capture.ACK != 0, Covers: x.Covers, CoverAge: x.CoverAge,
		SeqAhead: fact.Some(x.SeqAhead), PayloadLen: x.PayloadLen}
}

// seqDelta is a-b in serial arithmetic (RFC 1982, RFC 9293 section 3.4).
func seqDelta(a, b uint32) int32 { return int32(a - b) }

// inMs prints a duration the way people compare round trips.
func inMs(d time.Duration) string {
	if d >= 10*time.Second {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// plural prints a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
