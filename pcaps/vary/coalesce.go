package vary

import (
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// mostMerged is how long a merged IPv4 packet can be, bytes.
const mostMerged = 65535

// Coalesced merges TCP segments that follow each other within gap ns into one frame,
// as LRO does before a tap sees them, and GRO (Linux net/ipv4/tcp_offload.c,
// tcp_gro_receive) of segments with the same timestamp: those of one flow and
// direction, in sequence, of one size but for the last, with the same
// acknowledgment. The options are the first one's. IPv4 over Ethernet only.
func Coalesced(gap int64) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		m := merger{gap: gap, held: map[capture.Key]*merged{}}
		for _, p := range packets {
			m.take(p)
		}
		for _, k := range m.order {
			m.flush(k)
		}
		return byTime(m.out)
	}
}

// merged is a frame that grows.
type merged struct {
	capture.Packet        // decoded: the first segment, with the length of all
	size           uint32 // of the first segment's payload
	frame          []byte
}

type merger struct {
	gap   int64
	dec   decode.Decoder
	held  map[capture.Key]*merged
	order []capture.Key
	out   []capture.Packet
}

func (m *merger) take(p capture.Packet) {
	q := p
	m.dec.Decode(&q)
	for _, k := range slices.Clone(m.order) {
		if p.Time-m.held[k].Time > m.gap {
			m.flush(k)
		}
	}
	if m.early(&q) {
		return
	}
	ip, _ := ipv4(&p)
	const plain = capture.ACK | capture.PSH
	if ip == nil || q.Has&capture.HasTCP == 0 || q.PayloadLen == 0 || q.Flags&^plain != 0 {
		m.flush(q.Key)
		m.out = append(m.out, p)
		return
	}
	if h := m.held[q.Key]; h != nil && !h.join(&q) {
		m.flush(q.Key)
	}
	h := m.held[q.Key]
	if h == nil {
		h = &merged{q, q.PayloadLen, slices.Clone(p.Frame)}
		m.held[q.Key] = h
		m.order = append(m.order, q.Key)
	}
	if q.Flags&capture.PSH != 0 || q.PayloadLen < h.size {
		m.flush(q.Key)
	}
}

// early reports whether a host acknowledges segments that are still held: it has
// not seen them, and will acknowledge the whole.
func (m *merger) early(q *capture.Packet) bool {
	h := m.held[q.Key.Reverse()]
	if h == nil || q.Has&capture.HasTCP == 0 || q.Flags&capture.ACK == 0 {
		return false
	}
	ahead := int32(q.Ack-h.Seq) > 0
	for _, block := range q.SACK[:q.NSACK] {
		ahead = ahead || int32(block[1]-h.Seq) > 0
	}
	if ahead && (q.PayloadLen > 0 || q.Flags&^capture.ACK != 0) {
		m.flush(h.Key) // what asks or ends does not wait
		return false
	}
	return ahead
}

// join adds a segment, or says that it does not belong here.
func (h *merged) join(q *capture.Packet) bool {
	same := q.Seq == h.SeqEnd() && q.Ack == h.Ack && q.OptsLen == h.OptsLen &&
		q.TTL == h.TTL && q.NSACK == 0 && h.NSACK == 0 && q.PayloadLen <= h.size
	if !same || h.IPLen+q.PayloadLen > mostMerged {
		return false
	}
	if uint32(len(h.Payload)) == h.PayloadLen { // else something is missing before it
		h.frame = append(h.frame, q.Payload...)
		h.Payload = h.frame[len(h.frame)-len(h.Payload)-len(q.Payload):]
	}
	h.Time, h.Flags = q.Time, h.Flags|q.Flags
	h.PayloadLen += q.PayloadLen
	h.IPLen += q.PayloadLen
	h.WireLen += q.PayloadLen
	return true
}

func (m *merger) flush(k capture.Key) {
	h := m.held[k]
	if h == nil {
		return
	}
	delete(m.held, k)
	m.order = slices.DeleteFunc(m.order, func(o capture.Key) bool { return o == k })
	p := undecoded(&h.Packet, h.frame)
	ip, head := ipv4(&p)
	exchange16(ip, ip4Len, uint16(h.IPLen), ip4Sum)
	ip[head+tcpFlags] = byte(h.Flags)
	m.out = append(m.out, p)
}
