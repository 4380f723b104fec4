package ledger

import (
	"bytes"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
)

// look is what a packet keeps on its way and what every capture of it has. The
// client's address is not part of it: home routers translate that.
type look struct {
	dir         box.Dir
	server      [16]byte
	from, to    uint16
	proto       uint8
	ipid, frag  uint16
	length      uint32
	seq, ack    uint32
	flags       uint16
	window      uint16
	icmp        [2]uint8
	quotedPorts [2]uint16
	quotedSeq   uint32
}

// lookOf is a packet's look if it went in a direction.
func lookOf(p *capture.Packet, d box.Dir) look {
	l := look{dir: d, server: p.Key.Dst, from: p.Key.SrcPort, to: p.Key.DstPort, proto: p.Key.Proto,
		ipid: p.IPID, frag: p.FragOff, length: p.IPLen, seq: p.Seq, ack: p.Ack, flags: p.Flags, window: p.Window,
		icmp: [2]uint8{p.ICMPType, p.ICMPCode}}
	if d == box.Down {
		l.server = p.Key.Src
	}
	if p.Has&capture.HasQuoted != 0 {
		l.quotedPorts, l.quotedSeq = [2]uint16{p.Quoted.Key.SrcPort, p.Quoted.Key.DstPort}, p.Quoted.Seq
	}
	return l
}

// alike compares what a capture may lack: timestamps and payload, which for ICMP is
// a quote that a translation changes.
func alike(a, b *capture.Packet) bool {
	if a.Has&b.Has&capture.HasTS != 0 && (a.TSval != b.TSval || a.TSecr != b.TSecr) {
		return false
	}
	if a.Has&capture.HasICMP != 0 {
		return true
	}
	n := min(len(a.Payload), len(b.Payload))
	return bytes.Equal(a.Payload[:n], b.Payload[:n])
}

// fate is what may happen to a packet once.
type fate uint8

const (
	ends fate = iota + 1
	appears
	waits
	doubles
)

func fateOf(w box.What) fate {
	switch w {
	case box.Dropped, box.Lost:
		return ends
	case box.Delayed:
		return waits
	case box.Doubled:
		return doubles
	}
	return appears
}

// index finds packets of a capture by their look.
type index struct {
	packets []capture.Packet
	by      map[look][]int
	used    map[use]bool
}

type use struct {
	packet int
	as     fate
}

func newIndex(packets []capture.Packet) *index {
	x := &index{packets, map[look][]int{}, map[use]bool{}}
	for i := range packets {
		for _, d := range []box.Dir{box.Up, box.Down} { // the capture does not say which
			l := lookOf(&packets[i], d)
			x.by[l] = append(x.by[l], i)
		}
	}
	return x
}

// take returns which packet of the capture an event speaks of, p as the log has it,
// and marks it as found; -1 for none. Of several it is the nearest in time.
func (x *index) take(p *capture.Packet, e *box.Event, w window) int {
	best, as := -1, fateOf(e.What)
	for _, i := range x.by[lookOf(p, e.Dir)] {
		c := &x.packets[i]
		if c.Time < w.from || c.Time > w.to || x.used[use{i, as}] || !alike(p, c) {
			continue
		}
		if best < 0 || distance(c.Time, e.At) < distance(x.packets[best].Time, e.At) {
			best = i
		}
	}
	if best >= 0 {
		x.used[use{best, as}] = true
	}
	return best
}

func distance(a, b int64) int64 { return max(a-b, b-a) }
