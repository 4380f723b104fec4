package track

import (
	"chokepoint/capture"
	"chokepoint/classify/flow"
)

// orient returns the key from client to server, whether the packet went the
// other way, and whether that is a guess.
func (t *Tracker) orient(p *capture.Packet) (k capture.Key, reverse, guess bool) {
	k = p.Key
	if p.Has&capture.HasTCP != 0 && p.Flags&capture.SYN != 0 {
		reverse = p.Flags&capture.ACK != 0
	} else {
		guess = p.Has&capture.HasTCP != 0
		src, dst := t.serverlike(p.Key.Src, p.Key.SrcPort), t.serverlike(p.Key.Dst, p.Key.DstPort)
		if reverse = src > dst; reverse {
			guess = true
		}
	}
	if reverse {
		k = k.Reverse()
	}
	return k, reverse, guess
}

// serverlike says how much an endpoint looks like a server: by a service's
// prefix, a well-known port, a registered one.
func (t *Tracker) serverlike(a [16]byte, port uint16) int {
	switch {
	case t.conf.KnownServer(a):
		return 3
	case port < 1024:
		return 2
	case port < 32768: // below Linux's ephemeral range (ip_local_port_range)
		return 1
	}
	return 0
}

// reused reports whether a packet begins a new conversation on the 5-tuple of
// an entry: a SYN with another ISN.
func (t *Tracker) reused(e *flow.Entry[Flow], p *capture.Packet, reverse bool) bool {
	if p.Has&capture.HasTCP == 0 || p.Flags&(capture.SYN|capture.ACK|capture.RST) != capture.SYN {
		return false
	}
	f := &e.Rec
	s := &f.sides[0]
	if reverse {
		// Roles changed, or both ends open at once (RFC 9293 section 3.5).
		return f.end() != 0 || p.Time-f.last() > ClosedLife
	}
	if s.flags&hasISN != 0 {
		return s.isn != p.Seq
	}
	if f.synack != 0 { // it may have been overtaken by its answer
		return f.sides[1].ack != p.Seq+1
	}
	return f.flags&isTCP != 0
}
