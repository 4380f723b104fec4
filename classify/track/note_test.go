package track

import (
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// dropNote is what the kernel says of a packet that it dropped.
func (c *talk) dropNote(d fact.Dir, p *capture.Packet, reason string, out bool) {
	k := c.key
	if d == down {
		k = k.Reverse()
	}
	n := capture.Note{Kind: capture.NoteDrop, Time: c.now, Key: k, Reason: reason, Count: 1, Out: out}
	if p != nil {
		n.Has, n.Flags, n.Seq = capture.HasTCP, p.Flags, p.Seq
	}
	if !c.Note(&n) {
		c.t.Error("no flow")
	}
}

// TestWhichPacketWasDropped: the one that was seen last, if the kernel can mean it.
func TestWhichPacketWasDropped(t *testing.T) {
	for _, x := range []struct {
		name string
		do   func(c *talk)
		want []uint64
	}{
		{"the SYN, of a rule", func(c *talk) { c.dropNote(up, c.send(up, capture.SYN, nil), "NETFILTER_DROP", false) }, []uint64{1}},
		{"the SYN, answered before the kernel says why", func(c *talk) {
			p := c.send(up, capture.SYN, nil)
			c.send(down, capture.RST|capture.ACK, nil, rel(0))
			c.dropNote(up, p, "NO_SOCKET", false)
		}, []uint64{1}},
		{"data on the way in", func(c *talk) { c.open(); c.dropNote(down, c.data(down, 100), "NETFILTER_DROP", false) }, []uint64{4}},
		{"one of several that came", func(c *talk) {
			c.open()
			p := c.data(down, 100)
			c.data(up, 100)
			c.dropNote(down, p, "NETFILTER_DROP", false)
		}, nil},
		{"data on the way out, before the tap", func(c *talk) { c.open(); c.data(up, 100); c.dropNote(up, nil, "NETFILTER_DROP", true) }, nil},
		{"data on the way out, in the queue behind it", func(c *talk) { c.open(); c.dropNote(up, c.data(up, 100), "QDISC_DROP", true) }, []uint64{4}},
		{"the same where the capture lies behind the queue", func(c *talk) {
			c.open()
			c.data(up, 100)
			n := capture.Note{Kind: capture.NoteDrop, Time: c.now, Key: c.key, Reason: "QDISC_DROP", Count: 1, Out: true, Untapped: true}
			c.Note(&n)
		}, nil},
		{"data that the processor's backlog had no room for", func(c *talk) { c.open(); c.data(down, 100); c.dropNote(down, nil, "CPU_BACKLOG", false) }, nil},
	} {
		c := newTalk(t)
		x.do(c)
		f := c.facts()
		if len(f.Local.Drops) != 1 || !slices.Equal(f.Local.Drops[0].Packets, x.want) {
			t.Errorf("%s: %+v, want packets %v", x.name, f.Local.Drops, x.want)
		}
	}
}
