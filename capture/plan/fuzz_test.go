package plan

import (
	"testing"

	"chokepoint/capture"
)

// FuzzCut cuts three frames of foreign bytes, then what is left of them.
func FuzzCut(f *testing.F) {
	for _, branches := range [][]branch{linkBranches(), ipBranches(), transportBranches(), openingBranches()} {
		for _, b := range branches {
			f.Add(b.frame, uint32(len(b.frame)), uint16(b.link), uint8(1), uint8(32), uint16(4096))
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte, wire uint32, link uint16, payloads, head uint8, most uint16) {
		p := capture.Plan{Payloads: uint32(payloads), Head: uint32(head), Whole: uint32(most)}
		once, twice := NewDecider(p), NewDecider(p)
		for range 3 {
			n := once.Cut(frame, wire, capture.LinkType(link))
			if n < 0 || n > len(frame) || n > int(most)+tagLen {
				t.Fatalf("%d of %d bytes", n, len(frame))
			}
			again := twice.Cut(frame[:n], max(wire, uint32(len(frame))), capture.LinkType(link))
			if again != n {
				t.Fatalf("cut to %d bytes, then to %d", n, again)
			}
		}
	})
}
