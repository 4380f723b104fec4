package capture

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// IP protocol numbers used across the project (IANA protocol-numbers registry).
const (
	ProtoICMP   = 1
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoGRE    = 47 // RFC 2784; what decode could not look into
	ProtoESP    = 50 // RFC 4303
	ProtoICMPv6 = 58
)

// Key is the innermost 5-tuple of a packet, in the packet's own direction.
// IPv4 addresses are stored IPv4-mapped (RFC 4291 section 2.5.5.2). It holds no
// pointers, so tables of keys cost the garbage collector nothing. For ICMP the
// ports are zero.
type Key struct {
	Src, Dst         [16]byte
	SrcPort, DstPort uint16
	Proto            uint8
}

// Reverse returns the key of a packet travelling the other way.
func (k Key) Reverse() Key {
	return Key{Src: k.Dst, Dst: k.Src, SrcPort: k.DstPort, DstPort: k.SrcPort, Proto: k.Proto}
}

// Canonical returns the key with the lower endpoint first, the same for both
// directions of a flow, and whether the two ends were swapped for it.
func (k Key) Canonical() (Key, bool) {
	c := bytes.Compare(k.Src[:], k.Dst[:])
	if c < 0 || c == 0 && k.SrcPort <= k.DstPort {
		return k, false
	}
	return k.Reverse(), true
}

// SrcAddr returns the source address, unmapped.
func (k Key) SrcAddr() netip.Addr { return netip.AddrFrom16(k.Src).Unmap() }

// DstAddr returns the destination address, unmapped.
func (k Key) DstAddr() netip.Addr { return netip.AddrFrom16(k.Dst).Unmap() }

// Hash returns a 64-bit hash that is the same for both directions of a flow.
// seed 0 gives the fixed hash that assigns flows to shards; tables use a random
// seed, because foreign packets choose the keys.
func (k *Key) Hash(seed uint64) uint64 {
	a := half(&k.Src, k.SrcPort, seed)
	b := half(&k.Dst, k.DstPort, seed)
	// Addition commutes, so both directions agree; the final mix spreads it.
	return mix(a+b, uint64(k.Proto)^seed^0x9e3779b97f4a7c15)
}

func half(ip *[16]byte, port uint16, seed uint64) uint64 {
	hi := binary.LittleEndian.Uint64(ip[:8])
	lo := binary.LittleEndian.Uint64(ip[8:])
	return mix(hi^seed^0xa0761d6478bd642f^uint64(port), lo^0xe7037ed1a0b428db)
}

// mix is the 128-bit multiply-and-fold step of wyhash.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
