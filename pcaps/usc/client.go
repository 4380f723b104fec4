package usc

import (
	"cmp"
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// AtClient is what a tap at the client would have seen, told from a capture at the
// server: data arrives when it is first acknowledged or selectively acknowledged,
// what was lost is not seen, a retransmission that was lost in its turn neither, and
// the client's packets leave when they came in (rate-and-calls, section 1.1).
// Packets are numbered from 1; those given are decoded and otherwise not changed.
func AtClient(packets []capture.Packet) []capture.Packet {
	var d decode.Decoder
	flights := map[capture.Key]*flight{} // by the key of the client's packets
	var out []capture.Packet
	for i := range packets {
		p := &packets[i]
		if p.Has&capture.Decoded == 0 {
			d.Decode(p)
		}
		if p.Has&capture.HasTCP == 0 {
			continue
		}
		if f := flights[p.Key.Reverse()]; f != nil {
			if p.PayloadLen == 0 && p.Flags&(capture.SYN|capture.FIN) == 0 {
				q := *p // nothing tells when it came: a round trip of the handshake later
				q.Time += f.rtt
				out = append(out, q)
			} else {
				f.send(*p)
			}
			continue
		}
		f := flights[p.Key]
		if f == nil {
			f = &flight{}
			flights[p.Key] = f
		}
		out = append(f.arrived(p, out), *p)
	}
	slices.SortStableFunc(out, func(a, b capture.Packet) int { return cmp.Compare(a.Time, b.Time) })
	for i := range out {
		out[i].Num = uint64(i + 1)
	}
	return out
}

// flight is what was sent and not acknowledged, by sequence number.
type flight struct {
	sent []capture.Packet
	rtt  int64 // of the handshake, ns
}

// send puts a transmission into flight, in place of an earlier copy.
func (f *flight) send(p capture.Packet) {
	for i := range f.sent {
		if f.sent[i].Seq == p.Seq {
			f.sent[i] = p
			return
		}
		if int32(f.sent[i].Seq-p.Seq) > 0 {
			f.sent = slices.Insert(f.sent, i, p)
			return
		}
	}
	f.sent = append(f.sent, p)
}

// arrived adds to out what an acknowledgement says has come.
func (f *flight) arrived(ack *capture.Packet, out []capture.Packet) []capture.Packet {
	f.sent = slices.DeleteFunc(f.sent, func(p capture.Packet) bool {
		if !covers(ack, &p) {
			return false
		}
		if p.Flags&capture.SYN != 0 {
			f.rtt = ack.Time - p.Time
		}
		p.Time = ack.Time
		out = append(out, p)
		return true
	})
	return out
}

func covers(ack, p *capture.Packet) bool {
	if int32(ack.Ack-p.SeqEnd()) >= 0 {
		return true
	}
	if ack.Has&capture.HasSACK == 0 {
		return false
	}
	for _, b := range ack.SACK[:ack.NSACK] {
		if int32(p.Seq-b[0]) >= 0 && int32(b[1]-p.SeqEnd()) >= 0 {
			return true
		}
	}
	return false
}
