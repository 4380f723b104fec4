package foreign

import (
	"slices"
	"testing"

	"chokepoint/capture"
)

// TestPeersRules: each rule fires on what it is for, and on nothing before that.
func TestPeersRules(t *testing.T) {
	pkt := func(flags uint16, payload uint32) *capture.Packet {
		return &capture.Packet{Flags: flags, PayloadLen: payload}
	}
	for _, tc := range []struct {
		name string
		dirs []int
		sent []*capture.Packet
		want [numPeers]bool
	}{
		{"data, then a reset", []int{1, 1}, []*capture.Packet{pkt(capture.ACK, 9), pkt(capture.RST, 0)}, [numPeers]bool{}},
		{"the other side goes on", []int{1, 0}, []*capture.Packet{pkt(capture.RST, 0), pkt(capture.ACK, 9)}, [numPeers]bool{}},
		{"another reset", []int{1, 1}, []*capture.Packet{pkt(capture.RST, 0), pkt(capture.RST, 0)}, [numPeers]bool{}},
		{"an acknowledgement", []int{1, 1}, []*capture.Packet{pkt(capture.RST, 0), pkt(capture.ACK, 0)}, [numPeers]bool{suricata: true}},
		{"data", []int{1, 1}, []*capture.Packet{pkt(capture.RST, 0), pkt(capture.ACK, 9)}, [numPeers]bool{suricata: true, zeek: true}},
	} {
		w := watched{}
		for i, p := range tc.sent {
			w.packet(tc.dirs[i], p)
		}
		if w.hit != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, w.hit, tc.want)
		}
	}
}

// TestPeersOnABundledCapture: in it the true server goes on after the forged resets
// of whatsapp-reset-race, and in nothing else.
func TestPeersOnABundledCapture(t *testing.T) {
	got := peersOn("../whatsapp-reset-race/client.pcapng")
	if len(got[suricata]) == 0 || !slices.IsSorted(got[suricata]) {
		t.Errorf("%v", got)
	}
	if got := peersOn("../everything-works/client.pcapng"); len(got[suricata])+len(got[zeek]) != 0 {
		t.Errorf("where everything works: %v", got)
	}
}
