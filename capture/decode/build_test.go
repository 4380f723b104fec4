package decode

import (
	"encoding/binary"
	"slices"

	"chokepoint/capture"
)

// Frames for the tests, header by header. None of these functions share code
// with the decoder.

const (
	SYN = capture.SYN
	ACK = capture.ACK
	RST = capture.RST
)

var (
	tsOption   = []byte{1, 1, 8, 10, 0, 0, 0, 100, 0, 0, 0, 200}
	synOptions = []byte{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0, 1, 3, 3, 7}

	client4 = []byte{192, 0, 2, 1}
	server4 = []byte{198, 51, 100, 2}
	outerA  = []byte{10, 0, 0, 1}
	outerB  = []byte{10, 0, 0, 2}
	client6 = []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
	server6 = []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}
)

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

func u16(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func u32(v int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }

func ether(et int, body []byte) []byte {
	return join([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, u16(et), body)
}

func ether4(ip []byte) []byte { return ether(0x0800, ip) }
func ether6(ip []byte) []byte { return ether(0x86dd, ip) }

func vlan(id, et int, body []byte) []byte { return ether(0x8100, join(u16(id), u16(et), body)) }

// ip4opt builds an IPv4 datagram from client4 to server4 with TTL 64, ID 4242,
// DF, DSCP 46 and the given flags-and-offset word.
func ip4opt(proto int, src, dst, options []byte, frag int, body []byte) []byte {
	h := join([]byte{byte(0x45 + len(options)/4), 46 << 2}, u16(20+len(options)+len(body)), u16(4242), u16(frag),
		[]byte{64, byte(proto), 0, 0}, src, dst, options)
	sum := 0
	for i := 0; i < len(h); i += 2 {
		sum += int(binary.BigEndian.Uint16(h[i:]))
	}
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum))
	return join(h, body)
}

func ip4(proto int, body []byte) []byte {
	return ip4opt(proto, client4, server4, nil, 0x4000, body)
}

func outer4(proto int, body []byte) []byte { return ip4opt(proto, outerA, outerB, nil, 0, body) }

func ip6(next int, body []byte) []byte {
	return join([]byte{0x6b, 0x80, 0, 0}, u16(len(body)), []byte{byte(next), 57}, client6, server6, body)
}

// tcpHeader goes from port 40000 to 443 with seq 1000, ack 2000, window 512.
func tcpHeader(flags uint16, options []byte) []byte {
	return join(u16(40000), u16(443), u32(1000), u32(2000), u16((20+len(options))/4<<12|int(flags)), u16(512), u16(0), u16(0), options)
}

func tcp4(header, payload []byte) []byte { return ip4(6, join(header, payload)) }

func udpBytes(src, dst int, payload []byte) []byte {
	return join(u16(src), u16(dst), u16(8+len(payload)), u16(0), payload)
}

func gtpHeader(inner []byte) []byte {
	return join([]byte{0x30, 255}, u16(len(inner)), u32(77), inner)
}

func vxlanHeader(frame []byte) []byte { return join([]byte{8, 0, 0, 0, 0, 0, 9, 0}, frame) }

// fresh returns a packet full of stale values with the given frame in it.
func fresh(link capture.LinkType, frame []byte) capture.Packet {
	var p capture.Packet
	p.Has = ^capture.HasSegs // what a source says of its own is not left over
	p.Key = capture.Key{Src: [16]byte{9}, Dst: [16]byte{9}, SrcPort: 9, DstPort: 9, Proto: 9}
	p.Shard, p.Hash, p.IPLen, p.TTL, p.TOS, p.IPID, p.FragOff, p.VLAN = 9, 9, 9, 9, 9, 9, 9, 9
	p.ICMPType, p.ICMPCode, p.Flags, p.Window, p.Seq, p.Ack, p.TSval, p.TSecr = 9, 9, 9, 9, 9, 9, 9, 9
	p.MSS, p.WScale, p.OptsLen, p.NSACK, p.PayloadLen, p.Segs = 9, 9, 9, 4, 9, 9
	p.Payload = []byte("stale")
	p.Outer, p.Quoted = capture.Tunnel{Kind: 9, Depth: 9}, capture.Quoted{Seq: 9, MTU: 9}
	p.Num, p.Time, p.If = 1, 2, 3
	p.Link, p.Frame, p.WireLen = link, frame, uint32(len(frame))
	return p
}

func decoded(link capture.LinkType, frame []byte) (capture.Packet, *Decoder) {
	p, d := fresh(link, frame), &Decoder{Seed: 42}
	d.Decode(&p)
	return p, d
}
