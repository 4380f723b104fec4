package netns

import (
	"testing"

	"chokepoint/capture"
)

// TestMerging: the hosts merge what arrives, and what is on the cable between them
// is frames of Ethernet's size with finished checksums all the same.
func TestMerging(t *testing.T) {
	need(t)
	h := bridged(t, Options{Offloads: true})
	client, near, far := sniff(t, h.Client, "eth0"), sniff(t, h.Box, "c0"), sniff(t, h.Box, "s0")
	for _, at := range somewhere {
		overTCP(t, h, at)
		overUDP(t, h, at)
	}
	merged := 0
	for _, p := range client() {
		if p.WireLen > 1514 && p.Key.DstAddr() == clientAddrs[0].Addr() {
			merged++
		}
	}
	if merged == 0 {
		t.Error("nothing that arrived was merged")
	}
	for i, stop := range []func() []capture.Packet{near, far} {
		seen := stop()
		if len(seen) < 400 {
			t.Errorf("tap %d: %d frames only", i, len(seen))
		}
		for _, p := range seen {
			check(t, i, p)
		}
	}
}
