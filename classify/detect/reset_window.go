package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// challenged is R9 as packets tell it: where a reset fell in its addressee's window,
// and what the addressee's stack made of it (RFC 5961 section 3.2).
func (c *resetCase) challenged() []resetSign {
	r, a := c.first(), &c.f.AfterReset[c.dir]
	if _, lost := c.lostState(); lost || r.SYNOnly || finBefore(r) {
		return nil
	}
	s := resetSign{code: "R9", family: finding.Reaction, needs: needGapless | needBoth | needSYN | needClock}
	switch {
	case r.Fit == fact.FitOutside && r.HandshakeOK:
		s.class, s.packets = finding.W, []uint64{r.Num}
		s.clause = fmt.Sprintf("is outside the window of the %s, which drops it unseen", c.whom())
		s.got, s.want = "outside", "the next number"
	case r.Fit != fact.FitInside || a.ChallengeAck.Num == 0:
		return nil
	case a.NewData > 0 && c.wentOn(a):
		s.class, s.packets = finding.C, append([]uint64{r.Num, a.ChallengeAck.Num}, a.NewPackets...)
		s.clause = fmt.Sprintf("missed the next number: the %s challenged it, and its sender went on with %s instead of confirming it",
			c.whom(), plural(int(a.NewData), "new segment"))
		s.got, s.want = "data", "an exact RST"
		if c.lossy() || c.f.Blind&fact.BlindOneWay != 0 {
			s.class = finding.S
		}
	default:
		s.class, s.packets = finding.W, []uint64{r.Num, a.ChallengeAck.Num}
		s.clause = fmt.Sprintf("missed the next number, and the %s challenged it", c.whom())
		s.got, s.want = "a challenge ACK", "the end"
	}
	return []resetSign{s}
}

// challengeTrips is how many round trips after a challenge its answer would be there.
const challengeTrips = 2

// wentOn reports whether new data of the claimed sender were sent when it had the
// challenge: they acknowledge what was said after the reset, its clock had gone on,
// or they came later than the answer to the challenge is due. What was under way
// before may have been overtaken by a genuine reset.
func (c *resetCase) wentOn(a *fact.After) bool {
	rtt := c.rtt()
	due := rtt.Ok && time.Duration(a.LastNew.Time-a.ChallengeAck.Time) > challengeTrips*rtt.V+causalMargin
	return a.FirstNew.Num > a.ChallengeAck.Num && (a.AcksLater || due)
}

// whom names whom the resets are addressed to.
func (c *resetCase) whom() string {
	if c.dir == fact.Up {
		return "server"
	}
	return "client"
}

// survived reports whether the connection went on through the resets: new data came
// after them, the addressee acknowledged these, and nobody reset it since; or this
// host's kernel says that it refused them.
func (c *resetCase) survived() bool {
	if c.refusedHere() && c.firstOf(c.dir.Other()) == nil {
		return true
	}
	a := &c.f.AfterReset[c.dir]
	n := len(c.resets)
	if n == 0 || a.NewData == 0 || int(c.f.ResetCount[c.dir]) > n || c.resets[n-1].Num > a.FirstNew.Num || c.firstOf(c.dir.Other()) != nil {
		return false
	}
	p := c.peer()
	return p.HasAck && seqDelta(p.MaxAck, a.FirstNew.SeqEnd) >= 0 && p.LastAny > a.FirstNew.Time
}
