package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/service"
)

// udp books a UDP datagram sent in direction d.
func (t *Tracker) udp(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet) {
	f := &e.Rec
	if e.Key.DstPort == portDNS || e.Key.SrcPort == portDNS {
		t.datagramDNS(id, e, p)
	} else {
		t.datagram(id, e, d, p)
		t.attend(id, e, d, p)
		if d == fact.Down && f.sides[fact.Up].payload > 0 {
			t.progress(e, p, id)
		}
		if !t.conf.NoRates {
			t.rateDatagram(id, f, d, p)
		}
	}
	f.datagramData(d, p)
	t.Table.Touch(id, e, QUDP, p.Time)
}

// datagramData books what all datagrams have.
func (f *Flow) datagramData(d fact.Dir, p *capture.Packet) {
	s := &f.sides[d]
	s.headerFields(p)
	if p.PayloadLen > 0 {
		f.note(d, hData)
		s.fresh, s.freshN = f.coarse(p.Time), f.offset(p.Num)
		if s.firstData == 0 {
			s.firstData, s.firstN = f.micros(p.Time)+1, f.offset(p.Num)
		}
	}
	f.account(s, p, max(uint32(p.Segs), 1)) // UDP_SEGMENT and UDP_GRO, as far as the source tells
}

// sealed books a packet of a tunnel that has no ports.
func (t *Tracker) sealed(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet) {
	f := &e.Rec
	if f.flags&named == 0 {
		f.flags |= named
		t.recognise(f, e, d, &[2]head{}, service.Payload{Nth: 1, Bytes: p.Payload, Len: int(p.PayloadLen)})
	}
	if d == fact.Down && f.sides[fact.Up].payload > 0 {
		t.progress(e, p, id)
	}
	f.datagramData(d, p)
	t.Table.Touch(id, e, QUDP, p.Time)
}

// icmp books an ICMP error on the flow it quotes and reports whether there is
// one.
func (t *Tracker) icmp(p *capture.Packet) bool {
	id, e, reverse := t.Table.Find(&p.Quoted.Key, p.Quoted.Key.Hash(t.conf.Seed))
	if e == nil {
		return false
	}
	d := fact.Up
	if reverse {
		d = fact.Down
	}
	tr := t.needTrouble(id, &e.Rec)
	if len(tr.icmps) < maxICMPs {
		tr.icmps = append(tr.icmps, fact.ICMP{
			Num: p.Num, Time: p.Time, Type: p.ICMPType, Code: p.ICMPCode,
			V6: p.Key.Proto == capture.ProtoICMPv6, From: p.Key.Src, MTU: p.Quoted.MTU, Dir: d, TTL: p.TTL,
		})
	}
	return true
}
