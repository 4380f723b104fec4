package explain

import (
	"fmt"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// row is one packet of a ladder, or a gap: several that are not shown.
type row struct {
	num    uint64
	time   int64 // ns
	dir    fact.Dir
	tcp    bool
	icmp   bool
	flags  uint16
	seq    int64 // relative to the side's first sequence number
	ack    int64 // to the other side's
	length uint32
	ttl    uint8
	ipid   fact.Opt[uint16]
	window uint16
	tsval  fact.Opt[int32] // relative to the side's first
	notes  []string        // what is remarkable about it
	what   string          // what it says, where it is no TCP; foreign text
	gap    *gap            // not a packet, but several
}

// gap is a run of packets that are not shown, counted in segments.
type gap struct {
	packets  [2]int
	bytes    [2]uint64
	again    int
	from, to int64
}

func (g *gap) add(r *row, segs int) {
	if g.packets == [2]int{} {
		g.from = r.time
	}
	g.packets[r.dir] += segs
	g.bytes[r.dir] += uint64(r.length)
	g.to = r.time
	for _, n := range r.notes {
		if strings.HasPrefix(n, sentAgain) {
			g.again++
		}
	}
}

// text says what a gap stands for.
func (g *gap) text() string {
	var parts []string
	for _, d := range [...]fact.Dir{fact.Up, fact.Down} {
		n := g.packets[d]
		if n == 0 {
			continue
		}
		part := fmt.Sprintf("%s %s", count(n, "packet"), d)
		if g.bytes[d] > 0 {
			part += fmt.Sprintf(" with %d bytes", g.bytes[d])
		}
		parts = append(parts, part)
	}
	out := "... " + strings.Join(parts, ", ")
	if g.again > 0 {
		out += fmt.Sprintf(", %d sent again", g.again)
	}
	return out + fmt.Sprintf(", in %s ...", span(g.to-g.from))
}

// The words of notes that others look for.
const sentAgain = "sent again"

// relative is a sequence number as counted from base, for serial arithmetic; far
// from it the number itself says more.
func relative(n uint32, base fact.Opt[uint32]) int64 {
	d := int64(int32(n - base.V))
	if !base.Ok || d > farOff || d < -farOff {
		return int64(n)
	}
	return d
}

// farOff is beyond every window there is (RFC 7323 section 2.2 allows 2^30), so
// that a number that far off was not counted from there.
const farOff = 1 << 30

// flagNames are the flags in the order in which people say them.
var flagNames = []struct {
	bit  uint16
	name string
}{
	{capture.SYN, "SYN"}, {capture.FIN, "FIN"}, {capture.RST, "RST"}, {capture.PSH, "PSH"}, {capture.ACK, "ACK"},
}

// rareFlags are told in a note: they belong to no ordinary segment of an ordinary
// flow, or weigh nothing.
var rareFlags = []struct {
	bit  uint16
	name string
}{
	{capture.URG, "URG"}, {capture.NS, "NS"}, {capture.Reserved, "reserved bits"},
}

func flagsText(f uint16) string {
	var out []string
	for _, x := range flagNames {
		if f&x.bit != 0 {
			out = append(out, x.name)
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, "+")
}

// initialTTLs are the values operating systems start from.
var initialTTLs = [...]int{32, 64, 128, 255}

// maxHops is the longest path believed in.
const maxHops = 40

// hops is the distance a TTL suggests, "?" where no initial TTL explains it.
func hops(ttl uint8) string {
	for _, init := range initialTTLs {
		if h := init - int(ttl); h >= 0 && h <= maxHops {
			return fmt.Sprint(h)
		}
	}
	return "?"
}
