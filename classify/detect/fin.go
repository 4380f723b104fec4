package detect

import (
	"fmt"

	"chokepoint/classify/finding"
)

// fin is R12: a FIN that its claimed sender did not send. Where one shows, its
// timing and distance speak as well.
func (c *resetCase) fin() []resetSign {
	if len(c.fins) == 0 {
		return nil
	}
	var out []resetSign
	for _, rule := range []func() (resetSign, bool){c.finLife, c.finConflict, c.finEarly} {
		if s, ok := rule(); ok {
			out = append(out, s)
		}
	}
	if len(out) > 0 {
		r := asReset(&c.fins[0])
		if s, ok := c.distance(&r); ok {
			out = append(out, s)
		}
	}
	for i := range out {
		out[i].fin, out[i].technique = true, "fin"
	}
	return out
}

// finLife: bytes numbered beyond the sender's own FIN. A repeated FIN and data
// that was queued before it end at its number.
func (c *resetCase) finLife() (resetSign, bool) {
	x, a := &c.fins[0], &c.f.AfterFIN[c.dir]
	end := x.Seq + x.PayloadLen + 1
	if a.NewData == 0 || seqDelta(a.LastNew.SeqEnd, end) <= 0 || !c.continues(a.FirstNew, end) {
		return resetSign{}, false
	}
	s := resetSign{code: "R12", family: finding.Causality, class: finding.S, needs: needGapless | needClock,
		clause: fmt.Sprintf("its sender went on: %s beyond its own end", plural(int(a.NewData), "segment")),
		got:    plural(int(a.NewData), "new segment"), want: "0", packets: append([]uint64{x.Num}, a.NewPackets...)}
	if a.NewData > 1 || a.AcksLater || a.TSLater {
		s.class = finding.C
	}
	return s, true
}

// finConflict: the FIN's own bytes exist in another version (as I1).
func (c *resetCase) finConflict() (resetSign, bool) {
	for _, x := range c.f.Conflicts {
		for i := range c.fins {
			if n := c.fins[i].Num; x.Dir == c.dir && x.Len > 1 && (x.First == n || x.Next == n) {
				return resetSign{code: "R12", family: finding.Content, class: finding.C,
					clause: fmt.Sprintf("%d of its bytes came twice with different content from the same address", x.Len),
					got:    "two versions", want: "one", packets: []uint64{x.First, x.Next}}, true
			}
		}
	}
	return resetSign{}, false
}

// finEarly is R2 for a FIN: where it is beyond doubt, as FINs are everyday. The
// handshake alone does not do: it may have waited for a sleeping host.
func (c *resetCase) finEarly() (resetSign, bool) {
	for i := range c.fins {
		r := asReset(&c.fins[i])
		if s, ok := c.tooEarly(&r); ok && s.class == finding.C && c.peer().RTT.Samples > 1 {
			return s, true
		}
	}
	return resetSign{}, false
}
