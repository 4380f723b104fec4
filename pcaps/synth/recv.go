package synth

import (
	"slices"
	"time"
)

// Acknowledging as Linux does it: the first segments at once (quick-ack mode),
// then every second one or after 40 ms (TCP_DELACK_MIN).
const (
	quickAcks = 8
	ackDelay  = 40 * time.Millisecond
	maxWindow = 3 << 20 // bytes, half of tcp_rmem's maximum of 6 MB
)

// span is a range of stream positions.
type span struct{ pos, end uint32 }

// receiver is the receiving half of a connection.
type receiver struct {
	irs        uint32
	nxt        uint32 // position expected next
	told, edge uint32 // positions: acknowledged last, and the end of the window offered
	blocks     []span // beyond a hole, most recently touched first
	twice      *span  // to be told by DSACK (RFC 2883)
	tsRecent   uint32
	finAt      uint32 // position of the FIN, 0 none yet
	finished   bool   // everything up to the FIN is here
	delivered  int    // bytes in order
	pending    int    // segments not acknowledged yet
	quick      int
	delayed    *Timer
}

func (r *receiver) start(syn *Packet) {
	r.irs, r.nxt, r.tsRecent = syn.Seq, 1, syn.Options.TSval
	r.told, r.edge = 1, 1+windowSYN
}

// window is the field to advertise; it opens as data is read, as Linux tunes it.
func (c *Conn) window() uint16 {
	switch c.state {
	case synSent:
		return windowSYN
	case synReceived:
		return windowSA
	}
	return uint16(min(maxWindow, windowSYN+2*c.rcv.delivered) >> wscale)
}

// onData takes payload and FIN.
func (c *Conn) onData(p *Packet) {
	r := &c.rcv
	pos := p.Seq - r.irs
	s := span{pos, pos + p.length()}
	if p.Flags&FIN != 0 {
		r.finAt = s.end - 1
	}
	if int32(s.end-r.nxt) <= 0 {
		r.twice = &s
		c.ackNow()
		return
	}
	hadHole := len(r.blocks) > 0
	r.insert(s)
	r.settle()
	if r.finAt != 0 && r.nxt > r.finAt {
		r.finished = true
	}
	r.pending++
	if hadHole || len(r.blocks) > 0 || r.quick > 0 || r.pending >= 2 || r.finished {
		r.quick--
		c.ackNow()
	} else if !r.delayed.pending() {
		r.delayed = c.sim.After(ackDelay, c.ackNow)
	}
	c.advance()
}

// insert adds a range, joins it with those it touches and puts it in front.
func (r *receiver) insert(s span) {
	rest := r.blocks[:0:0]
	for _, b := range r.blocks {
		if b.end < s.pos || s.end < b.pos {
			rest = append(rest, b)
			continue
		}
		s = span{min(s.pos, b.pos), max(s.end, b.end)}
	}
	r.blocks = slices.Insert(rest, 0, s)
}

// settle moves nxt over what is there without a hole.
func (r *receiver) settle() {
	for i := 0; i < len(r.blocks); i++ {
		b := r.blocks[i]
		if b.pos > r.nxt {
			continue
		}
		r.nxt = max(r.nxt, b.end)
		r.blocks = slices.Delete(r.blocks, i, i+1)
		i = -1
	}
	r.delivered = int(r.nxt) - 1
	if r.finAt != 0 && r.nxt > r.finAt {
		r.delivered--
	}
}

// ackNow sends a pure ACK.
func (c *Conn) ackNow() {
	if !c.ended {
		c.emit(c.snd.nxt, ACK, nil)
	}
}

// sackBlocks are the blocks for the segment about to go, and note that this
// segment acknowledges.
func (c *Conn) sackBlocks() [][2]uint32 {
	r := &c.rcv
	r.pending = 0
	r.delayed.Stop()
	var out [][2]uint32
	if r.twice != nil {
		out = append(out, [2]uint32{r.irs + r.twice.pos, r.irs + r.twice.end})
		r.twice = nil
	}
	for _, b := range r.blocks {
		if len(out) == 3 {
			break
		}
		out = append(out, [2]uint32{r.irs + b.pos, r.irs + b.end})
	}
	return out
}
