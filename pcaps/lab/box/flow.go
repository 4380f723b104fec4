package box

import (
	"net/netip"

	"chokepoint/capture"
)

// Packet is a frame on its way through the box, decoded. Who changes the frame
// mends its checksums and what decode found.
type Packet struct {
	capture.Packet
	Box    *Box // that it is in
	Dir    Dir
	Flow   *Flow // its connection as the rules have seen it, this packet included; nil without ports
	Forged bool  // the box made it
}

// Server is the address of the packet's far end.
func (p *Packet) Server() netip.Addr {
	if p.Dir == Up {
		return p.Key.DstAddr()
	}
	return p.Key.SrcAddr()
}

// Flow is what the rules have seen of a connection. Slots are by direction.
type Flow struct {
	Key   capture.Key // in the direction Up
	Began int64       // first packet, ns since the epoch
	Side  [2]Side
	Hello Hello
	State map[*Rule]any // what rules remember of it
}

// Side is one direction of a flow: what its sender was seen to send.
type Side struct {
	Packets, Payloads uint64 // packets, and those of them with payload
	Bytes             uint64 // payload, copies included
	ISN, Next         uint32 // TCP: initial and next sequence number
	Ack               uint32 // TCP: highest acknowledged so far of the other side
	TTL               uint8  // of its last packet, here
	IPID, Window      uint16 // of its last packet
	TSval             uint32 // of its last packet with timestamps
	HasTS             bool
}

// follow finds the packet's flow and counts the packet in.
func (b *Box) follow(p *Packet) {
	if p.Has&capture.HasPorts == 0 {
		return
	}
	key := p.Key
	if p.Dir == Down {
		key = key.Reverse()
	}
	f := b.flows[key]
	fresh := p.Has&capture.HasTCP != 0 && p.Dir == Up && p.Flags&(capture.SYN|capture.ACK) == capture.SYN
	if f == nil || fresh && f.Side[Up].ISN != p.Seq {
		f = &Flow{Key: key, Began: b.now, State: map[*Rule]any{}}
		b.flows[key] = f
	}
	p.Flow = f
	f.Side[p.Dir].count(p)
	f.Hello.feed(p)
}

func (s *Side) count(p *Packet) {
	s.Packets++
	if p.PayloadLen > 0 {
		s.Payloads++
		s.Bytes += uint64(p.PayloadLen)
	}
	s.TTL, s.IPID = p.TTL, p.IPID
	if p.Has&capture.HasTCP == 0 {
		return
	}
	if p.Flags&capture.SYN != 0 || s.Packets == 1 { // the first may be from the middle of a connection
		s.ISN, s.Next = p.Seq, p.SeqEnd()
	} else if int32(p.SeqEnd()-s.Next) > 0 {
		s.Next = p.SeqEnd()
	}
	if p.Flags&capture.ACK != 0 && (s.Ack == 0 || int32(p.Ack-s.Ack) > 0) {
		s.Ack = p.Ack
	}
	s.Window = p.Window
	if p.Has&capture.HasTS != 0 {
		s.TSval, s.HasTS = p.TSval, true
	}
}
