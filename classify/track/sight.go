package track

import (
	"net/netip"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
)

// Sight counts how well TCP flows were seen, for the health of the capture.
type Sight struct {
	TCP       uint64 // TCP flows that ended
	OneWay    uint64 // of them: what one side acknowledges was not captured
	Midstream uint64 // begun before the capture
	Clipped   uint64 // payload cut
	Gap       uint64 // the capture lost some of it
	MadeUp    uint64 // headers made up by the recorder
	Merged    uint64 // frames that hold several wire segments
	Routed    uint64 // copies with one hop less to live, seen at the same port
	Belated   uint64 // resets that answer an earlier conversation on the same ports
}

// Add adds o.
func (s *Sight) Add(o *Sight) {
	s.TCP += o.TCP
	s.OneWay += o.OneWay
	s.Midstream += o.Midstream
	s.Clipped += o.Clipped
	s.Gap += o.Gap
	s.MadeUp += o.MadeUp
	s.Merged += o.Merged
	s.Routed += o.Routed
	s.Belated += o.Belated
}

// count books a TCP flow that ends.
func (s *Sight) count(e *flow.Entry[Flow]) {
	f := &e.Rec
	s.TCP++
	for _, c := range [...]struct {
		when bool
		n    *uint64
	}{
		{f.oneWay(), &s.OneWay},
		{f.flags&midstream != 0, &s.Midstream},
		{f.flags&clipped != 0, &s.Clipped},
		{f.flags&gap != 0, &s.Gap},
		{madeUp(e), &s.MadeUp},
	} {
		if c.when {
			*c.n++
		}
	}
}

// farEnough is the round trip from which a server cannot be on the tap's own link or
// host, microseconds: Wi-Fi takes up to some milliseconds.
const farEnough = 5000

// madeUp reports that what a far server sent never crossed a router: its TTL is one that
// packets begin with, although it is milliseconds away. Such headers are an
// application's that ends connections on the recording host (a capture through a
// phone's VPN interface, user-mode NAT of virtual machines) or a proxy's. Nothing of
// them is the network's: no TTL, no IP id, no acknowledgement.
func madeUp(e *flow.Entry[Flow]) bool {
	f := &e.Rec
	up, down := &f.sides[fact.Up], &f.sides[fact.Down]
	return f.flags&isTCP != 0 && up.rttHandshake > farEnough && began(up) && began(down) && !nearby(e.Key.DstAddr())
}

// began: all packets of a side had one TTL, undiminished.
func began(s *side) bool {
	return s.flags&ttlSeen != 0 && s.ttlMin == s.ttlMax && (s.ttl == 64 || s.ttl == 128 || s.ttl == 255)
}

// nearby: addresses that are not routed on the public Internet may be a hop away.
func nearby(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsLoopback() || !a.IsGlobalUnicast()
}

// Opened is a SYN that began a flow: the same sequence number to the same server from
// another address is the same connection before or behind a NAT.
type Opened struct {
	Num    uint64
	Time   int64 // ns
	Flow   fact.FlowID
	Client netip.Addr
	Server netip.AddrPort
	ISN    uint32
}

// maxOpened bounds what a shard tells of SYNs at a tick: connections beyond it are not
// known again behind a NAT.
const maxOpened = 256

// opened notes a flow's first SYN.
func (t *Tracker) opened(e *flow.Entry[Flow], p *capture.Packet) {
	if p.Flags&(capture.SYN|capture.ACK) != capture.SYN || len(t.Out.Opened) >= maxOpened {
		return
	}
	t.Out.Opened = append(t.Out.Opened, Opened{
		Num: p.Num, Time: p.Time, Flow: fact.FlowID(e.Rec.Num), Client: e.Key.SrcAddr(),
		Server: netip.AddrPortFrom(e.Key.DstAddr(), e.Key.DstPort), ISN: p.Seq,
	})
}
