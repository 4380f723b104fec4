package classify

import (
	"net/netip"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/track"
)

func TestTwins(t *testing.T) {
	server := netip.MustParseAddrPort("157.240.205.60:443")
	syn := func(flow int, client string, ms int64, isn uint32) *track.Opened {
		return &track.Opened{Time: ms * 1_000_000, Flow: fact.FlowID(flow), Client: netip.MustParseAddr(client), Server: server, ISN: isn}
	}
	for _, tt := range []struct {
		name string
		syns []*track.Opened
		want fact.FlowID // of which the last is the twin, 0 of none
	}{
		{"B40 the same SYN from the other side of a NAT", []*track.Opened{syn(1, "192.168.1.23", 0, 7), syn(2, "100.64.3.4", 1, 7)}, 1},
		{"another number", []*track.Opened{syn(1, "192.168.1.23", 0, 7), syn(2, "100.64.3.4", 1, 8)}, 0},
		{"too late", []*track.Opened{syn(1, "192.168.1.23", 0, 7), syn(2, "100.64.3.4", 60, 7)}, 0},
		{"the same client again", []*track.Opened{syn(1, "192.168.1.23", 0, 7), syn(2, "192.168.1.23", 1, 7)}, 0},
	} {
		var tw twins
		for _, o := range tt.syns {
			tw.saw(o)
		}
		if got := tw.of[2]; got != tt.want || tw.some() != (tt.want != 0) {
			t.Errorf("%s: twin of %v", tt.name, got)
		}
	}
}

func TestTwinsAreBounded(t *testing.T) {
	var tw twins
	server := netip.MustParseAddrPort("157.240.205.60:443")
	a, b := netip.MustParseAddr("192.168.1.23"), netip.MustParseAddr("100.64.3.4")
	for i := range 3 * maxTwins {
		at := int64(i) * 100
		tw.saw(&track.Opened{Time: at, Flow: fact.FlowID(2 * i), Client: a, Server: server, ISN: uint32(i)})
		tw.saw(&track.Opened{Time: at, Flow: fact.FlowID(2*i + 1), Client: b, Server: server, ISN: uint32(i)})
	}
	if len(tw.of) > maxTwins || len(tw.opened) > maxTwins+1 || len(tw.order) > maxTwins {
		t.Errorf("%d pairs, %d SYNs", len(tw.of), len(tw.opened))
	}
}
