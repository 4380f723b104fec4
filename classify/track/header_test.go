package track

import (
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

func TestHopLimitBaseline(t *testing.T) {
	for _, tc := range []struct {
		name     string
		ttls     []uint8
		mode     uint8
		min, max uint8
		often    [2]uint8
	}{
		{"one value", []uint8{52, 52, 52}, 52, 52, 52, [2]uint8{52}},
		{"one packet is no baseline", []uint8{52}, 52, 52, 52, [2]uint8{}},
		{"a stray value", []uint8{52, 52, 60, 52}, 52, 52, 60, [2]uint8{52}},
		{"a first packet that is the stray", []uint8{60, 52, 52, 52}, 52, 52, 60, [2]uint8{52}},
		{"two paths", []uint8{52, 53, 52, 53, 52}, 52, 52, 53, [2]uint8{52, 53}},
		{"a path that changes", []uint8{52, 52, 50, 50, 50}, 50, 50, 52, [2]uint8{50, 52}},
		{"two paths and a stray", []uint8{52, 53, 52, 53, 53, 52, 53, 99, 53}, 53, 52, 99, [2]uint8{53, 52}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t)
			for _, v := range tc.ttls {
				c.data(down, 10, ttl(v))
			}
			s := c.side(down)
			is(t, "mode", s.TTL, fact.Some(tc.mode))
			is(t, "smallest", s.TTLMin, tc.min)
			is(t, "largest", s.TTLMax, tc.max)
			is(t, "seen often", [2]uint8(s.TTLs[:2]), tc.often)
		})
	}
}

func TestIPIDClasses(t *testing.T) {
	for _, tc := range []struct {
		name string
		ids  []uint16
		want fact.IPIDClass
	}{
		{"zero", []uint16{0, 0, 0, 0}, fact.IPIDZero},
		{"constant", []uint16{7, 7, 7, 7}, fact.IPIDConst},
		{"a counter of its own", []uint16{10, 11, 12, 13}, fact.IPIDCounter},
		{"a counter shared with other flows, around 65536", []uint16{65000, 65500, 300, 900}, fact.IPIDCounter},
		{"random", []uint16{5, 40000, 12000, 60000, 9000}, fact.IPIDRandom},
		{"too few to say", []uint16{10, 11}, fact.IPIDUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newTalk(t)
			for _, v := range tc.ids {
				c.data(down, 10, ipid(v))
			}
			s := c.side(down)
			is(t, "class", s.IPID, tc.want)
			is(t, "last", s.LastIPID, fact.Some(tc.ids[len(tc.ids)-1]))
		})
	}
}

// TestResetsAreNoBaseline: what is compared with the baseline must not be in it.
func TestResetsAreNoBaseline(t *testing.T) {
	c := newTalk(t)
	for range 3 {
		c.data(down, 10, ttl(52), ipid(0))
	}
	before := *c.side(down)
	for range 9 {
		c.rst(down, ttl(99), ipid(54321), with(func(p *capture.Packet) { p.TOS, p.Has = 4, p.Has|capture.HasDF }))
	}
	s := c.side(down)
	is(t, "mode", s.TTL, before.TTL)
	is(t, "largest", s.TTLMax, 52)
	is(t, "last IPID", s.LastIPID, fact.Some(uint16(0)))
	is(t, "class", s.IPID, before.IPID)
	is(t, "TOS", s.TOS, fact.Some(uint8(0)))
	is(t, "DF", s.DF, fact.Some(false))
	is(t, "next", s.NextSeq, before.NextSeq)
}

func TestHeaderBits(t *testing.T) {
	c := newTalk(t)
	c.data(down, 10, with(func(p *capture.Packet) { p.TOS, p.Has = 0x20, p.Has|capture.HasDF }))
	s := c.side(down)
	is(t, "DF", s.DF, fact.Some(true))
	is(t, "TOS", s.TOS, fact.Some(uint8(0x20)))
	c.data(up, 10, with(func(p *capture.Packet) { p.Has &^= capture.HasIPID }))
	s = c.side(up)
	is(t, "DF of IPv6", s.DF.Ok, false)
	is(t, "IPID of IPv6", s.LastIPID.Ok, false)
	is(t, "class of IPv6", s.IPID, fact.IPIDUnknown)
}
