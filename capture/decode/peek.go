package decode

import (
	"encoding/binary"

	"chokepoint/capture"
)

// Peek returns the Shard that [Decoder.Decode] would give a packet, without
// decoding it, if that can be told at a glance: TCP or UDP in whole IPv4 or IPv6
// datagrams without options, straight behind Ethernet. It reports false for
// everything else, whatever it is.
func Peek(p *capture.Packet) (shard uint64, ok bool) {
	b := p.Frame
	if p.Link != capture.LinkEthernet || len(b) < ethernetLen+ipv4MinLen+tcpMinLen {
		return 0, false
	}
	wire := max(int(p.WireLen), len(b)) - ethernetLen
	var k capture.Key
	switch ip := b[ethernetLen:]; binary.BigEndian.Uint16(b[12:]) {
	case etherIPv4:
		ok = peek4(&k, ip, wire)
	case etherIPv6:
		ok = peek6(&k, ip, wire)
	}
	if !ok {
		return 0, false
	}
	return k.Hash(0), true
}

func peek4(k *capture.Key, ip []byte, wire int) bool {
	total := int(binary.BigEndian.Uint16(ip[2:]))
	if ip[0] != 0x45 || total > wire || binary.BigEndian.Uint16(ip[6:])&(flagMF|fragMask) != 0 {
		return false
	}
	mapIPv4(k, ip)
	return peekPorts(k, ip[9], ip[ipv4MinLen:], total-ipv4MinLen)
}

func peek6(k *capture.Key, ip []byte, wire int) bool {
	if len(ip) < ipv6Len+tcpMinLen || ip[0]>>4 != 6 {
		return false
	}
	size := int(binary.BigEndian.Uint16(ip[4:]))
	if ipv6Len+size > wire {
		return false
	}
	k.Src, k.Dst = [16]byte(ip[8:24]), [16]byte(ip[24:40])
	return peekPorts(k, ip[6], ip[ipv6Len:], size)
}

// peekPorts reads the ports of a transport header of which size bytes were on
// the wire and at least 20 were captured.
func peekPorts(k *capture.Key, proto uint8, b []byte, size int) bool {
	switch {
	case size < udpLen || proto == capture.ProtoTCP && size < tcpMinLen:
		return false
	case proto == capture.ProtoUDP && overlayPort(binary.BigEndian.Uint32(b)):
		return false // there may be another packet inside
	case proto != capture.ProtoTCP && proto != capture.ProtoUDP:
		return false
	}
	k.Proto = proto
	k.SrcPort, k.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	return true
}
