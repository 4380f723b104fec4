package packets

import (
	"fmt"
	"slices"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

const (
	// before and behind are how many packets are shown around a remarkable one.
	before = 6
	behind = 4
	// MaxRows bounds a ladder; packets that evidence names are shown beyond it.
	MaxRows = 160
	// maxCited bounds these.
	maxCited = 512
	// copies is how many packets back one may be the copy of.
	copies = 8
)

// Ladder takes the packets of one flow as they come and keeps those worth
// showing.
type Ladder struct {
	Wanted
	Cited map[uint64]bool // packets that findings name
	Asked uint64          // a packet that is shown in any case; 0 none

	rows  []Row
	ring  []held // the latest packets not shown
	after int    // so many more are shown
	gap   Gap
	only  held // the last one in the gap

	seen    int
	base    [2]fact.Opt[uint32]
	next    [2]fact.Opt[uint32]
	tsbase  [2]fact.Opt[uint32]
	spoken  [2]bool
	lastAck [2]fact.Opt[uint32]
	lastWin [2]uint16
	recent  [copies]print
	voice   voice
}

// held is a row with the segments it stands for.
type held struct {
	Row
	segs int
}

// print is what tells a packet from a copy of it.
type print struct {
	dir    fact.Dir
	seq    uint32
	ack    uint32
	flags  uint16
	ipid   uint16
	length uint32
	ifc    uint16
	ttl    uint8
	ok     bool
}

// NewLadder makes one for a flow that a first run has seen, or of which only the
// id is known (f nil). Packets that are cited are always shown.
func NewLadder(id fact.FlowID, f *fact.Flow, cited map[uint64]bool) *Ladder {
	l := &Ladder{Wanted: Want(id, f), Cited: cited}
	if f == nil {
		return l
	}
	l.voice.app = f.App
	for _, d := range [...]fact.Dir{fact.Up, fact.Down} {
		l.base[d] = f.Sides[d].ISN
	}
	return l
}

// Rows ends the ladder and returns it: packets in the order of the capture, with gaps
// where some are left out.
func (l *Ladder) Rows() []Row {
	l.flush(len(l.rows) >= MaxRows)
	l.closeGap()
	return l.rows
}

// Add implements [Taker].
func (l *Ladder) Add(p *capture.Packet) {
	r, remarkable := l.row(p)
	h := held{r, max(int(p.Segs), 1)}
	l.seen++
	cited := l.Cited[p.Num] || p.Num == l.Asked
	full := len(l.rows) >= MaxRows
	switch {
	case cited && len(l.rows) < MaxRows+maxCited:
		l.flush(full)
		l.show(h.Row)
		l.after = behind
	case full:
		l.hide(h)
	case remarkable || l.seen <= 4:
		l.flush(false)
		l.show(h.Row)
		l.after = max(l.after, behind/2)
	case l.after > 0:
		l.after--
		l.show(h.Row)
	default:
		l.ring = append(l.ring, h)
		if len(l.ring) > before {
			l.hide(l.ring[0])
			l.ring = slices.Delete(l.ring, 0, 1)
		}
	}
}

// flush shows what came just before, or hides it where there is no room.
func (l *Ladder) flush(full bool) {
	for _, h := range l.ring {
		if full {
			l.hide(h)
		} else {
			l.show(h.Row)
		}
	}
	l.ring = l.ring[:0]
}

func (l *Ladder) hide(h held) {
	l.gap.add(&h.Row, h.segs)
	l.only = h
}

func (l *Ladder) show(r Row) {
	l.closeGap()
	l.rows = append(l.rows, r)
}

// closeGap puts what was hidden into the ladder.
func (l *Ladder) closeGap() {
	switch n := l.gap.Packets[0] + l.gap.Packets[1]; {
	case n == 0:
		return
	case n == l.only.segs: // one packet takes no more room than saying so
		l.rows = append(l.rows, l.only.Row)
	default:
		g := l.gap
		l.rows = append(l.rows, Row{Gap: &g})
	}
	l.gap = Gap{}
}

// row describes a packet and says whether it is remarkable by itself.
func (l *Ladder) row(p *capture.Packet) (Row, bool) {
	r := Row{Num: p.Num, Time: p.Time, Length: p.PayloadLen, TTL: p.TTL}
	if l.Down(p) {
		r.Dir = fact.Down
	}
	if p.Has&capture.HasIPID != 0 {
		r.IPID = fact.Some(p.IPID)
	}
	if p.Has&capture.HasQuoted != 0 {
		return l.icmp(p, r), true
	}
	if n := p.Segs; n > 1 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d segments in one frame", n))
	}
	if l.copied(p, r.Dir) {
		r.Notes = append(r.Notes, "a copy: captured twice")
	}
	first := p.PayloadLen > 0 && !l.spoken[r.Dir]
	l.spoken[r.Dir] = l.spoken[r.Dir] || p.PayloadLen > 0
	if p.Has&capture.HasTCP == 0 {
		r.What = l.voice.of(p)
		return r, first
	}
	return r, l.tcp(p, &r) || first
}

// icmp describes an error about the flow. It comes from neither end, or from the
// one its packet went to.
func (l *Ladder) icmp(p *capture.Packet, r Row) Row {
	r.ICMP, r.Length = true, 0
	r.Dir = r.Dir.Other() // towards who sent the packet that it quotes
	r.What = fmt.Sprintf("ICMP type %d code %d from %s about a packet %s", p.ICMPType, p.ICMPCode, p.Key.SrcAddr(), r.Dir.Other())
	if p.Quoted.MTU > 0 {
		r.What += fmt.Sprintf(", next hop takes %d bytes", p.Quoted.MTU)
	}
	return r
}

// copied reports a packet that was captured before, on another interface or one
// hop earlier.
func (l *Ladder) copied(p *capture.Packet, d fact.Dir) bool {
	x := print{d, p.Seq, p.Ack, p.Flags, p.IPID, p.PayloadLen, p.If, p.TTL, true}
	for _, o := range l.recent {
		same := o
		same.ifc, same.ttl = x.ifc, x.ttl
		if same == x && (o.ifc != x.ifc || x.ttl == o.ttl-1) && x.ipid != 0 {
			return true
		}
	}
	copy(l.recent[1:], l.recent[:copies-1])
	l.recent[0] = x
	return false
}
