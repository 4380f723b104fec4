package detect

import (
	"bytes"
	"fmt"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Payloads of published injectors. henan: net4people reports of 2023-2025, to
// the client only, ten bytes. tajik: 22 zero bytes on RST|ACK.
var (
	henanPayload = []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 0}
	tajikPayload = make([]byte, 22)
)

// content is R7 and its kin: what the packet itself carries that stacks do not.
func (c *resetCase) content() []resetSign {
	var out []resetSign
	for _, rule := range []func(*fact.Reset) (resetSign, bool){c.payload, c.triggerIPID, reservedBits} {
		for i := range c.resets {
			if s, ok := rule(&c.resets[i]); ok {
				out = append(out, s)
				break
			}
		}
	}
	return append(out, c.twoAnswers()...)
}

// payload is R7. RFC 9293 section 3.5.3 allows text that explains the reset,
// and old stacks send it, so text does not count.
func (c *resetCase) payload(r *fact.Reset) (resetSign, bool) {
	if r.PayloadLen == 0 || readable(r.Payload) {
		return resetSign{}, false
	}
	s := resetSign{code: "R7", family: finding.Content, class: finding.M, technique: "payload",
		clause: fmt.Sprintf("carries %d bytes of payload", r.PayloadLen),
		got:    fmt.Sprintf("%d bytes", r.PayloadLen), want: "0 bytes", packets: []uint64{r.Num}}
	switch {
	case c.dir == fact.Down && isHenan(r):
		s.class = finding.C
		s.clause += " consistent with the Henan injector (01 02 .. 09 00)"
	case isTajik(r):
		s.class = finding.C
		s.clause += " consistent with the injector reported from Tajikistan (22 zero bytes)"
	}
	return s, true
}

func isHenan(r *fact.Reset) bool { return carries(r, henanPayload) }

func isTajik(r *fact.Reset) bool { return r.HasAck && carries(r, tajikPayload) }

func carries(r *fact.Reset, p []byte) bool {
	return int(r.PayloadLen) == len(p) && bytes.Equal(r.Payload, p)
}

// readable reports whether a payload is plain text.
func readable(p []byte) bool {
	for _, b := range p {
		if b != '\n' && b != '\r' && b != '\t' && (b < ' ' || b > '~') {
			return false
		}
	}
	return len(p) > 0
}

// triggerIPID: an id taken over from the packet that set the injector off.
func (c *resetCase) triggerIPID(r *fact.Reset) (resetSign, bool) {
	if !r.IPID.Ok || r.IPID.V == 0 || r.PrevOtherIPID != r.IPID || c.peer().IPID == fact.IPIDConst {
		return resetSign{}, false
	}
	// A sender whose own counter stands there got the same number by chance.
	if last := c.own().LastIPID; last.Ok && last.V-r.IPID.V+64 < 128 {
		return resetSign{}, false
	}
	return resetSign{code: "R6", family: finding.Content, class: finding.S, needs: needHeaders | needBoth,
		clause: fmt.Sprintf("has the IP id of the packet it answers (%d)", r.IPID.V),
		got:    fmt.Sprint(r.IPID.V), want: "its sender's own", packets: []uint64{r.PrevOtherNum, r.Num}}, true
}

// reservedBits: stacks send the reserved bits as zero (RFC 9293 section 3.1);
// NS without the other two ECN bits belongs to no ECN scheme.
func reservedBits(r *fact.Reset) (resetSign, bool) {
	lonelyNS := r.Flags&capture.NS != 0 && r.Flags&(capture.ECE|capture.CWR) == 0
	if r.Flags&capture.Reserved == 0 && !lonelyNS {
		return resetSign{}, false
	}
	return resetSign{code: "R6", family: finding.Content, class: finding.S, needs: needHeaders,
		clause: fmt.Sprintf("has reserved header bits set (flags %#03x)", r.Flags),
		got:    fmt.Sprintf("%#03x", r.Flags), want: "reserved bits 0", packets: []uint64{r.Num}}, true
}

// twoAnswers is I1 in support: somebody forges this sender's packets in this
// flow. That is no proof of this reset, so it is moderate here.
func (c *resetCase) twoAnswers() []resetSign {
	for _, x := range c.f.Conflicts {
		// One byte is a keepalive probe, whose byte stacks may choose freely.
		if x.Dir == c.dir && x.Len > 1 && len(c.resets) > 0 {
			return []resetSign{{code: "I1", family: finding.Content, class: finding.M,
				clause: fmt.Sprintf("%d bytes came twice with different content from the same address", x.Len),
				got:    "two versions", want: "one", packets: []uint64{x.First, x.Next}}}
		}
	}
	return nil
}
