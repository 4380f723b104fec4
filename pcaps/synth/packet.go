package synth

import (
	"net/netip"

	"chokepoint/capture"
)

// Dir is the way a packet goes.
type Dir uint8

// Up is from the client to the server, Down the other way.
const (
	Up   Dir = 0
	Down Dir = 1
)

// TCP flags, as package capture has them.
const (
	FIN = capture.FIN
	SYN = capture.SYN
	RST = capture.RST
	PSH = capture.PSH
	ACK = capture.ACK
)

// protoESP is the protocol number of ESP (RFC 4303 section 2).
const protoESP = 50

// Packet is a TCP segment, a UDP datagram or an ESP packet on its way, or any IP
// packet that came as a frame; see [Parse]. Whoever passes it on gives it away.
type Packet struct {
	Dir      Dir
	Src, Dst netip.AddrPort
	Proto    uint8 // capture.ProtoTCP, capture.ProtoUDP, or of a packet without ports
	TTL      uint8
	ID       uint16 // IPv4 identification; DF is always set
	NoDF     bool

	Flags    uint16
	Seq, Ack uint32
	Window   uint16 // as on the wire, unscaled
	Options  Options
	Payload  []byte

	landed func()     // called when it reaches the end of its path
	raw    []byte     // the frame, if it was not made from these fields
	quoted *complaint // it is an ICMP error
	broken bool       // a wrong checksum, or a piece of a packet: no host takes it
}

// Options are the TCP options of a segment, zero where absent.
type Options struct {
	MSS          uint16
	SACKOK       bool
	WScale       uint8 // sent with MSS
	TS           bool
	TSval, TSecr uint32
	SACK         [][2]uint32 // up to three with timestamps (RFC 2018 section 3)
}

// size is the bytes of the options on the wire, padded as Linux pads them.
func (o *Options) size() int {
	n := 0
	if o.MSS != 0 {
		n += 4 + 4 // MSS; window scale behind a NOP
		if o.SACKOK && !o.TS {
			n += 4
		}
	}
	if o.TS {
		n += 12
	}
	if len(o.SACK) > 0 {
		n += 4 + 8*len(o.SACK)
	}
	return n
}

// ipHeader is the length of the IP header.
func (p *Packet) ipHeader() int {
	if p.Src.Addr().Is4() {
		return 20
	}
	return 40
}

// IPLen is the length of the IP packet in bytes.
func (p *Packet) IPLen() int {
	if p.raw != nil {
		return len(p.raw) - ethernetLen
	}
	switch p.Proto {
	case capture.ProtoUDP:
		return p.ipHeader() + 8 + len(p.Payload)
	case protoESP:
		return p.ipHeader() + len(p.Payload)
	}
	return p.ipHeader() + 20 + p.Options.size() + len(p.Payload)
}

// length is the sequence space the segment takes (RFC 9293 section 3.4).
func (p *Packet) length() uint32 {
	n := uint32(len(p.Payload))
	if p.Flags&SYN != 0 {
		n++
	}
	if p.Flags&FIN != 0 {
		n++
	}
	return n
}

// tuple names a flow by client and server, the same for both directions.
type tuple struct{ client, server netip.AddrPort }

func (p *Packet) tuple() tuple {
	if p.Dir == Up {
		return tuple{p.Src, p.Dst}
	}
	return tuple{p.Dst, p.Src}
}

// quotedTuple names the flow of the packet that an ICMP error is about, which went
// the other way.
func (p *Packet) quotedTuple() tuple {
	k := &p.quoted.Key
	sender, other := netip.AddrPortFrom(k.SrcAddr(), k.SrcPort), netip.AddrPortFrom(k.DstAddr(), k.DstPort)
	if p.Dir == Down {
		return tuple{sender, other}
	}
	return tuple{other, sender}
}
