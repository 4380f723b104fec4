package detect

import (
	"fmt"
	"strings"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// minTrain is how many resets make a train: two identical ones are also what
// a redundant pair of load balancers sends.
const minTrain = 3

// train is R5: more resets than a closed socket would send, or resets that one
// socket would not send together.
func (c *resetCase) train() []resetSign {
	var out []resetSign
	for _, rule := range []func() (resetSign, bool){c.lockstep, c.tooMany, c.mixed} {
		if s, ok := rule(); ok {
			out = append(out, s)
		}
	}
	return out
}

// tooMany: a closed socket answers each packet once. Of all runs of resets the
// one with the largest excess counts, so that later ones do not water it down.
func (c *resetCase) tooMany() (resetSign, bool) {
	excess, from, to := 0, 0, 0
	for i := range c.resets {
		for j := i + minTrain - 1; j < len(c.resets) && c.resets[j].Time-c.resets[i].Time <= int64(resetWindow); j++ {
			if n := j - i + 1 - c.offenders(i, j) - c.trailing(i, j); n > excess {
				excess, from, to = n, i, j
			}
		}
	}
	if excess <= 1 {
		return resetSign{}, false
	}
	n, offenders := to-from+1, c.offenders(from, to)+c.trailing(from, to)
	s := resetSign{code: "R5", family: finding.Multiplicity, class: finding.S, needs: needBoth | needClock, technique: "train",
		clause: fmt.Sprintf("%d of them answer %s", n, plural(offenders, "packet")),
		got:    fmt.Sprint(n), want: fmt.Sprintf("<= %d", offenders+1), packets: nums(c.resets[from : to+1])}
	if c.lossy() || c.gapped() || !c.rtt().Ok {
		s.class = finding.M // some of what they answer may have been missed
	}
	return s, true
}

// offenders is how many packets resets i to j may answer: those the other side
// sent within 1.5 RTT before i, and since.
func (c *resetCase) offenders(i, j int) int {
	a, b := &c.resets[i], &c.resets[j]
	return int(a.Offenders + c.heard(b) - c.heard(a))
}

// trailing is how many of resets i to j may answer packets older than those: a host
// without the socket takes its number from the acknowledgement of what it answers
// (RFC 9293 section 3.5.2), so a number that such a packet bore has its excuse however
// late it is, but only as often as packets bore it. A busy host answers long after
// the path's round trip (lab: server-closes-unread, played under load).
func (c *resetCase) trailing(i, j int) int {
	same, late := map[uint32]int{}, map[uint32]int{}
	for k := i; k <= j; k++ {
		r := &c.resets[k]
		if !socketless(r) {
			continue
		}
		if same[r.Seq]++; same[r.Seq] > 1 {
			continue
		}
		if late[r.Seq] = int(r.Late); r.Forgotten && r.SeqAhead.Or(0) <= 0 {
			late[r.Seq] = len(c.resets)
		}
	}
	sum := 0
	for seq, n := range same {
		sum += min(n, late[seq])
	}
	return sum
}

// coversLast reports whether a reset acknowledges the very last packet of the other
// side: its sender had them all, and none can be under way to it.
func (c *resetCase) coversLast(r *fact.Reset) bool {
	return r.HasAck && (r.SYNOnly && answersSYN(c, r) || r.Covers.Num != 0 && r.Covers.Num == r.PrevOtherNum)
}

// lockstep: TTL and window rise and fall together from packet to packet. No
// endpoint couples them; one published device family does.
func (c *resetCase) lockstep() (resetSign, bool) {
	from, moved := 0, 0
	for i := 1; i <= len(c.resets); i++ {
		if i < len(c.resets) && coupled(&c.resets[i-1], &c.resets[i]) {
			if c.resets[i].TTL != c.resets[i-1].TTL {
				moved++
			}
			continue
		}
		// A chance pair proves nothing: three packets, two of the steps moving.
		if run := c.resets[from:i]; len(run) >= minTrain && moved >= 2 {
			return resetSign{code: "R5", family: finding.Multiplicity, class: finding.C, needs: needHeaders, technique: "train",
				clause: fmt.Sprintf("TTL and window of %d of them move together (%s)", len(run), pairs(run)),
				got:    pairs(run), want: "one TTL", packets: nums(run)}, true
		}
		from, moved = i, 0
	}
	return resetSign{}, false
}

// lockstepReach is the largest step in which TTL and window may move together.
// The published traces step by 1 (net4people #285); a burst recorded at a server
// behind the same device steps by 1 and 4 (164/4124, 165/4125, 169/4129), as
// resets between were lost or sent to others.
const lockstepReach = 8

// coupled reports whether TTL and window changed by the same small step.
func coupled(a, b *fact.Reset) bool {
	dt, dw := int(b.TTL)-int(a.TTL), int(b.Window)-int(a.Window)
	return dt == dw && dt >= -lockstepReach && dt <= lockstepReach
}

// mixed: for one offender a host sends one kind of reset. A bare RST says there
// is no socket, so a RST|ACK cannot follow it; nor the other way round once the
// peer's last packet was acknowledged, as a pure ACK never is: nothing is under way
// then that the bare one could answer.
func (c *resetCase) mixed() (resetSign, bool) {
	for i := 1; i < len(c.resets); i++ {
		a, b := &c.resets[i-1], &c.resets[i]
		if b.Time-a.Time > int64(resetWindow) || c.heard(a) != c.heard(b) || b.Offenders > 1 || finBefore(a) {
			continue
		}
		if socketless(b) && seqDelta(b.Seq, a.Seq) < 0 && (b.AckEchoes || a.HasAck) {
			continue // the socket is gone, and an ACK of before has arrived (lab: server-closes-unread)
		}
		bareFirst := !a.HasAck && c.coversLast(b)
		bareLast := !b.HasAck && c.coversLast(a) && !a.SYNOnly
		zeroed := !a.HasAck && !b.HasAck && (a.Ack == 0) != (b.Ack == 0)
		if bareFirst || bareLast || zeroed {
			return resetSign{code: "R5", family: finding.Multiplicity, class: finding.S, needs: needBoth | needClock, technique: "train",
				clause: "two kinds of it answer one packet (" + kindOf(a) + ", " + kindOf(b) + ")",
				got:    kindOf(a) + ";" + kindOf(b), want: "one kind", packets: []uint64{a.Num, b.Num}}, true
		}
	}
	return resetSign{}, false
}

func kindOf(r *fact.Reset) string {
	switch {
	case r.HasAck:
		return "RST+ACK"
	case r.Ack == 0:
		return "RST with ack 0"
	}
	return "RST"
}

func pairs(rs []fact.Reset) string {
	var b strings.Builder
	for i := range rs {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d/%d", rs[i].TTL, rs[i].Window)
	}
	return b.String()
}

func nums(rs []fact.Reset) []uint64 {
	out := make([]uint64, len(rs))
	for i := range rs {
		out[i] = rs[i].Num
	}
	return out
}
