package track

import (
	"encoding/binary"

	"chokepoint/capture"
)

const (
	// copySets is the size of the cache of packets just seen, copyWays the packets of
	// a set: together 64 bytes, a line of a core's cache. 64 shards of it span 50 ms at
	// 160 000 packets/s, and stay in a core's second cache. With as many cells, each a
	// set of its own, a flight of some twenty packets hid one in six of its copies 4 ms
	// later (the lab's capture-span-late), which then passed for retransmissions.
	copySets = 32
	copyWays = 4
	// copyWindow is how long after a packet its copy may come, µs (the house's
	// decision).
	copyWindow = 50_000
)

// copies knows the packets just seen, so that one that was captured twice (on
// two interfaces, or before and after routing) counts once.
type copies struct {
	sets [copySets][copyWays]copyCell // of a set the latest first
}

// copyCell is a packet seen: its time in µs, its interface and TTL.
type copyCell struct {
	print uint64
	us    uint32
	ifc   uint16
	ttl   uint8
}

// seen reports whether a packet is a copy of one seen before: the same headers
// on another interface, or with one hop less to live. It remembers the packet. routed
// reports a copy that crossed a router between two places that one port mirrors: the
// same interface, and no list of several written as one (Linux cooked).
func (c *copies) seen(p *capture.Packet) (copied, routed bool) {
	print := fingerprint(p)
	set := &c.sets[print%copySets]
	us := wrapped(p.Time)
	for i := range set {
		cell := &set[i]
		// Two interfaces need not date it in the order it is read.
		apart := int32(us - cell.us)
		if cell.print == print && -copyWindow < apart && apart < copyWindow &&
			(p.If != cell.ifc || p.TTL == cell.ttl-1) {
			cooked := p.Link == capture.LinkSLL || p.Link == capture.LinkSLL2
			return true, p.If == cell.ifc && !cooked
		}
	}
	copy(set[1:], set[:copyWays-1])
	set[0] = copyCell{print, us, p.If, p.TTL}
	return false, false
}

// fingerprint mixes what a router leaves alone.
func fingerprint(p *capture.Packet) uint64 {
	// The fixed hash, not the run's: what is forgotten must not depend on it.
	h := p.Shard ^ uint64(p.IPID)<<48 ^ uint64(p.IPLen)<<16 ^ uint64(p.Key.SrcPort)
	if p.Has&capture.HasTCP != 0 {
		h = (h ^ uint64(p.Seq)<<32 ^ uint64(p.Ack)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
		h = (h ^ uint64(p.Flags)<<32 ^ uint64(p.Window)<<16 ^ uint64(p.TSval)) * 0xe7037ed1a0b428db
		return h ^ h>>32
	}
	for i := 0; i+8 <= len(p.Payload) && i < 32; i += 8 {
		h = (h ^ word(p.Payload[i:])) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h*0xe7037ed1a0b428db ^ h>>32
}

func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
