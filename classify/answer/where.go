package answer

import (
	"fmt"
	"strings"

	"chokepoint/classify/finding"
)

// segments says where on the path, seen from the tap.
var segments = map[finding.Segment]string{
	finding.ThisHost:   "on this host",
	finding.ClientSide: "between the tap and the client",
	finding.ServerSide: "between the tap and the server",
}

// Where places what a finding says, "" when nothing places it: "between the tap and the
// server, 3-5 hops from the tap (the server: 13)".
func Where(segment finding.Segment, h *finding.Hops) string {
	text := segments[segment]
	if h == nil || h.Injector == nil {
		return text
	}
	text = strings.TrimPrefix(text+", "+span(*h.Injector)+" hops from the tap", ", ")
	if h.Server != nil {
		text += " (the server: " + span(*h.Server) + ")"
	}
	return text
}

func span(h [2]int) string {
	if h[0] == h[1] {
		return fmt.Sprint(h[0])
	}
	return fmt.Sprintf("%d-%d", h[0], h[1])
}

// where places what the status stands on: where its findings agree.
func (v *view) where(telling []*finding.Finding) string {
	var segment finding.Segment
	var hops *finding.Hops
	for _, f := range telling {
		switch {
		case f.Segment == "" || f.Segment == finding.UnknownSegment:
			continue
		case segment == "":
			segment = f.Segment
		case segment != f.Segment:
			return ""
		}
		hops = overlap(hops, f.Hops)
	}
	return Where(segment, hops)
}

// overlap is the range of hops that two findings allow; that of the first when they
// have nothing in common.
func overlap(a, b *finding.Hops) *finding.Hops {
	if a == nil || b == nil || a.Injector == nil || b.Injector == nil {
		if a == nil {
			return b
		}
		return a
	}
	lo, hi := max(a.Injector[0], b.Injector[0]), min(a.Injector[1], b.Injector[1])
	if lo > hi {
		return a
	}
	return &finding.Hops{Injector: &[2]int{lo, hi}, Server: a.Server}
}
