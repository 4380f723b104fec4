package detect_test

import (
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/fact/bulklog"
)

// tapped is one TCP connection as the tracker feeds it to logs.
type tapped struct {
	client  capture.Key // of the client's packets
	packets []capture.Packet
	server  time.Duration // round trip of the handshake to the server, 0 not seen
}

func tappedFlows(packets []capture.Packet) (out []*tapped) {
	byKey := map[capture.Key]*tapped{}
	for _, p := range packets {
		k, _ := p.Key.Canonical()
		f := byKey[k]
		if f == nil {
			f = &tapped{client: p.Key}
			byKey[k] = f
			out = append(out, f)
		}
		f.packets = append(f.packets, p)
	}
	return out
}

// logAfter is how much payload a direction sends before it is logged.
const logAfter = 12 << 10

// feeder keeps what the tracker counts before a log starts.
type feeder struct {
	log         bulklog.Log
	isn, next   uint32
	payload, ip uint64
	start       int64
	mss         uint16 // of the receiver
	seen, begun bool
}

func (d *feeder) data(p *capture.Packet) {
	if p.Flags&capture.SYN != 0 {
		d.isn, d.next, d.seen = p.Seq, p.Seq+1, true
		return
	}
	if p.PayloadLen == 0 {
		return
	}
	if !d.seen {
		d.isn, d.next, d.seen = p.Seq-1, p.Seq, true
	}
	if d.begun {
		d.log.Data(p, d.mss)
		return
	}
	if d.payload == 0 {
		d.start = p.Time
	}
	if end := p.SeqEnd(); int32(end-d.next) > 0 {
		d.next = end
	}
	d.payload += uint64(p.PayloadLen)
	d.ip += uint64(p.IPLen)
	if d.payload >= logAfter {
		d.begun = true
		d.log.Start(bulklog.Origin{ISN: d.isn, Next: d.next, Contig: d.next, Start: d.start, Before: d.ip, MSS: d.mss})
	}
}

// facts logs both directions of a connection.
func (f *tapped) facts(packets []capture.Packet) *fact.Flow {
	var dirs [2]feeder // up, down
	for i := range packets {
		p := &packets[i]
		d := fact.Down
		if p.Key == f.client {
			d = fact.Up
		}
		if p.Has&capture.HasMSS != 0 {
			dirs[d.Other()].mss = p.MSS
		}
		dirs[d].data(p)
		if dirs[d.Other()].begun {
			dirs[d.Other()].log.Ack(p)
		}
	}
	opened := len(packets) > 0 && packets[0].Flags&capture.SYN != 0
	out := &fact.Flow{ID: 1, Key: f.client, Vantage: "unknown", Handshake: opened}
	if f.server > 0 {
		out.Sides[fact.Up].RTT.Handshake = fact.Some(f.server)
	}
	for d := range dirs {
		out.Bulk[d] = dirs[d].log.Snapshot()
	}
	return out
}

// atReceiver is what a tap at the client would have seen, told from a capture
// at the server: data arrives when it is first acknowledged or SACKed, what was
// lost is not seen, and the client's packets leave when they came in
// (rate-and-calls, section 1.1).
func (f *tapped) atReceiver() (out []capture.Packet) {
	var flight []capture.Packet // sent by the server, not acknowledged, by sequence
	for i := range f.packets {
		p := &f.packets[i]
		if p.Key != f.client {
			if p.PayloadLen == 0 {
				out = append(out, *p)
				continue
			}
			flight = send(flight, p)
			continue
		}
		flight = slices.DeleteFunc(flight, func(q capture.Packet) bool {
			if !covers(p, &q) {
				return false
			}
			q.Time = p.Time
			out = append(out, q)
			return true
		})
		out = append(out, *p)
	}
	return out
}

// send puts a transmission into flight, in place of an earlier copy.
func send(flight []capture.Packet, p *capture.Packet) []capture.Packet {
	for i := range flight {
		if flight[i].Seq == p.Seq {
			flight[i] = *p
			return flight
		}
		if int32(flight[i].Seq-p.Seq) > 0 {
			return slices.Insert(flight, i, *p)
		}
	}
	return append(flight, *p)
}

func covers(ack, q *capture.Packet) bool {
	if int32(ack.Ack-q.SeqEnd()) >= 0 {
		return true
	}
	for _, b := range ack.SACK[:ack.NSACK] {
		if ack.Has&capture.HasSACK != 0 && int32(q.Seq-b[0]) >= 0 && int32(b[1]-q.SeqEnd()) >= 0 {
			return true
		}
	}
	return false
}
