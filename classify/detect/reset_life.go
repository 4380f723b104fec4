package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// manyNew is how many new segments after a reset are beyond chance (R1b).
	manyNew = 3
	// minGuarded is how many packets within the reorder guard are worth a
	// mention: one may have been overtaken by the reset.
	minGuarded = 2
)

// life is R1: the claimed sender keeps speaking after its own reset.
func (c *resetCase) life() []resetSign {
	if len(c.resets) == 0 || c.refusedAll() {
		return nil
	}
	a, r := &c.f.AfterReset[c.dir], c.first()
	switch {
	case r.SYNOnly:
		return c.accepted(a, r)
	case a.NewData > 0 && !c.continues(a.FirstNew, r.Seq-uint32(r.SeqAhead.Or(0))):
		return nil
	case a.NewData > 0:
		return []resetSign{c.newData(a, r)}
	case a.Repeats > 0 || a.Guarded >= minGuarded:
		return []resetSign{{code: "R1", family: finding.Causality, class: c.lifeCeiling(r, finding.M), needs: needClock,
			clause: fmt.Sprintf("%s of its sender followed it", plural(int(a.Repeats+a.Guarded), "packet")),
			got:    plural(int(a.Repeats+a.Guarded), "packet"), want: "0", packets: []uint64{r.Num}}}
	}
	return nil
}

// accepted is R1a: a SYN/ACK for the very SYN that was refused. A client that
// tries again (Windows does, with the same sequence number) may find a server
// that has started meanwhile, so only a single SYN proves two speakers.
func (c *resetCase) accepted(a *fact.After, r *fact.Reset) []resetSign {
	gap := time.Duration(a.SYNACK.Time - r.Time)
	if a.SYNACK.Num == 0 || !answersSYN(c, r) || gap <= c.guard() {
		return nil
	}
	class := finding.C
	switch n := c.peer().SYNCount; {
	case n > 1 && c.synAfter(r):
		class = finding.M
	case n > 1:
		class = finding.S
	}
	return []resetSign{{code: "R1", family: finding.Causality, class: class, needs: needSYN | needClock,
		clause: "a SYN/ACK from the same address accepted the SYN " + inMs(gap) + " later",
		got:    "SYN/ACK after RST", want: "one of them", packets: []uint64{r.Num, a.SYNACK.Num}}}
}

// answersSYN reports whether r acknowledges exactly the other side's SYN.
func answersSYN(c *resetCase, r *fact.Reset) bool {
	isn := c.peer().ISN
	return r.HasAck && (isn.Ok && r.Ack == isn.V+1 || r.AckAhead.Ok && r.AckAhead.V == 0)
}

// synAfter reports whether a SYN was repeated after r, or may have been.
func (c *resetCase) synAfter(r *fact.Reset) bool {
	marks := c.f.Hello.SYNRetr
	if len(marks) == 0 {
		return true
	}
	return marks[len(marks)-1].Time > r.Time
}

// newData is R1b: bytes the sender had not sent before its reset.
func (c *resetCase) newData(a *fact.After, r *fact.Reset) resetSign {
	gap := time.Duration(a.FirstNew.Time - r.Time)
	s := resetSign{code: "R1", family: finding.Causality, class: finding.S, needs: needGapless | needClock,
		clause: fmt.Sprintf("its sender went on: %s, the first %s after the RST", plural(int(a.NewData), "new segment"), inMs(gap)),
		got:    plural(int(a.NewData), "new segment"), want: "0",
		packets: append([]uint64{r.Num}, a.NewPackets...)}
	sure := a.AcksLater || a.TSLater || a.NewData >= manyNew
	switch {
	case seqDelta(a.LastNew.SeqEnd, r.Seq) <= 0:
		// The RST's own number says these bytes were under way before it.
		s.class = finding.M
		s.clause = fmt.Sprintf("%s arrived after it that its number says were sent before", plural(int(a.NewData), "segment"))
	case gap <= c.guard() && !a.TSLater:
		s.class = finding.M
	case sure && exact(r):
		s.class = finding.C
	}
	s.class = c.lifeCeiling(r, s.class)
	return s
}

// continues reports whether new data begins about where its sender was, next.
// Further away it belongs to another connection on the same ports, whose SYN was
// not captured.
func (c *resetCase) continues(first fact.Mark, next uint32) bool {
	return int64(seqDelta(first.SeqEnd, next)) <= max(c.peer().Window.Or(0), maxStep)
}

// lifeCeiling lowers R1 where life after a reset has innocent reasons: a reply
// from another host of the same address (route flap, load balancer) is strong
// at most, and on the client's side the kernel beneath a raw socket program
// resets what the program carries on with.
func (c *resetCase) lifeCeiling(r *fact.Reset, class finding.Class) finding.Class {
	if class == finding.C && c.f.Blind&fact.BlindOneWay != 0 {
		class = finding.S // what it echoes, and how long the path is, the other direction would tell
	}
	if !echo(r) {
		return class
	}
	if c.dir == fact.Up {
		return finding.W
	}
	if class == finding.C && len(c.resets) <= int(r.Offenders) {
		return finding.S
	}
	return class
}
