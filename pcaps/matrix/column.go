package matrix

import (
	"net/netip"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/vary"
)

// Column is one way in which a line's captures are taken.
type Column struct {
	Name string // as in the table's head
	What string // in a few words
	// Same has a line reach what its truth demands, as it must on the capture as
	// recorded. Elsewhere it must only be no surer, and say what it could not see.
	Same bool
	// Played columns need the traffic itself to be another one: no recording can be
	// given losses on the path afterwards. They come from [Grid.Add].
	Played bool

	fault vary.Fault // nil as recorded
}

// Names of the columns.
const (
	Recorded  = "recorded"
	Loss1     = "loss 1 %"
	Loss3     = "loss 3 %"
	Reorder2  = "reorder 2 %"
	VLAN      = "VLAN"
	IPv6      = "IPv6"
	GRO       = "GRO"
	Snap96    = "snap 96"
	UpOnly    = "up only"
	DownOnly  = "down only"
	Midstream = "mid-stream"
)

// groGap is how long the card waits for the next segment of a large frame, ns.
const groGap = 1_000_000

// columns, the first one as it was recorded.
var columns = []Column{
	{Name: Recorded, What: "as it was recorded", Same: true},
	{Name: Loss1, What: "1 % of all packets are lost on the path, and sent again", Same: true, Played: true},
	{Name: Loss3, What: "3 % are", Played: true},
	{Name: Reorder2, What: "2 % of all packets are overtaken by others for 4 ms", Played: true},
	{Name: VLAN, What: "with 802.1Q tags", Same: true, fault: vary.Tagged(100)},
	{Name: IPv6, What: "the same packets over IPv6, DNS answers too", Same: true, fault: vary.Sixed(six)},
	{Name: GRO, What: "the card merges segments into large frames", Same: true, fault: vary.Coalesced(groGap)},
	{Name: Snap96, What: "96 bytes of every frame", fault: vary.Snap(96)},
	{Name: UpOnly, What: "only what the client sent", fault: vary.OneWay(true)},
	{Name: DownOnly, What: "only what it was sent", fault: vary.OneWay(false)},
	{Name: Midstream, What: "begun when three tenths of the packets had passed", fault: vary.Begun(3, 10)},
}

// Columns returns all columns.
func Columns() []Column { return append([]Column(nil), columns...) }

func column(name string) (at int, ok bool) {
	for i := range columns {
		if columns[i].Name == name {
			return i, true
		}
	}
	return 0, false
}

// apply is the packets as somebody else has captured them.
func (c *Column) apply(packets []capture.Packet) []capture.Packet {
	if c.fault == nil {
		return packets
	}
	return vary.Apply(packets, c.fault)
}

// home is a network of somebody's own (RFC 4193), in which private addresses are the
// last 32 bits.
var home = netip.MustParseAddr("fd5e:1f0a:9c00::")

// six is the address in IPv6 of a host that has an IPv4 address.
func six(a netip.Addr) netip.Addr {
	if !a.IsPrivate() {
		return sixth(a)
	}
	b, low := home.As16(), a.As4()
	copy(b[12:], low[:])
	return netip.AddrFrom16(b)
}

// sixth is of those that are on the internet; what is special stays special.
func sixth(a netip.Addr) netip.Addr {
	switch {
	case a.IsUnspecified():
		return netip.IPv6Unspecified()
	case a.IsLoopback():
		return netip.IPv6Loopback()
	}
	return script.Six(a)
}
