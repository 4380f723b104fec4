package vary

import (
	"encoding/binary"
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// What apps write that capture on a phone as its VPN: the packets of their own
// little stack, not of the network.
const (
	phoneTTL    = 64
	phoneISN    = 0x77eb77eb // of every server
	phoneWindow = 65535
	phoneAnswer = 25_000 // ns until the stack acknowledges
)

// Phone is the capture of a client taken by a VPN app on it, which ends every TCP
// connection on the phone and opens one of its own behind: raw IP, headers made up,
// no options, no loss; what the network lost comes when the kernel has it again.
// Other than TCP and UDP over IPv4 is left out.
func Phone(client func(*capture.Packet) bool) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		ph := phone{client: client, flows: map[capture.Key]*phoned{}}
		for _, p := range packets {
			q := p
			ph.dec.Decode(&q)
			if ip, head := ipv4(&p); ip != nil && q.FragOff == 0 {
				ph.take(&q, ip, head)
			}
		}
		return byTime(ph.out)
	}
}

// side is one direction of a connection.
type side struct {
	isn, next uint32 // as they were; next in order
	begun     bool
	waiting   []capture.Packet // beyond a hole
}

// phoned is a connection; sides are those of the client and of the server.
type phoned struct {
	side  [2]side
	ended bool
}

type phone struct {
	client func(*capture.Packet) bool
	dec    decode.Decoder
	flows  map[capture.Key]*phoned
	out    []capture.Packet
}

func (ph *phone) take(q *capture.Packet, ip []byte, head int) {
	switch {
	case q.Has&capture.HasTCP != 0:
		ph.segment(q)
	case q.Has&capture.HasUDP != 0:
		b := slices.Concat(madeUp(q, capture.ProtoUDP, uint16(q.IPLen)-uint16(head)), ip[head:])
		binary.BigEndian.PutUint16(b[ip4Head+udpSum:], 0)
		ph.write(q, b, q.IPLen-uint32(head)+ip4Head)
	}
}

// segment brings a segment to who waits for it, in order.
func (ph *phone) segment(q *capture.Packet) {
	k, _ := q.Key.Canonical()
	f, at := ph.flows[k], 0
	if !ph.client(q) {
		at = 1
	}
	if q.Flags&capture.SYN != 0 && at == 0 && (f == nil || f.ended || q.Seq != f.side[0].isn) {
		f = &phoned{}
		ph.flows[k] = f
	}
	if f == nil || f.ended {
		return // a connection that the app does not know
	}
	s := &f.side[at]
	switch {
	case q.Flags&capture.SYN != 0:
		if !s.begun {
			s.isn, s.next, s.begun = q.Seq, q.Seq+1, true
			ph.say(f, at, q, q.Flags&(capture.SYN|capture.ACK), nil, 0)
		}
	case q.Flags&capture.RST != 0:
		f.ended = true
		ph.say(f, at, q, capture.RST|capture.ACK, nil, 0)
	case s.begun && (q.PayloadLen > 0 || q.Flags&capture.FIN != 0):
		s.waiting = append(s.waiting, *q)
		for ph.deliver(f, at, q.Time) {
		}
	}
}

// deliver hands on what comes next, and reports whether there was any.
func (ph *phone) deliver(f *phoned, at int, now int64) bool {
	s := &f.side[at]
	for i, p := range s.waiting {
		if int32(p.Seq-s.next) > 0 {
			continue
		}
		s.waiting = slices.Delete(s.waiting, i, i+1)
		old := s.next - p.Seq // bytes, that were there before
		fin := p.Flags & capture.FIN
		if int32(p.SeqEnd()-s.next) > 0 {
			p.Time = now
			data := p.Payload[min(int(old), len(p.Payload)):]
			ph.say(f, at, &p, capture.ACK|p.Flags&capture.PSH|fin, data, p.PayloadLen-min(old, p.PayloadLen))
			s.next = p.SeqEnd()
			p.Time += phoneAnswer
			p.Key = p.Key.Reverse()
			ph.say(f, 1-at, &p, capture.ACK, nil, 0)
		}
		return true
	}
	return false
}

// say writes a segment of one side, of n bytes of payload.
func (ph *phone) say(f *phoned, at int, like *capture.Packet, flags uint16, data []byte, n uint32) {
	me, other := &f.side[at], &f.side[1-at]
	seq, ack := me.next, other.next
	if flags&capture.SYN != 0 {
		seq--
	}
	if at == 0 {
		ack += phoneISN - other.isn
	} else {
		seq += phoneISN - me.isn
	}
	if flags&capture.ACK == 0 {
		ack = 0
	}
	b := madeUp(like, capture.ProtoTCP, tcpHead+uint16(n))
	b = binary.BigEndian.AppendUint16(b, like.Key.SrcPort)
	b = binary.BigEndian.AppendUint16(b, like.Key.DstPort)
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, tcpHead/4<<4, byte(flags))
	b = binary.BigEndian.AppendUint16(b, phoneWindow)
	b = append(b, 0, 0, 0, 0) // checksum, urgent pointer
	ph.write(like, append(b, data...), ip4Head+tcpHead+n)
}

func (ph *phone) write(like *capture.Packet, ip []byte, wire uint32) {
	ph.out = append(ph.out, capture.Packet{Time: like.Time, Link: capture.LinkRaw, Frame: ip, WireLen: wire})
}

// madeUp is an IPv4 header around n bytes.
func madeUp(like *capture.Packet, proto byte, n uint16) []byte {
	b := make([]byte, ip4Head)
	b[0], b[ip4TTL], b[ip4Proto] = 4<<4|ip4Head/4, phoneTTL, proto
	binary.BigEndian.PutUint16(b[ip4Len:], ip4Head+n)
	src, dst := like.Key.SrcAddr().As4(), like.Key.DstAddr().As4()
	copy(b[ip4Src:], src[:])
	copy(b[ip4Dst:], dst[:])
	sum := uint32(0)
	for i := 0; i < ip4Head; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(b[ip4Sum:], ^uint16(sum+sum>>16))
	return b
}
