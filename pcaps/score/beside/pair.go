package beside

import (
	"bytes"

	"chokepoint/capture"
)

// pairing is which recorded packets each live one stands for.
type pairing struct {
	recorded, live []capture.Packet
	of             [][]int // by index of live; into recorded, in order
	missing        []int   // recorded and not delivered live
	extra          []int   // delivered live and not recorded
	end            int64   // live time of the last packet that was recorded, too, ns
}

// queue is the recorded packets of one direction of a flow that are not paired yet.
type queue struct {
	list []int
	head int
}

// lookahead is how many packets of its direction a packet may have overtaken
// between the two places where it is seen: two processors' work.
const lookahead = 128

// paired pairs decoded packets. What live capture delivered after the end of the
// recording does not count.
func paired(recorded, live []capture.Packet) *pairing {
	p := &pairing{recorded: recorded, live: live, of: make([][]int, len(live))}
	queues := map[capture.Key]*queue{}
	for i := range recorded {
		k := recorded[i].Key
		if queues[k] == nil {
			queues[k] = &queue{}
		}
		queues[k].list = append(queues[k].list, i)
	}
	used := make([]bool, len(recorded))
	torn := map[int][]int{} // as of, without their end
	for i := range live {
		q := queues[live[i].Key]
		if q == nil {
			continue
		}
		of, whole := p.take(q, used, &live[i])
		if !whole {
			torn[i] = of
			continue
		}
		p.of[i] = of
		p.end = max(p.end, live[i].Time)
	}
	for i := range live {
		switch {
		case p.of[i] != nil:
		case live[i].Time <= p.end:
			p.extra = append(p.extra, i)
		default: // the recording ended within it
			for _, k := range torn[i] {
				used[k] = true
			}
		}
	}
	for i := range recorded {
		if !used[i] {
			p.missing = append(p.missing, i)
		}
	}
	return p
}

// take finds what a live packet stands for, and takes it out of the queue if it is
// whole.
func (p *pairing) take(q *queue, used []bool, l *capture.Packet) (of []int, whole bool) {
	got := uint32(0)
	for {
		i := p.find(q, used, l, got)
		if i < 0 {
			break
		}
		of = append(of, i)
		used[i] = true
		got += p.recorded[i].PayloadLen
		if got >= l.PayloadLen {
			return of, true
		}
	}
	for _, i := range of {
		used[i] = false
	}
	return of, false
}

// find looks for the recorded packet with the payload behind the first got bytes.
func (p *pairing) find(q *queue, used []bool, l *capture.Packet, got uint32) int {
	for q.head < len(q.list) && used[q.list[q.head]] {
		q.head++
	}
	for n, i := range q.list[q.head:] {
		if n >= lookahead {
			break
		}
		if !used[i] && part(l, &p.recorded[i], got) {
			return i
		}
	}
	return -1
}

// part reports whether a recorded packet may be a live one, or the segment of it
// behind its first got bytes.
func part(l, r *capture.Packet, got uint32) bool {
	if r.PayloadLen > l.PayloadLen-got || r.PayloadLen == 0 && l.PayloadLen > 0 || r.TTL != l.TTL || r.FragOff != l.FragOff {
		return false
	}
	tcp := l.Has&capture.HasTCP != 0
	if got == 0 && (r.IPID != l.IPID || tcp && (r.Ack != l.Ack || r.Window != l.Window) || !tcp && !sameStart(l.Payload, r.Payload)) {
		return false
	}
	if !tcp {
		return true
	}
	last := got+r.PayloadLen == l.PayloadLen
	const ends = capture.SYN | capture.FIN | capture.RST
	return r.Seq == l.Seq+got && (!last || r.Flags&ends == l.Flags&ends)
}

// sameStart compares as much as both have of a payload.
func sameStart(a, b []byte) bool {
	n := min(len(a), len(b))
	return bytes.Equal(a[:n], b[:n])
}
