package detect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// maxStep bounds how far a forged reset aims ahead, bytes; further is a
	// number of another connection. Published steps end at 12503.
	maxStep = 1 << 17
	// minStep: SYN and FIN each take one number (Weaver's condition 4).
	minStep = 2
	// sandvineStep is the published distance between the two resets of one
	// device family, with IP ids 4 and then 1 apart (Weaver et al. 2009).
	sandvineStep = 12503
)

// ahead is R4: resets numbered beyond anything their sender sent. A climbing
// series of them is impossible for a compliant stack.
func (c *resetCase) ahead() []resetSign {
	if s, ok := c.climb(); ok {
		return []resetSign{s}
	}
	for i := range c.resets {
		if s, ok := c.leap(&c.resets[i]); ok {
			return []resetSign{s}
		}
	}
	return nil
}

// climb finds consecutive resets, each further ahead, with no data between
// (the six conditions of Weaver's RST_SEQ_CHANGE, in serial arithmetic).
func (c *resetCase) climb() (resetSign, bool) {
	var steps []int32
	var packets []uint64
	for i := 1; i < len(c.resets); i++ {
		a, b := &c.resets[i-1], &c.resets[i]
		if !c.climbs(a, b) {
			continue
		}
		if !slices.Contains(packets, a.Num) {
			packets = append(packets, a.Num)
		}
		packets, steps = append(packets, b.Num), append(steps, seqDelta(b.Seq, a.Seq))
	}
	if len(steps) == 0 {
		return resetSign{}, false
	}
	s := resetSign{code: "R4", family: finding.Sequence, class: finding.C, needs: needGapless, technique: "train",
		clause: fmt.Sprintf("%d of them climb by %s bytes with no data between", len(packets), joinSteps(steps)),
		got:    "+" + joinSteps(steps), want: "no step", packets: packets}
	if c.lossy() || c.f.Blind&fact.BlindOneWay != 0 {
		s.class = finding.S
	}
	switch {
	case c.rewritten(steps):
		s.technique = "rewrite"
		s.clause = fmt.Sprintf("%d of them climb by %s bytes, like data segments turned into resets (rewrite-train)", len(packets), joinSteps(steps))
	case steps[0] == sandvineStep && len(steps) == 1:
		s.clause += ", a step consistent with Sandvine"
	}
	return s, true
}

func (c *resetCase) climbs(a, b *fact.Reset) bool {
	step := seqDelta(b.Seq, a.Seq)
	return step > minStep && step <= maxStep &&
		b.Time-a.Time < int64(resetWindow) &&
		a.SeqAhead.Ok && a.SeqAhead.V+step > minStep &&
		b.SeqAhead.Ok && b.SeqAhead.V > minStep &&
		!finBefore(a) && !a.RSTBefore[c.dir.Other()]
}

// rewritten reports whether the steps look like the sizes of data segments: a
// box that turns the server's packets into resets leaves their numbers alone.
func (c *resetCase) rewritten(steps []int32) bool {
	if len(steps) < 2 || slices.Max(steps) > c.mss() || slices.Max(steps) == slices.Min(steps) {
		return false
	}
	noAck := func(r fact.Reset) bool { return !r.HasAck }
	return !slices.ContainsFunc(c.resets, noAck)
}

// leap is R4 for one reset. Data lost on its way to the tap makes the same
// picture, so it is strong only where none seems to have been on the way.
func (c *resetCase) leap(r *fact.Reset) (resetSign, bool) {
	if !r.SeqAhead.Ok || r.SYNOnly || finBefore(r) {
		return resetSign{}, false
	}
	by := r.SeqAhead.V
	a := &c.f.AfterReset[c.dir]
	filled := a.LastNew.Num != 0 && seqDelta(a.LastNew.SeqEnd, r.Seq) <= 0
	if by <= minStep || int64(by) > max(c.peer().Window.Or(0), 1<<16) || filled || c.movedOn(r) {
		return resetSign{}, false
	}
	s := resetSign{code: "R4", family: finding.Sequence, class: finding.S, needs: needGapless | needBoth | needSYN,
		clause: fmt.Sprintf("is numbered %d bytes ahead of anything its sender sent", by),
		got:    fmt.Sprintf("+%d", by), want: "0", packets: []uint64{r.Num}}
	if c.dir == fact.Up || c.underWay(r) || a.Guarded > 0 || c.lossy() {
		s.class = finding.M
	}
	return s, true
}

// movedOn reports a reset that also acknowledges what its addressee was never seen
// to send: both directions have gone on where nobody captured, as behind a router
// that offloads flows (B38). Who is right in both has seen the connection.
func (c *resetCase) movedOn(r *fact.Reset) bool {
	return r.HasAck && seqDelta(r.Ack, c.peer().NextSeq) > 0
}

// underWay reports whether the sender was in the middle of sending.
func (c *resetCase) underWay(r *fact.Reset) bool {
	own := c.own()
	busy := c.sent(r) > 0 && r.PrevSame != 0 && r.Time-r.PrevSame < int64(time.Second)
	return busy || own.TLSRemain.Or(0) > 0 || own.Holes > 0 || own.Retrans > 0
}

func joinSteps(steps []int32) string {
	var b strings.Builder
	for i, s := range steps {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, s)
	}
	return b.String()
}
