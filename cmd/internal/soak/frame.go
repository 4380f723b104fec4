package soak

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Nobody's hardware addresses: locally administered, so that neither end of the
// cable takes a frame for its own.
var (
	near = []byte{0x02, 0, 0, 0, 0, 0x51}
	far  = []byte{0x02, 0, 0, 0, 0, 0x52}
)

// pair is who talks to whom.
type pair struct {
	client, server netip.AddrPort
}

// Hop limits as they arrive: of a client on the link, a server 12 hops away and
// somebody in between.
const (
	ttlClient  = 64
	ttlServer  = 52
	ttlBetween = 58
)

func (p pair) ip(up bool, proto layers.IPProtocol, id uint32) (layers.Ethernet, layers.IPv4) {
	e := layers.Ethernet{SrcMAC: near, DstMAC: far, EthernetType: layers.EthernetTypeIPv4}
	i := layers.IPv4{Version: 4, TTL: ttlClient, Id: uint16(id), Flags: layers.IPv4DontFragment, Protocol: proto,
		SrcIP: p.client.Addr().AsSlice(), DstIP: p.server.Addr().AsSlice()}
	if !up {
		e.SrcMAC, e.DstMAC, i.TTL = far, near, ttlServer
		i.SrcIP, i.DstIP = i.DstIP, i.SrcIP
	}
	return e, i
}

func (p pair) ports(up bool) (from, to uint16) {
	if up {
		return p.client.Port(), p.server.Port()
	}
	return p.server.Port(), p.client.Port()
}

// udp makes a datagram.
func (p pair) udp(up bool, id uint32, payload []byte) []byte {
	e, i := p.ip(up, layers.IPProtocolUDP, id)
	from, to := p.ports(up)
	u := layers.UDP{SrcPort: layers.UDPPort(from), DstPort: layers.UDPPort(to)}
	return serialize(&i, u.SetNetworkLayerForChecksum(&i), &e, &i, &u, gopacket.Payload(payload))
}

// segment says what is in one.
type segment struct {
	up                      bool
	syn, ack, fin, rst, psh bool
	seq, acked              uint32
	ttl                     uint8 // 0: the sender's own
	payload                 []byte
}

// synOptions are those of a SYN: MSS 1460, window scale 7 (RFC 9293, 7323).
var synOptions = []layers.TCPOption{
	{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{1460 >> 8, 1460 & 0xff}},
	{OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{7}},
}

// tcp makes a segment.
func (p pair) tcp(s segment) []byte {
	e, i := p.ip(s.up, layers.IPProtocolTCP, s.seq)
	if s.ttl != 0 {
		i.TTL = s.ttl
	}
	from, to := p.ports(s.up)
	t := layers.TCP{SrcPort: layers.TCPPort(from), DstPort: layers.TCPPort(to), Seq: s.seq, Ack: s.acked, Window: 502,
		SYN: s.syn, ACK: s.ack, FIN: s.fin, RST: s.rst, PSH: s.psh}
	if s.syn {
		t.Options, t.Window = synOptions, 64240
	}
	return serialize(&i, t.SetNetworkLayerForChecksum(&i), &e, &i, &t, gopacket.Payload(s.payload))
}

// serialize panics only if the layers do not fit together, which does not depend on
// what is in them.
func serialize(_ *layers.IPv4, err error, all ...gopacket.SerializableLayer) []byte {
	b := gopacket.NewSerializeBufferExpectedSize(64, 64)
	if err == nil {
		err = gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...)
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

// addr4 is an address within a /8.
func addr4(first byte, n uint32) netip.Addr {
	b := binary.BigEndian.AppendUint32(nil, n)
	b[0] = first
	return netip.AddrFrom4([4]byte(b))
}
