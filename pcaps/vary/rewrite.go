package vary

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// Offsets in headers: IPv4 (RFC 791 section 3.1), TCP (RFC 9293 section 3.1), UDP
// (RFC 768).
const (
	ip4Len, ip4ID, ip4TTL, ip4Proto, ip4Sum = 2, 4, 8, 9, 10
	ip4Src, ip4Dst                          = 12, 16
	tcpSeq, tcpAck, tcpOff, tcpFlags        = 4, 8, 12, 13
	tcpSum, udpLen, udpSum                  = 16, 4, 6
	ip4Head, tcpHead, udpHead               = 20, 20, 8 // bytes, without options
)

// Some does to the packets that pick chooses, decoded, what f does to each alone.
func Some(pick func(*capture.Packet) bool, f Fault) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		var d decode.Decoder
		out := make([]capture.Packet, 0, len(packets))
		for _, p := range packets {
			q := p
			d.Decode(&q)
			if pick(&q) {
				out = append(out, f([]capture.Packet{p})...)
			} else {
				out = append(out, p)
			}
		}
		return out
	}
}

// Within keeps what was captured from one time until before another, ns after the
// first packet.
func Within(from, to int64) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		if len(packets) == 0 {
			return packets
		}
		first := packets[0].Time
		return dropIf(packets, func(p *capture.Packet) bool { return p.Time-first < from || p.Time-first >= to })
	}
}

// Stepped moves the clock by ns when part of of packets have passed, as one that is
// set right by hand does. The order stays that of capture.
func Stepped(part, of int, ns int64) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		Shift(ns)(packets[len(packets)*part/of:])
		return packets
	}
}

// Holed loses the last n packets with payload that a host has sent on a flow before
// each packet of its that at chooses.
func Holed(n int, at func(*capture.Packet) bool) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		var d decode.Decoder
		lost, sent := map[uint64]bool{}, map[capture.Key][]uint64{}
		for _, p := range packets {
			d.Decode(&p)
			if p.PayloadLen > 0 {
				sent[p.Key] = append(sent[p.Key], p.Num)
			}
			if before := sent[p.Key]; at(&p) && len(before) > n {
				for _, num := range before[len(before)-n:] {
					lost[num] = true
				}
			}
		}
		return dropIf(packets, func(p *capture.Packet) bool { return lost[p.Num] })
	}
}

// Offloaded is what a router sees that hands flows to its network card: the first n
// packets of each, then only those that open or end a connection.
func Offloaded(n int) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		seen, over := map[capture.Key]int{}, map[capture.Key]bool{}
		return dropFlow(packets, func(p *capture.Packet, k capture.Key, _ bool) bool {
			seen[k]++
			switch control := p.Has&capture.HasTCP != 0 && p.Flags&(capture.SYN|capture.FIN|capture.RST) != 0; {
			case control && p.Flags&capture.SYN != 0:
				if p.Flags&capture.ACK == 0 {
					seen[k], over[k] = 1, false
				}
			case control:
				over[k] = true // the card gives it back
			}
			return seen[k] > n && !over[k]
		})
	}
}

// OnlyHosts keeps what goes to and comes from some addresses, as a capture filter
// "host A or host B" does.
func OnlyHosts(hosts ...netip.Addr) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		var d decode.Decoder
		return dropIf(packets, func(p *capture.Packet) bool {
			q := *p
			d.Decode(&q)
			return !slices.Contains(hosts, q.Key.SrcAddr()) && !slices.Contains(hosts, q.Key.DstAddr())
		})
	}
}

// byTime puts packets into the order of time.
func byTime(packets []capture.Packet) []capture.Packet {
	slices.SortStableFunc(packets, func(a, b capture.Packet) int { return cmp.Compare(a.Time, b.Time) })
	return packets
}

// exchanged is a checksum after a 16-bit word became another one (RFC 1624).
func exchanged(sum, old, now uint16) uint16 {
	s := uint32(^sum) + uint32(^old) + uint32(now)
	s = s&0xffff + s>>16
	return ^uint16(s&0xffff + s>>16)
}

// exchange16 writes a word and mends the checksums at some offsets of b.
func exchange16(b []byte, at int, now uint16, sums ...int) {
	old := binary.BigEndian.Uint16(b[at:])
	binary.BigEndian.PutUint16(b[at:], now)
	for _, s := range sums {
		if s+2 <= len(b) {
			binary.BigEndian.PutUint16(b[s:], exchanged(binary.BigEndian.Uint16(b[s:]), old, now))
		}
	}
}

// ipv4 returns the IPv4 packet of an untagged Ethernet frame and the length of its
// header; nil when it is none.
func ipv4(p *capture.Packet) (ip []byte, head int) {
	f := p.Frame
	if p.Link != capture.LinkEthernet || len(f) < etherHead+ip4Head || binary.BigEndian.Uint16(f[addresses:]) != typeIPv4 {
		return nil, 0
	}
	ip = f[etherHead:]
	if head = int(ip[0]&15) * 4; head < ip4Head || head > len(ip) {
		return nil, 0
	}
	return ip, head
}
