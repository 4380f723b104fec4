package synth

import "time"

// segment is what was sent and is not acknowledged yet.
type segment struct {
	pos, end     uint32
	sent         int64
	again        int // times it was retransmitted
	fin          bool
	sacked, lost bool
}

// sender is the sending half of a connection.
type sender struct {
	iss      uint32
	data     []byte // everything the application wrote
	fin      bool   // a FIN follows the data
	finSent  bool
	una, nxt uint32 // positions
	wnd      uint32 // bytes the peer takes
	scale    uint8  // of the windows it advertises
	segs     []segment
	lastSent int64 // ns

	congestion
	clock
}

// write hands data of the application to the connection.
func (c *Conn) write(b []byte) {
	s := &c.snd
	if len(s.segs) == 0 && time.Duration(c.sim.now-s.lastSent) > s.rto() {
		s.cwnd = min(s.cwnd, initialWindow) // RFC 2861: idle restarts slow start
	}
	s.data = append(s.data, b...)
	c.pump()
}

// pump sends what the windows allow, lost segments first.
func (c *Conn) pump() {
	s := &c.snd
	if c.state != established || c.ended {
		return
	}
	fresh := false
	for s.inFlight() < int(s.cwnd) {
		if i := s.firstLost(); i >= 0 {
			c.transmit(&s.segs[i], true)
		} else if c.sendNew() {
			fresh = true
		} else {
			break
		}
	}
	s.full = s.inFlight() >= int(s.cwnd)
	if fresh && s.phase == open && !s.probed || !s.timer.pending() {
		c.arm()
	}
}

// sendNew sends one segment that was never sent, if there is one and the peer
// has room.
func (c *Conn) sendNew() bool {
	s := &c.snd
	if s.finSent {
		return false
	}
	const most = mss - 12 // timestamps take 12 bytes of each
	end := min(s.nxt+most, uint32(len(s.data))+1)
	last := end == uint32(len(s.data))+1
	seg := segment{pos: s.nxt, end: end, fin: last && s.fin}
	if end == s.nxt && !seg.fin || int32(end-s.una-s.wnd) > 0 {
		return false
	}
	if seg.fin {
		s.finSent = true
		seg.end++
	}
	s.segs = append(s.segs, seg)
	s.nxt = seg.end
	c.transmit(&s.segs[len(s.segs)-1], false)
	return true
}

func (c *Conn) transmit(g *segment, again bool) {
	s := &c.snd
	if again {
		g.again++
		g.lost = false
	}
	g.sent, s.lastSent = c.sim.now, c.sim.now
	s.out++
	flags, end := ACK, g.end
	if g.fin {
		flags |= FIN
		end--
	}
	if end > g.pos && end == uint32(len(s.data))+1 {
		flags |= PSH
	}
	c.emit(g.pos, flags, s.data[g.pos-1:end-1])
}

// inFlight is the pipe of RFC 6675: sent, neither lost nor received.
func (s *sender) inFlight() (n int) {
	for i := range s.segs {
		if !s.segs[i].sacked && !s.segs[i].lost {
			n++
		}
	}
	return n
}

func (s *sender) firstLost() int {
	for i := range s.segs {
		if s.segs[i].lost {
			return i
		}
	}
	return -1
}

// onAck takes the acknowledgement a segment carries.
func (c *Conn) onAck(p *Packet) {
	s := &c.snd
	ack := p.Ack - s.iss
	if p.Flags&ACK == 0 || int32(ack-s.nxt) > 0 || int32(ack-s.una) < 0 {
		return
	}
	s.wnd = uint32(p.Window) << s.scale
	fresh := s.scoreboard(p.Options.SACK, c.sim.now)
	progress := ack != s.una
	acked, unseen := s.remove(ack, c.sim.now)
	if progress {
		s.una = ack
		s.tries, s.probed = 0, false
		s.grow(acked)
		if s.phase != open && int32(ack-s.recover) >= 0 {
			if s.phase == recovery {
				s.cwnd = s.ssthresh
			}
			s.phase = open
		}
	}
	lost := s.detect()
	s.reduce(fresh+unseen, progress && !lost)
	if progress {
		s.timer.Stop()
	}
	c.pump()
	if len(s.segs) == 0 {
		s.timer.Stop()
	}
}

// scoreboard marks what SACK blocks report and counts what is new.
func (s *sender) scoreboard(blocks [][2]uint32, now int64) (fresh int) {
	for _, b := range blocks {
		pos, end := b[0]-s.iss, b[1]-s.iss
		for i := range s.segs {
			if g := &s.segs[i]; !g.sacked && g.pos >= pos && g.end <= end {
				g.sacked, g.lost = true, false
				s.arrived(g, now)
				fresh++
			}
		}
	}
	return fresh
}

// remove drops the segments below ack. It returns how many they were, and how
// many of them SACK had not reported.
func (s *sender) remove(ack uint32, now int64) (n, unseen int) {
	for n < len(s.segs) && int32(s.segs[n].end-ack) <= 0 {
		if g := &s.segs[n]; !g.sacked {
			s.arrived(g, now)
			unseen++
			if g.again == 0 { // Karn's rule
				s.sample(time.Duration(now - g.sent))
			}
		}
		n++
	}
	s.segs = s.segs[n:]
	return n, unseen
}
