package classify

import (
	"fmt"

	"chokepoint/classify/finding"
)

// Shares from which a weakness is the capture's and not a flow's: most flows, or one
// packet in twenty.
const (
	mostFlows  = 2
	fewPackets = 20
	// fewFlows is how many TCP flows it takes to speak of the capture as a whole.
	fewFlows = 3
)

// Health says what limits the answer: how the capture was taken, as its packets show.
// Each flow concerned carries the same in its own list of what could not be seen, and
// the detectors count nothing that it makes doubtful.
func (s *Stats) Health() []finding.Reason {
	var out []finding.Reason
	v, once := &s.Sight, s.Packets-s.Copies
	flows := func(n uint64, code, text string) {
		if v.TCP >= fewFlows && n*mostFlows > v.TCP || v.TCP > 0 && n == v.TCP {
			out = append(out, finding.Reason{Code: code, Text: fmt.Sprintf("%s (%d of %d TCP flows)", text, n, v.TCP)})
		}
	}
	flows(v.OneWay, "one_way", "only one direction was captured: no answer is not silence, and what was heard is told one step less surely")
	flows(v.Midstream, "midstream", "most connections began before the capture: handshakes and names are missing")
	flows(v.Clipped, "snaplen", "payload was cut off: names and answers may be missing")
	flows(v.Gap, "capture_gap", "the capture lost packets that the ends acknowledge: gaps prove nothing")
	flows(v.MadeUp, "synthetic", "headers were made up on the recording host (a phone's VPN app, user-mode NAT): TTL, IP ids and acknowledgements prove nothing")
	if n := s.Copies; n*fewPackets > once && n > 0 {
		out = append(out, finding.Reason{Code: "copies", Text: fmt.Sprintf("%d packets were captured twice; each counts once", n)})
	}
	if s.Twins > 0 {
		out = append(out, finding.Reason{Code: "both_sides_of_nat", Text: fmt.Sprintf("%d connections were seen before and after a NAT; each counts once", s.Twins)})
	}
	if v.Merged*fewPackets > once && v.Merged > 0 {
		out = append(out, finding.Reason{Code: "merged", Text: fmt.Sprintf("%d frames hold several segments (GRO, GSO): segments are counted, their times are the frame's", v.Merged)})
	}
	if v.Belated > 0 {
		out = append(out, finding.Reason{Code: "belated_resets", Text: fmt.Sprintf("%d resets answer an earlier connection on the same ports: they say nothing of the one they came in", v.Belated)})
	}
	return out
}
