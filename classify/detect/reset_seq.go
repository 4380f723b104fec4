package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// resetWindow is how far apart resets may be to belong together, and how old
// the data may be that a reset is compared with (Weaver et al., NDSS 2009).
const resetWindow = 2 * time.Second

// behind is R3: a reset numbered below data its sender had already sent, and
// its sharper form, a reset below its sender's own FIN.
func (c *resetCase) behind() []resetSign {
	for i := range c.resets {
		r := &c.resets[i]
		if s, ok := c.belowFIN(r); ok {
			return []resetSign{s}
		}
		if s, ok := c.belowData(r); ok {
			return []resetSign{s}
		}
	}
	return nil
}

func (c *resetCase) belowData(r *fact.Reset) (resetSign, bool) {
	by := -int64(r.SeqAhead.V)
	recent := r.PrevSame != 0 && r.Time-r.PrevSame <= int64(resetWindow)
	if !r.SeqAhead.Ok || by <= 0 || !recent || r.FINBefore[c.dir] {
		return resetSign{}, false
	}
	// Below everything ever sent is another connection's number; and a host
	// without the socket answers old ACKs with old numbers, after an abort of its
	// own also such as are further back than is remembered here.
	if uint64(by) > c.sent(r) || echo(r) || socketless(r) && r.RSTBefore[c.dir] {
		return resetSign{}, false
	}
	s := resetSign{code: "R3", family: finding.Sequence, class: finding.M, needs: needGapless | needClock,
		clause: fmt.Sprintf("is numbered %d bytes behind what its sender had sent by then", by),
		got:    fmt.Sprintf("-%d", by), want: "0", packets: []uint64{r.Num}}
	// A sender that repeats data, or met a shrunken window, may number its
	// reset from an earlier byte.
	excused := c.own().Retrans > 0 || c.peer().ZeroWindow > 0
	if by >= int64(c.mss()) && (r.SegBoundary || r.AckEchoes) && !excused {
		s.class = finding.S
	}
	return s, true
}

// belowFIN: after its FIN a sender's number only goes back in a reply to an
// older ACK. With nothing under way to reply to, because the FIN acknowledged
// the other side's latest packet, the reset is not from it.
func (c *resetCase) belowFIN(r *fact.Reset) (resetSign, bool) {
	if !r.FINBefore[c.dir] {
		return resetSign{}, false
	}
	for i := range c.fins {
		x := &c.fins[i]
		by := seqDelta(x.Seq+x.PayloadLen, r.Seq)
		answered := x.Covers.Num != 0 && x.Covers.Num == r.PrevOtherNum
		if x.Num > r.Num || !answered || by <= 0 || uint64(by) > c.sent(r) {
			continue
		}
		return resetSign{code: "R3", family: finding.Sequence, class: finding.S, needs: needGapless | needBoth | needClock,
			clause: fmt.Sprintf("is numbered %d bytes below its sender's FIN, with nothing received between", by),
			got:    fmt.Sprintf("-%d", by), want: ">= 0", packets: []uint64{x.Num, r.Num}}, true
	}
	return resetSign{}, false
}
