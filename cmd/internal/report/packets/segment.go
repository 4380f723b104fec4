package packets

import (
	"encoding/hex"
	"fmt"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// tcp describes a segment, and reports whether it is remarkable by itself.
func (l *Ladder) tcp(p *capture.Packet, r *Row) bool {
	r.TCP, r.Flags, r.Window = true, p.Flags, p.Window
	reset := p.Flags&capture.RST != 0
	l.begin(p, r.Dir, reset)
	r.Seq = relative(p.Seq, l.base[r.Dir])
	if p.Flags&capture.ACK != 0 {
		r.Ack = relative(p.Ack, l.base[r.Dir.Other()])
	}
	if p.Has&capture.HasTS != 0 {
		if !l.tsbase[r.Dir].Ok {
			l.tsbase[r.Dir] = fact.Some(p.TSval)
		}
		r.TSval = fact.Some(int32(p.TSval - l.tsbase[r.Dir].V))
	}
	r.Notes = append(r.Notes, options(p, l.base[r.Dir.Other()])...)
	if reset {
		r.Notes = append(r.Notes, l.resetNotes(p, r.Dir)...)
		return true
	}
	r.Notes = append(r.Notes, l.order(p, r.Dir)...)
	if p.Flags&capture.ACK != 0 {
		l.lastAck[r.Dir], l.lastWin[r.Dir] = fact.Some(p.Ack), p.Window
	}
	return p.Flags&(capture.SYN|capture.FIN) != 0
}

// begin learns where a side's numbers begin, where the handshake did not say. A
// reset made up by somebody else says nothing of it.
func (l *Ladder) begin(p *capture.Packet, d fact.Dir, reset bool) {
	if !l.base[d].Ok && !reset {
		l.base[d] = fact.Some(p.Seq)
	}
	if o := d.Other(); !l.base[o].Ok && !reset && p.Flags&capture.ACK != 0 {
		l.base[o] = fact.Some(p.Ack)
	}
}

// order says how a segment stands to what its side sent before.
func (l *Ladder) order(p *capture.Packet, d fact.Dir) []string {
	end, next := p.SeqEnd(), l.next[d]
	if !next.Ok {
		l.next[d] = fact.Some(end)
		return nil
	}
	ahead, beyond := int32(p.Seq-next.V), int32(end-next.V)
	if beyond > 0 {
		l.next[d] = fact.Some(end)
	}
	switch carries := end != p.Seq; {
	case ahead == -1 && end-p.Seq <= 1 && p.Flags&(capture.SYN|capture.FIN) == 0:
		return []string{"keep-alive"}
	case carries && beyond <= 0:
		return []string{sentAgain}
	case carries && ahead < 0:
		return []string{fmt.Sprintf("%s in part: %d bytes are new", sentAgain, beyond)}
	case ahead > 0:
		return []string{fmt.Sprintf("%d bytes before it were not seen", ahead)}
	case carries || p.Flags&(capture.SYN|capture.FIN) != 0:
		return nil
	case p.Window == 0:
		return []string{"window closed"}
	case l.lastAck[d] == fact.Some(p.Ack) && l.lastWin[d] == p.Window && p.NSACK == 0 && int32(l.next[d.Other()].V-p.Ack) > 0:
		return []string{"duplicate acknowledgement"}
	}
	return nil
}

// resetNotes says how a reset stands to its flow.
func (l *Ladder) resetNotes(p *capture.Packet, d fact.Dir) []string {
	var out []string
	if next := l.next[d]; next.Ok {
		switch ahead := int32(p.Seq - next.V); {
		case ahead == 0:
			out = append(out, "seq is the next of its sender")
		case ahead > farOff || ahead < -farOff:
			out = append(out, fmt.Sprintf("seq %d is none of its sender's", p.Seq))
		case ahead > 0:
			out = append(out, fmt.Sprintf("seq is %d ahead of what its sender had sent", ahead))
		default:
			out = append(out, fmt.Sprintf("seq is %d behind what its sender had sent", -ahead))
		}
	}
	if next := l.next[d.Other()]; next.Ok && p.Flags&capture.ACK != 0 {
		switch open := int32(p.Ack - next.V); {
		case open > 0:
			out = append(out, fmt.Sprintf("acknowledges %d bytes that were never sent", open))
		case open == 0:
			out = append(out, "acknowledges all that the other side had sent")
		default:
			out = append(out, fmt.Sprintf("leaves %d bytes unacknowledged", -open))
		}
	}
	if n := min(len(p.Payload), 32); n > 0 {
		out = append(out, "carries "+hex.EncodeToString(p.Payload[:n]))
	}
	return out
}

// options tells the options and flags that matter: what a handshake agrees on,
// what was received out of order, what only an endpoint puts there.
func options(p *capture.Packet, other fact.Opt[uint32]) []string {
	var syn, out []string
	if p.Flags&capture.SYN != 0 {
		if p.Has&capture.HasMSS != 0 {
			syn = append(syn, fmt.Sprintf("mss %d", p.MSS))
		}
		if p.Has&capture.HasWScale != 0 {
			syn = append(syn, fmt.Sprintf("window scale %d", p.WScale))
		}
		if p.Has&capture.HasSACKOK != 0 {
			syn = append(syn, "sack permitted")
		}
		if p.OptsLen == 0 {
			syn = append(syn, "no options")
		}
		out = append(out, strings.Join(syn, ", "))
	}
	for _, b := range p.SACK[:min(int(p.NSACK), len(p.SACK))] {
		out = append(out, fmt.Sprintf("has received %d to %d", relative(b[0], other), relative(b[1], other)))
	}
	if p.Has&capture.HasTCPRST != 0 {
		out = append(out, "Multipath TCP gives a reason")
	}
	if p.Has&capture.BadOpts != 0 {
		out = append(out, "options malformed")
	}
	for _, x := range rareFlags {
		if p.Flags&x.bit != 0 {
			out = append(out, x.name+" set")
		}
	}
	return out
}
