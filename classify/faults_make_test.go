package classify

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/pcaps/vary"
)

// Faults of the capture beyond those of package vary.

// early ends it after a part of them.
func early(part, of int) vary.Fault {
	return func(packets []capture.Packet) []capture.Packet { return packets[:len(packets)*part/of] }
}

// overtaken has every nth packet overtaken by the next one, where the two came
// within a millisecond: receive queues of several processors do that. Times stay
// in order.
func overtaken(n int) vary.Fault {
	return func(packets []capture.Packet) []capture.Packet {
		for i := n - 1; i+1 < len(packets); i += n {
			if a, b := &packets[i], &packets[i+1]; b.Time-a.Time < 1_000_000 {
				*a, *b = *b, *a
				a.Time, b.Time = b.Time, a.Time
			}
		}
		return packets
	}
}

// pause is a time in which nothing was captured: a ring that ran over, a
// suspended host. It begins at a part of the capture and lasts ns.
func pause(part, of int, ns int64) vary.Fault {
	return func(packets []capture.Packet) []capture.Packet {
		if len(packets) == 0 {
			return packets
		}
		from := packets[len(packets)*part/of].Time
		return vary.DropIf(func(p *capture.Packet) bool { return p.Time >= from && p.Time < from+ns })(packets)
	}
}

// bursts loses packets in runs, as a ring does that overflows: one run begins at
// about every nth packet and is up to most packets long.
func bursts(n, most int, seed uint64) vary.Fault {
	return func(packets []capture.Packet) []capture.Packet {
		r := rand.New(rand.NewPCG(seed, 1))
		left := 0
		return vary.DropIf(func(*capture.Packet) bool {
			if left == 0 && r.IntN(n) == 0 {
				left = 1 + r.IntN(most)
			}
			lost := left > 0
			left = max(left-1, 0)
			return lost
		})(packets)
	}
}

// clockBack puts the clock of the capturing host back in the middle.
func clockBack(ns int64) vary.Fault {
	return func(packets []capture.Packet) []capture.Packet {
		vary.Shift(-ns)(packets[len(packets)/2:])
		return packets
	}
}

// Limits of receive offload (GRO): how long the first segment is held, and how
// much fits into one IPv4 packet.
const (
	mergeHold = 1_000_000 // ns
	mergeMost = 65000     // bytes
)

// merged joins runs of data segments of one direction as receive offload does:
// same acknowledgement, window and timestamp, numbers that follow on each other, nothing of
// that direction in between.
func merged(packets []capture.Packet) []capture.Packet {
	var d decode.Decoder
	out := packets[:0]
	open := map[capture.Key]*merging{}
	for _, p := range packets {
		q := p
		d.Decode(&q)
		if q.Has&capture.HasTCP == 0 {
			out = append(out, p)
			continue
		}
		if r := open[q.Key]; r != nil && r.takes(&q) && len(out[r.at].Frame)+len(q.Payload) <= mergeMost {
			r.add(&out[r.at], &q)
			continue
		}
		delete(open, q.Key)
		out = append(out, p)
		if mergeable(&q) {
			open[q.Key] = &merging{at: len(out) - 1, last: q, first: q.Time}
		}
	}
	return out
}

// merging is a run of segments that is being merged.
type merging struct {
	at    int // its place in the output
	first int64
	last  capture.Packet
}

func mergeable(q *capture.Packet) bool {
	return q.PayloadLen > 0 && int(q.PayloadLen) == len(q.Payload) && q.Link == capture.LinkEthernet &&
		q.Has&capture.HasIPv6 == 0 && q.Flags&^capture.PSH == capture.ACK && q.Has&capture.HasSACK == 0
}

func (r *merging) takes(q *capture.Packet) bool {
	l := &r.last
	return mergeable(q) && l.Flags&capture.PSH == 0 && q.Seq == l.SeqEnd() && q.Ack == l.Ack && q.Window == l.Window &&
		q.TSval == l.TSval && q.TSecr == l.TSecr && q.OptsLen == l.OptsLen && q.TTL == l.TTL && q.Time-r.first <= mergeHold
}

// add appends the payload of q to the packet that the run began with and
// corrects its headers.
func (r *merging) add(p, q *capture.Packet) {
	p.Frame = append(slices.Clone(p.Frame), q.Payload...)
	p.WireLen = uint32(len(p.Frame))
	binary.BigEndian.PutUint16(p.Frame[14+2:], uint16(len(p.Frame)-14))
	p.Frame[14+10], p.Frame[14+11] = 0, 0
	if q.Flags&capture.PSH != 0 {
		p.Frame[14+4*int(p.Frame[14]&15)+13] |= byte(capture.PSH)
	}
	r.last = *q
}
