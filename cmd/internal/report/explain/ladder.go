package explain

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
	// maxRows bounds a ladder; packets that evidence names are shown beyond it.
	maxRows = 160
	// maxCited bounds these.
	maxCited = 512
	// copies is how many packets back one may be the copy of.
	copies = 8
)

// ladder takes the packets of one flow as they come and keeps those worth
// showing.
type ladder struct {
	id    fact.FlowID
	last  uint64 // number of the flow's last packet; 0 not known
	key   capture.Key
	known bool // key, with the client first
	cited map[uint64]bool
	asked uint64 // a packet that is shown in any case

	rows  []row
	ring  []held // the latest packets not shown
	after int    // so many more are shown
	gap   gap
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
	row
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

// newLadder makes one for a flow that a first run has seen, or of which only the
// id is known (f nil).
func newLadder(id fact.FlowID, f *fact.Flow, cited map[uint64]bool) *ladder {
	l := &ladder{id: id, cited: cited}
	if f == nil {
		return l
	}
	l.last, l.key, l.known = f.LastNum, f.Key, true
	l.voice.app = f.App
	for _, d := range [...]fact.Dir{fact.Up, fact.Down} {
		l.base[d] = f.Sides[d].ISN
	}
	return l
}

// of reports whether a packet is of the flow. The flow begins with the packet it
// is called after.
func (l *ladder) of(p *capture.Packet) bool {
	if p.Num < uint64(l.id) || l.last != 0 && p.Num > l.last {
		return false
	}
	k := keyOf(p)
	if !l.known {
		if p.Num != uint64(l.id) {
			return false
		}
		l.key, l.known = k, true
		if p.Flags&(capture.SYN|capture.ACK) == capture.SYN|capture.ACK {
			l.key = k.Reverse()
		}
	}
	return k == l.key || k == l.key.Reverse()
}

// keyOf is the flow a packet is about: of an ICMP error that of the packet it
// quotes.
func keyOf(p *capture.Packet) capture.Key {
	if p.Has&capture.HasQuoted != 0 {
		return p.Quoted.Key
	}
	return p.Key
}

// add takes the next packet of the flow.
func (l *ladder) add(p *capture.Packet) {
	r, remarkable := l.row(p)
	h := held{r, max(int(p.Segs), 1)}
	l.seen++
	cited := l.cited[p.Num] || p.Num == l.asked
	full := len(l.rows) >= maxRows
	switch {
	case cited && len(l.rows) < maxRows+maxCited:
		l.flush(full)
		l.show(h.row)
		l.after = behind
	case full:
		l.hide(h)
	case remarkable || l.seen <= 4:
		l.flush(false)
		l.show(h.row)
		l.after = max(l.after, behind/2)
	case l.after > 0:
		l.after--
		l.show(h.row)
	default:
		l.ring = append(l.ring, h)
		if len(l.ring) > before {
			l.hide(l.ring[0])
			l.ring = slices.Delete(l.ring, 0, 1)
		}
	}
}

// end shows how the flow ended.
func (l *ladder) end() {
	l.flush(len(l.rows) >= maxRows)
	l.closeGap()
}

// flush shows what came just before, or hides it where there is no room.
func (l *ladder) flush(full bool) {
	for _, h := range l.ring {
		if full {
			l.hide(h)
		} else {
			l.show(h.row)
		}
	}
	l.ring = l.ring[:0]
}

func (l *ladder) hide(h held) {
	l.gap.add(&h.row, h.segs)
	l.only = h
}

func (l *ladder) show(r row) {
	l.closeGap()
	l.rows = append(l.rows, r)
}

// closeGap puts what was hidden into the ladder.
func (l *ladder) closeGap() {
	switch n := l.gap.packets[0] + l.gap.packets[1]; {
	case n == 0:
		return
	case n == l.only.segs: // one packet takes no more room than saying so
		l.rows = append(l.rows, l.only.row)
	default:
		g := l.gap
		l.rows = append(l.rows, row{gap: &g})
	}
	l.gap = gap{}
}

// row describes a packet and says whether it is remarkable by itself.
func (l *ladder) row(p *capture.Packet) (row, bool) {
	r := row{num: p.Num, time: p.Time, length: p.PayloadLen, ttl: p.TTL}
	if keyOf(p) == l.key.Reverse() {
		r.dir = fact.Down
	}
	if p.Has&capture.HasIPID != 0 {
		r.ipid = fact.Some(p.IPID)
	}
	if p.Has&capture.HasQuoted != 0 {
		return l.icmp(p, r), true
	}
	if n := p.Segs; n > 1 {
		r.notes = append(r.notes, fmt.Sprintf("%d segments in one frame", n))
	}
	if l.copied(p, r.dir) {
		r.notes = append(r.notes, "a copy: captured twice")
	}
	first := p.PayloadLen > 0 && !l.spoken[r.dir]
	l.spoken[r.dir] = l.spoken[r.dir] || p.PayloadLen > 0
	if p.Has&capture.HasTCP == 0 {
		r.what = l.voice.of(p)
		return r, first
	}
	return r, l.tcp(p, &r) || first
}

// icmp describes an error about the flow. It comes from neither end, or from the
// one its packet went to.
func (l *ladder) icmp(p *capture.Packet, r row) row {
	r.icmp, r.length = true, 0
	r.dir = r.dir.Other() // towards who sent the packet that it quotes
	r.what = fmt.Sprintf("ICMP type %d code %d from %s about a packet %s", p.ICMPType, p.ICMPCode, p.Key.SrcAddr(), r.dir.Other())
	if p.Quoted.MTU > 0 {
		r.what += fmt.Sprintf(", next hop takes %d bytes", p.Quoted.MTU)
	}
	return r
}

// copied reports a packet that was captured before, on another interface or one
// hop earlier.
func (l *ladder) copied(p *capture.Packet, d fact.Dir) bool {
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
