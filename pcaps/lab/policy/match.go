package policy

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/rtp"
	"chokepoint/classify/wire/stun"
	"chokepoint/pcaps/lab/box"
)

// All is true where all of the matches are. Each is asked about every packet, so
// that those with a memory miss none: their order does not matter.
func All(ms ...box.Match) box.Match {
	return func(p *box.Packet) bool {
		yes := true
		for _, m := range ms {
			yes = m(p) && yes
		}
		return yes
	}
}

// Any is true where one of the matches is. Each is asked about every packet.
func Any(ms ...box.Match) box.Match {
	return func(p *box.Packet) bool {
		yes := false
		for _, m := range ms {
			yes = m(p) || yes
		}
		return yes
	}
}

// Not turns a match round.
func Not(m box.Match) box.Match { return func(p *box.Packet) bool { return !m(p) } }

// Every is true of all packets.
func Every(*box.Packet) bool { return true }

// To is the packets of both directions whose server is one of those named:
// addresses or prefixes, also as text. Text that is neither panics.
func To[T string | netip.Addr | netip.Prefix](where ...T) box.Match {
	var list []netip.Prefix
	for _, w := range where {
		list = append(list, prefixOf(any(w)))
	}
	return func(p *box.Packet) bool {
		at := p.Server()
		return slices.ContainsFunc(list, func(x netip.Prefix) bool { return x.Contains(at) })
	}
}

func prefixOf(w any) netip.Prefix {
	switch w := w.(type) {
	case netip.Prefix:
		return w
	case netip.Addr:
		return netip.PrefixFrom(w, w.BitLen())
	case string:
		if strings.Contains(w, "/") {
			return netip.MustParsePrefix(w)
		}
		return prefixOf(netip.MustParseAddr(w))
	}
	return netip.Prefix{}
}

// Port is the packets of both directions with one of these ports at the server.
func Port(ports ...uint16) box.Match {
	return func(p *box.Packet) bool {
		port := p.Key.DstPort
		if p.Dir == box.Down {
			port = p.Key.SrcPort
		}
		return p.Has&capture.HasPorts != 0 && slices.Contains(ports, port)
	}
}

// Dir is the packets that go one way.
func Dir(d box.Dir) box.Match { return func(p *box.Packet) bool { return p.Dir == d } }

// TCP is segments with a whole header.
func TCP(p *box.Packet) bool { return p.Has&capture.HasTCP != 0 }

// UDP is datagrams.
func UDP(p *box.Packet) bool { return p.Has&capture.HasUDP != 0 }

// ICMP is ICMP of either version.
func ICMP(p *box.Packet) bool { return p.Has&capture.HasICMP != 0 }

// V6 is IPv6.
func V6(p *box.Packet) bool { return p.Has&capture.HasIPv6 != 0 }

// Payload is packets with at least n bytes of TCP or UDP payload.
func Payload(n uint32) box.Match { return func(p *box.Packet) bool { return p.PayloadLen >= n } }

// Flags is TCP segments that have these flags and lack all others of SYN, FIN, RST
// and ACK.
func Flags(want uint16) box.Match {
	const looked = capture.SYN | capture.FIN | capture.RST | capture.ACK
	return func(p *box.Packet) bool { return TCP(p) && p.Flags&(looked|want) == want }
}

// SYN is a client's request to connect.
func SYN(p *box.Packet) bool {
	return TCP(p) && p.Flags&(capture.SYN|capture.ACK|capture.RST) == capture.SYN
}

// SYNACK is the answer to a SYN.
func SYNACK(p *box.Packet) bool {
	return TCP(p) && p.Flags&(capture.SYN|capture.ACK|capture.RST) == capture.SYN|capture.ACK
}

// FirstPayload is the first packet with payload that the client of a flow sends.
func FirstPayload(p *box.Packet) bool {
	return p.Flow != nil && p.Dir == box.Up && p.PayloadLen > 0 && p.Flow.Side[box.Up].Payloads == 1
}

// Hello is the packet that makes the client's hello whole: a TLS ClientHello over
// TCP or QUIC, or the head of an HTTP/1.x request.
func Hello(p *box.Packet) bool { return p.Flow != nil && p.Flow.Hello.Last }

// SNI is all packets of a flow whose client has named one of these servers in TLS
// or QUIC, from the packet on that completed the name. No names: any.
func SNI(names ...string) box.Match {
	return func(p *box.Packet) bool { return p.Flow != nil && named(p.Flow.Hello.SNI, names) }
}

// Host is the same of a plaintext HTTP request.
func Host(names ...string) box.Match {
	return func(p *box.Packet) bool { return p.Flow != nil && named(p.Flow.Hello.Host, names) }
}

// named reports whether name is one of the names, or below one that begins with a
// dot: ".example.com" is example.com and all below it.
func named(name string, names []string) bool {
	if name == "" {
		return false
	}
	return len(names) == 0 || slices.ContainsFunc(names, func(n string) bool {
		below := strings.HasPrefix(n, ".")
		return name == strings.TrimPrefix(n, ".") || below && strings.HasSuffix(name, n)
	})
}

// dnsPort is that of DNS over UDP and TCP (RFC 1035 section 4.2).
const dnsPort = 53

// QNAME is DNS queries for one of these names, over UDP or TCP. No names: any.
func QNAME(names ...string) box.Match {
	return func(p *box.Packet) bool {
		q := query(p)
		return q != nil && named(strings.TrimSuffix(strings.ToLower(q.Question[0].Name), "."), names)
	}
}

// query returns the DNS query in a packet of a client, nil if there is none. Over
// TCP it has to come in one segment.
func query(p *box.Packet) *dns.Msg {
	b := p.Payload
	if p.Dir != box.Up || p.Key.DstPort != dnsPort {
		return nil
	}
	if TCP(p) {
		b = b[min(len(b), 2):] // RFC 1035 section 4.2.2: a length first
	}
	q := new(dns.Msg)
	if q.Unpack(b) != nil || q.Response || len(q.Question) != 1 {
		return nil
	}
	return q
}

// QUICInitial is datagrams that begin with a QUIC Initial, of either side.
func QUICInitial(p *box.Packet) bool { return UDP(p) && box.IsInitial(p.Payload) }

// QUIC is all packets of a flow that the client began with a QUIC Initial.
func QUIC(p *box.Packet) bool { return UDP(p) && p.Flow != nil && p.Flow.Hello.QUIC }

// STUN is STUN and TURN messages over UDP, and what relays carry as ChannelData.
func STUN(p *box.Packet) bool {
	var m stun.Message
	if !UDP(p) || len(p.Payload) == 0 {
		return false
	}
	_, _, channel := stun.ChannelData(p.Payload)
	return channel || m.Parse(p.Payload, int(p.PayloadLen)) == wire.Done
}

// RTP is datagrams with RTP or RTCP, bare or as ChannelData of a relay (RFC 8656
// section 12).
func RTP(p *box.Packet) bool {
	b := p.Payload
	if _, inner, ok := stun.ChannelData(b); ok {
		b = inner
	}
	var h rtp.Header
	var r rtp.RTCP
	return UDP(p) && len(b) > 0 && (rtp.Parse(b, &h) || rtp.ParseRTCP(b, &r))
}
