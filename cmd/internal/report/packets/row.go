package packets

import (
	"fmt"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// Row is one packet of a ladder, or a gap: several that are not shown.
type Row struct {
	Num    uint64
	Time   int64 // ns
	Dir    fact.Dir
	TCP    bool
	ICMP   bool   // an error about the flow, from whoever sent it
	Flags  uint16 // [capture.SYN] and so on
	Seq    int64  // relative to the side's first sequence number
	Ack    int64  // to the other side's
	Length uint32 // payload bytes
	TTL    uint8
	IPID   fact.Opt[uint16]
	Window uint16
	TSval  fact.Opt[int32] // relative to the side's first
	Notes  []string        // what is remarkable about it
	What   string          // what it says, where it is no TCP; foreign text
	Gap    *Gap            // not a packet, but several
}

// Gap is a run of packets that are not shown, counted in segments. Packets and Bytes
// are by direction, From and To in ns.
type Gap struct {
	Packets  [2]int
	Bytes    [2]uint64 // of payload
	Again    int       // sent again
	From, To int64
}

func (g *Gap) add(r *Row, segs int) {
	if g.Packets == [2]int{} {
		g.From = r.Time
	}
	g.Packets[r.Dir] += segs
	g.Bytes[r.Dir] += uint64(r.Length)
	g.To = r.Time
	for _, n := range r.Notes {
		if strings.HasPrefix(n, sentAgain) {
			g.Again++
		}
	}
}

// Text says what a gap stands for.
func (g *Gap) Text() string {
	var parts []string
	for _, d := range [...]fact.Dir{fact.Up, fact.Down} {
		n := g.Packets[d]
		if n == 0 {
			continue
		}
		part := fmt.Sprintf("%s %s", Count(n, "packet"), d)
		if g.Bytes[d] > 0 {
			part += fmt.Sprintf(" with %d bytes", g.Bytes[d])
		}
		parts = append(parts, part)
	}
	out := "... " + strings.Join(parts, ", ")
	if g.Again > 0 {
		out += fmt.Sprintf(", %d sent again", g.Again)
	}
	return out + fmt.Sprintf(", in %s ...", Span(g.To-g.From))
}

// The words of notes that others look for.
const sentAgain = "sent again"

// StartOf is when the first packet of a ladder was seen, ns; 0 without any.
func StartOf(rows []Row) int64 {
	for i := range rows {
		if rows[i].Gap == nil {
			return rows[i].Time
		}
	}
	return 0
}

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

// FlagsText names TCP flags, "none" without any.
func FlagsText(f uint16) string {
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

// Hops is the distance a TTL suggests, "?" where no initial TTL explains it.
func Hops(ttl uint8) string {
	for _, init := range initialTTLs {
		if h := init - int(ttl); h >= 0 && h <= maxHops {
			return fmt.Sprint(h)
		}
	}
	return "?"
}
